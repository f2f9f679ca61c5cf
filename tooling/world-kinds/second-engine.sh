# Sourced by ../world: `docker` here asks a second engine. The usual one runs too, and has nothing.
export DOCKER_HOST=unix:///run/second-engine/docker.sock
mkdir /run/second-engine
start_engines() {
  # In a network namespace of its own: without a bridge it removes that of the other.
  start_engine usual unshare --net dockerd --data-root "$OTTO_WORLD/usual" --bridge none "${no_firewall[@]}"
  start_engine engine dockerd --host "$DOCKER_HOST" --data-root "$OTTO_WORLD/engine" \
    --pidfile /run/second-engine/pid --exec-root /run/second-engine/exec "${no_firewall[@]}"
}
