#!/usr/bin/env bash
# Lays Debian 12's dockerd (20.10) beside the machine's own, for tests with the oldest engine that works. It is only
# unpacked: nothing of it is installed, and only a test starts it.
set -euo pipefail
. "$(dirname "$0")/debian-suite.sh"

directory=/var/lib/otto-old-engine
[ ! -x "$directory/usr/sbin/dockerd" ] || exit 0
if [ "$(id -u)" != 0 ] || [ ! -f /etc/debian_version ]; then
  echo "old-engine: as root on Debian only; tests need Docker 20.10's dockerd at $directory/usr/sbin/dockerd" >&2
  exit 1
fi

find_version() { apt-cache madison docker.io | awk '$3 ~ /20\.10/ { print $3; exit }'; }

# On a new machine apt has no lists yet.
[ -n "$(find_version)" ] || apt-get update -qq
if [ -z "$(find_version)" ]; then
  add_suite bookworm || {
    echo "old-engine: apt names no Debian mirror" >&2
    exit 1
  }
  apt-get update -qq
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
version=$(find_version)
echo "old-engine: unpacking dockerd ${version:?Debian 12 is not among the apt sources}"
apt-get download -qq "docker.io=$version" 2>/dev/null
mkdir -p "$directory"
dpkg -x docker.io_*.deb "$directory"
