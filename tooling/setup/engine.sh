#!/usr/bin/env bash
# Makes sure that a Docker engine with `docker compose` and buildx answers on this machine.
# Uses the engine that is there. Otherwise, as root on Debian, installs Debian's packages and starts a dockerd of
# its own; anywhere else it says what to install.
#
#   engine.sh          make sure that it answers
#   engine.sh stop     stop the dockerd that this script started (nobody else's)
set -euo pipefail
. "$(dirname "$0")/debian-suite.sh"

state=/var/lib/otto-engine
pidfile=/run/otto-engine.pid
log=/var/log/otto-engine.log
packages=(docker.io docker-cli docker-compose docker-buildx iptables)

engine_answers() { docker info >/dev/null 2>&1; }
plugins_answer() { docker compose version >/dev/null 2>&1 && docker buildx version >/dev/null 2>&1; }
say() { printf 'engine: %s\n' "$*"; }

give_up() {
  cat >&2 <<TEXT
engine: no Docker engine with 'docker compose' and buildx answers here, and this script may install one only as root on Debian.
  Install one, then run this again. On Debian 13:  apt-get install docker.io docker-cli docker-compose docker-buildx
  Elsewhere, the engine's own guide:               https://docs.docker.com/engine/install/
  ($1)
TEXT
  exit 1
}

install_packages() {
  say "installing ${packages[*]} from Debian"
  apt-get update -qq
  # Debian 12's own engine has no compose v2; Debian 13's packages run on it.
  if [ "$(own_suite)" != trixie ]; then
    add_suite trixie || give_up "apt names no Debian mirror"
    apt-get update -qq
  fi
  local suite=()
  [ -f /etc/apt/preferences.d/otto-trixie ] && suite=(-t trixie)
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${suite[@]}" "${packages[@]}" >/dev/null
}

start_engine() {
  say "starting dockerd (log: $log)"
  # BuildKit opens many files at once; see docs/adr on the build session.
  ulimit -n 65536 2>/dev/null || true
  setsid dockerd --data-root "$state" --pidfile "$pidfile" >"$log" 2>&1 </dev/null &
  local deadline=$((SECONDS + 60))
  until engine_answers; do
    [ $SECONDS -lt $deadline ] || { tail -n 20 "$log" >&2; give_up "dockerd did not answer within 60 s"; }
    kill -0 $! 2>/dev/null || { tail -n 20 "$log" >&2; give_up "dockerd ended at once"; }
    sleep 0.2
  done
}

stop_engine() {
  [ -f "$pidfile" ] || { say "nothing of ours is running"; return; }
  local pid
  pid=$(cat "$pidfile")
  kill "$pid" 2>/dev/null || true
  while kill -0 "$pid" 2>/dev/null; do sleep 0.2; done
  say "stopped"
}

if [ "${1:-}" = stop ]; then stop_engine; exit; fi

if ! { command -v docker >/dev/null && plugins_answer && { engine_answers || command -v dockerd >/dev/null; }; }; then
  [ "$(id -u)" = 0 ] || give_up "not root"
  [ -f /etc/debian_version ] || give_up "not Debian"
  install_packages
  hash -r
fi
if ! engine_answers; then
  [ "$(id -u)" = 0 ] || give_up "the engine does not answer, and only root may start one"
  start_engine
fi
plugins_answer || give_up "'docker compose version' or 'docker buildx version' fails"
say "$(docker version --format 'Docker {{.Server.Version}}'), compose $(docker compose version --short)"
