# Sourced by ../world: Podman's service where Docker's engine is.
start_engines() {
  start_engine engine podman --log-level info --root "$OTTO_WORLD/engine" --runroot /run/podman \
    --cgroup-manager cgroupfs --events-backend file system service --time 0 unix:///var/run/docker.sock
}
