import type { CopyOptions, CopyResult } from "./copy.js";
import type { HostFiles } from "./host-files.js";
import type { ParentNames } from "./local-files.js";

/** Files to and from a host. Paths of this machine that are relative start in the process's directory. */
export interface FileTransfer {
  /**
   * Copies files and trees of this machine to the host, as `cp -r` would; a missing directory is made.
   * @throws OttoError `FILES_NOT_FOUND`, `FILES_SAME_NAME`, `FILES_CONFLICT`, `FILES_SPECIAL`, `FILES_NAME`,
   * `FILES_SOURCE_CHANGED`, `FILES_COPY_FAILED`
   */
  put(sources: string | readonly string[], destination: string, options?: CopyOptions): Promise<CopyResult>;
  /**
   * Copies files and trees of the host to this machine; nothing outside `destination` is touched, whatever the host sends.
   * @throws OttoError as `put`, and `FILES_REFUSED`
   */
  get(sources: string | readonly string[], destination: string, options?: CopyOptions): Promise<CopyResult>;
}

/** Makes `put` and `get` of whatever opens a host's files; what copies is loaded at the first of them. @param parentNames of paths of this machine */
export function createTransfer(
  host: string,
  open: (options: CopyOptions) => HostFiles | Promise<HostFiles>,
  parentNames?: ParentNames,
): FileTransfer {
  const load = async () => {
    const [{ copyFiles }, { localFiles }] = await Promise.all([import("./copy.js"), import("./local-files.js")]);
    return { copyFiles, local: localFiles("this machine", host, parentNames) };
  };
  return {
    put: async (sources, destination, options = {}) => {
      const { copyFiles, local } = await load();
      return copyFiles({ from: local, to: await open(options) }, { sources, destination }, options);
    },
    get: async (sources, destination, options = {}) => {
      const { copyFiles, local } = await load();
      return copyFiles({ from: await open(options), to: local }, { sources, destination }, options);
    },
  };
}
