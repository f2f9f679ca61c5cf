import type { ContainerDetails } from "@otto/engine";

/** What decides how a container's files are reached. */
export interface ContainerView {
  readonly id: string;
  readonly isRunning: boolean;
  /** Mounts that only the container sees: to the engine's archives, what they cover is there instead. */
  readonly hiddenMounts: readonly string[];
}

// The runtime mounts them in every container.
const runtimeMounts = ["/dev", "/proc", "/sys"];

export function viewContainer({ Id, State, HostConfig, Mounts }: ContainerDetails): ContainerView {
  const tmpfs = Mounts.filter(({ Type }) => Type === "tmpfs").map(({ Destination }) => Destination);
  const options = Object.keys((HostConfig.Tmpfs as Record<string, string> | undefined) ?? {});
  return {
    id: Id,
    isRunning: State.Running && !State.Paused,
    hiddenMounts: [...runtimeMounts, ...tmpfs, ...options],
  };
}

/** Whether something of its own was mounted where only the container sees it. */
export function hasOwnMounts({ hiddenMounts }: ContainerView): boolean {
  return hiddenMounts.length > runtimeMounts.length;
}

/** Whether a path lies in a mount that only the container sees. */
export function isHidden({ hiddenMounts }: ContainerView, path: string): boolean {
  return hiddenMounts.some((mount) => isWithin(path, mount));
}

/** Whether the engine sees a path, and all below it, as the container does. */
export function isSeenByEngine({ hiddenMounts }: ContainerView, path: string): boolean {
  // `/` holds the runtime's own mounts too: whoever copies it does not mean them.
  const relevant = path === "/" ? hiddenMounts.filter((mount) => !runtimeMounts.includes(mount)) : hiddenMounts;
  return !relevant.some((mount) => isWithin(path, mount) || isWithin(mount, path));
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith("/") ? directory : `${directory}/`);
}
