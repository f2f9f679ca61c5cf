import { type PathBase, resolveCommand, resolvePath } from "../document/local-path.js";
import { optional } from "../document/optional.js";
import type { BindMount, BuildSecret, DockerCompose, DockerImage, Repo, StackSecret } from "./repo.js";
import { type ComposeText, foreignKeys, type ImageText, type SettingsText } from "./settings-schema.js";

/** The repo that validated settings describe. Pure; paths become absolute and are not looked at. */
export function toRepo(settings: SettingsText, settingsFile: string, base: PathBase): Repo {
  const docker = settings.docker;
  return {
    name: settings.name,
    version: settings.version,
    root: base.directory,
    settingsFile,
    instructions: settings.instructions,
    ...optional({ defaultLab: settings.lab?.default }),
    labSources: (settings.lab?.sources ?? []).map(({ backend, paths = [], command = [] }) =>
      backend === "json"
        ? { backend, paths: paths.map((path) => resolvePath(path, base)) }
        : { backend, command: resolveCommand(command, base) },
    ),
    docker: {
      registryUrl: docker?.registry_url,
      images: (docker?.images ?? []).map((image) => toImage(image, base)),
      composes: (docker?.composes ?? []).map((compose) => toCompose(compose, base)),
      ...optional({ registryOptional: docker?.registry_optional, project: docker?.project }),
    },
    notes: foreignKeys
      .filter((key) => settings[key as keyof SettingsText] !== undefined)
      .map((key) => `${settingsFile}: ${key} has no meaning here and is ignored`),
  };
}

function toImage(image: ImageText, base: PathBase): DockerImage {
  return {
    name: image.name,
    dockerfile: resolvePath(image.dockerfile, base),
    context: resolvePath(image.context, base),
    buildArgs: image.build_args,
    labels: image.labels,
    cacheFrom: image.cache_from,
    addHosts: image.add_hosts,
    additionalContexts: toContexts(image.additional_contexts, base),
    secrets: image.secrets.map((secret) => toSecret(secret, base)),
    ssh: image.ssh.map((mount) => resolveSshMount(mount, base)),
    ...optional({
      target: image.target,
      platform: image.platform,
      network: image.network,
      shmSize: image.shm_size,
      push: image.push,
      mtime: image.mtime,
    }),
  };
}

/** `id=path,path`, with absolute paths. */
function resolveSshMount(mount: string, base: PathBase): string {
  const at = mount.indexOf("=");
  if (at < 0) return mount;
  const paths = mount.slice(at + 1).split(",");
  return `${mount.slice(0, at)}=${paths.map((path) => path && resolvePath(path, base)).join()}`;
}

function toCompose(compose: ComposeText, base: PathBase): DockerCompose {
  return {
    path: resolvePath(compose.path, base),
    profiles: compose.profiles,
    ...optional({
      name: compose.name,
      defaultHost: compose.default_host,
      role: compose.role,
      spread: compose.spread,
      engine: compose.engine,
      environment: compose.environment,
      services: compose.services,
      allowOutside: compose.allow_outside,
      bindMounts: toBindMounts(compose.bind_mounts, base),
      secrets: toStackSecrets(compose.secrets, base),
    }),
  };
}

function toBindMounts(mounts: ComposeText["bind_mounts"], base: PathBase): readonly BindMount[] | undefined {
  if (mounts.length === 0) return undefined;
  return mounts.map(({ path, ignore }) => ({ path: resolvePath(path, base), ignore }));
}

function toSecret(secret: ImageText["secrets"][number], base: PathBase): BuildSecret {
  const file = secret.file === undefined ? undefined : resolvePath(secret.file, base);
  const command = secret.command && resolveCommand(secret.command, base);
  return { id: secret.id, ...optional({ env: secret.env, file, command }) };
}

function toStackSecrets(secrets: ComposeText["secrets"], base: PathBase): readonly StackSecret[] | undefined {
  if (secrets.length === 0) return undefined;
  return secrets.map(({ id, command }) => ({ id, command: resolveCommand(command, base) }));
}

function toContexts(contexts: Readonly<Record<string, string>>, base: PathBase): Record<string, string> {
  const resolved = Object.entries(contexts).map(([name, place]) => {
    const isReference = /^[a-z][a-z0-9+.-]*:\/\//.test(place) || place.startsWith("git@");
    return [name, isReference ? place : resolvePath(place, base)] as const;
  });
  return Object.fromEntries(resolved);
}
