# Sourced by ../world: the engine keeps its images in containerd.
echo '{ "features": { "containerd-snapshotter": true } }' >/run/daemon.json
engine_options=(--config-file /run/daemon.json)
