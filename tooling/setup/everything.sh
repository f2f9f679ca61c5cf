#!/usr/bin/env bash
# Sets up all that the tests need: the workspace, an engine, the programs that tests start, and the oldest engine.
set -euo pipefail
cd "$(dirname "$0")"
./workspace.sh
./engine.sh
./test-machine.sh openssh-server openssh-client openssh-tests dropbear-bin busybox-static docker-registry git rsync jq netcat-openbsd openssl \
  podman catatonit util-linux iproute2 sudo zsh fish tcsh krb5-kdc krb5-admin-server krb5-user softhsm2 chromium-headless-shell
./old-engine.sh
