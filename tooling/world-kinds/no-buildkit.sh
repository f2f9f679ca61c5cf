# Sourced by ../world: a client without buildx, an engine whose clients shall not use BuildKit.
export DOCKER_BUILDKIT=0
own_directory /usr/libexec/docker/cli-plugins
rm /usr/libexec/docker/cli-plugins/docker-buildx
echo '{ "features": { "buildkit": false } }' >/run/daemon.json
engine_options=(--config-file /run/daemon.json)
