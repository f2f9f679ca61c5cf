#!/usr/bin/env bash
# Makes sure that the programs which the examples and tests start are on this machine: sshd, a static busybox and, for
# tests, a registry. As root on Debian it installs what is missing; nothing that it installs is started.
#
#   test-machine.sh PACKAGE...
set -euo pipefail

missing=()
for package in "$@"; do
  dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ] || [ ! -f /etc/debian_version ]; then
  echo "test-machine: please install these, as root: ${missing[*]} (Debian's names)" >&2
  exit 1
fi

# Debian starts a daemon when it is installed, unless this script says no.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
echo "test-machine: installing ${missing[*]} from Debian"
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
