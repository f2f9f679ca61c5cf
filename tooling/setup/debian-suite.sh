# Sourced by the scripts beside it: what they know of Debian's suites.

# The suite that this machine was installed from, as "trixie"; nothing where that is not known.
own_suite() { (. /etc/os-release && echo "${VERSION_CODENAME:-}"); }

# Adds a suite to the sources of apt, from the mirror of the machine's own: add_suite trixie. It is pinned low, so that
# nothing else of the machine is upgraded from it. Fails when apt names no mirror.
add_suite() {
  local uri
  uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $(own_suite)" |
    awk '!/security/ && !seen++')
  [ -n "$uri" ] || return 1
  cat >"/etc/apt/sources.list.d/otto-$1.sources" <<TEXT
Types: deb
URIs: $uri
Suites: $1
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
TEXT
  printf 'Package: *\nPin: release n=%s\nPin-Priority: 100\n' "$1" >"/etc/apt/preferences.d/otto-$1"
}
