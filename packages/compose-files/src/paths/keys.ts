/*
 * Every key of the Compose specification that holds text, as of compose-go 2.13 (June 2026). `*` is a name of the user's,
 * as a last word also the lists that stand for such a mapping; places in lists do not count.
 *
 * @see https://github.com/compose-spec/compose-go/blob/main/schema/compose-spec.json
 */

/** Those that name other compose files, files of variables for them, or Dockerfiles: each is looked up by code of its own. */
export const documentKeys = expand(`
: include
include: path project_directory env_file
services.*: extends
services.*.extends: file
services.*.build: dockerfile
`);

/**
 * Those that name nothing which is sent. In `develop` Compose's own watch alone is interested; the paths of
 * `credential_spec`, `devices` and `cache_to` are the parent's.
 */
export const otherKeys = expand(`
: name version
configs.*: content environment external external.name labels.* name template_driver
models.*: model name runtime_flags
networks.*: attachable driver driver_opts.* enable_ipv4 enable_ipv6 external external.name internal labels.* name
networks.*.ipam: config.aux_addresses.* config.gateway config.ip_range config.subnet driver options.*
secrets.*: driver driver_opts.* environment external external.name labels.* name template_driver
services.*: annotations.* attach cap_add cap_drop cgroup cgroup_parent command configs container_name cpu_count cpu_percent
services.*: cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset depends_on
services.*: depends_on.*.condition depends_on.*.restart gpus
services.*: device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint environment.* expose external_links
services.*: extra_hosts.* group_add hostname image init ipc isolation labels.* links mac_address mem_limit mem_reservation
services.*: mem_swappiness memswap_limit models network_mode networks oom_kill_disable oom_score_adj pid pids_limit platform
services.*: ports privileged profiles pull_policy pull_refresh_after read_only restart runtime scale secrets shm_size
services.*: stdin_open stop_grace_period stop_signal sysctls.* tmpfs tty ulimits.* user userns_mode uts volumes_from working_dir
services.*.blkio_config: weight weight_device.path weight_device.weight device_read_bps.path device_read_bps.rate
services.*.blkio_config: device_read_iops.path device_read_iops.rate device_write_bps.path device_write_bps.rate
services.*.blkio_config: device_write_iops.path device_write_iops.rate
services.*.build: args.* cache_to dockerfile_inline entitlements extra_hosts.* isolation labels.* network no_cache
services.*.build: no_cache_filter platforms privileged provenance pull sbom secrets shm_size tags target ulimits.*
services.*.build.secrets: gid mode source target uid
services.*.build.ulimits.*: hard soft
services.*.configs: gid mode source target uid
services.*.credential_spec: config file registry
services.*.deploy: endpoint_mode labels.* mode replicas
services.*.deploy.placement: constraints max_replicas_per_node preferences.spread
services.*.deploy.resources: limits.cpus limits.memory limits.pids reservations.cpus reservations.memory
services.*.deploy.resources.reservations.devices: capabilities count device_ids driver options.*
services.*.deploy.resources.reservations.generic_resources.discrete_resource_spec: kind value
services.*.deploy.restart_policy: condition delay max_attempts window
services.*.deploy.rollback_config: delay failure_action max_failure_ratio monitor order parallelism
services.*.deploy.update_config: delay failure_action max_failure_ratio monitor order parallelism
services.*.develop.watch: action ignore include path target
services.*.develop.watch.exec: command environment.* privileged user working_dir
services.*.devices: permissions source target
services.*.env_file: format required
services.*.extends: service
services.*.gpus: capabilities count device_ids driver options.*
services.*.healthcheck: disable interval retries start_interval start_period test timeout
services.*.logging: driver options.*
services.*.models.*: endpoint_var model_var
services.*.networks.*: aliases driver_opts.* interface_name ipv4_address ipv6_address link_local_ips mac_address
services.*.ports: app_protocol host_ip mode name protocol published target
services.*.post_start: command environment.* privileged user working_dir
services.*.pre_start: command environment.* image per_replica privileged user working_dir
services.*.pre_stop: command environment.* privileged user working_dir
services.*.provider: options.*
services.*.secrets: gid mode source target uid
services.*.ulimits.*: hard soft
services.*.volumes: bind.create_host_path bind.propagation bind.recursive bind.selinux consistency image.subpath
services.*.volumes: read_only target tmpfs.mode tmpfs.size type
services.*.volumes.volume: labels.* nocopy subpath
volumes.*: driver external external.name labels.* name
`);

/** `prefix: key key` a line, as patterns with the prefix. */
function expand(lines: string): readonly string[] {
  return lines
    .trim()
    .split("\n")
    .flatMap((line) => {
      const [prefix = "", keys = ""] = line.split(": ");
      return keys.split(" ").map((key) => (prefix === "" ? key : `${prefix}.${key}`));
    });
}

/** Whether a pattern stands for the key of a value, places in lists left out. */
export function matchesKey(pattern: string, key: readonly string[]): boolean {
  const words = pattern.split(".");
  const isOpen = words.at(-1) === "*";
  const isLongEnough = key.length === words.length || (isOpen && key.length === words.length - 1);
  return isLongEnough && key.every((word, index) => words[index] === "*" || words[index] === word);
}
