import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { OttoError, readBoundedFile } from "@otto/errors";
import { type KnownHost, parseKnownHosts, readKeyType } from "./known-hosts.js";

/** How people say that no host key is to be kept. */
const nullDevice = "/dev/null";

/**
 * Reads a known_hosts file; a missing one is empty, and so is `/dev/null`.
 * @throws OttoError `SSH_KNOWN_HOSTS_UNREADABLE`
 */
export async function readKnownHosts(file: string): Promise<KnownHost[]> {
  if (file === nullDevice) return [];
  try {
    return parseKnownHosts((await readBoundedFile(file)).toString(), file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new OttoError("SSH_KNOWN_HOSTS_UNREADABLE", `reading known host keys from ${file}: ${String(error)}`, {
      hint: `Make ${file} readable, or name another file.`,
      details: { file },
      cause: error,
    });
  }
}

/**
 * Adds a host's key to a known_hosts file, which is made when it is missing. Others may add to it at the same time.
 * @param name as {@link formatHostName} spells it
 * @throws OttoError `SSH_KNOWN_HOSTS_UNWRITABLE`, for a name too that the file's format would read as a pattern or as
 * several names; the file then is as it was
 */
export async function addKnownHost(file: string, name: string, key: Buffer): Promise<void> {
  const line = `${name} ${readKeyType(key)} ${key.toString("base64")}\n`;
  try {
    if (/[\s,*?!|#@]/.test(name)) throw new Error("it is not a host name");
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await using handle = await open(file, "a+", 0o600);
    await appendLine(handle, line);
  } catch (error) {
    throw new OttoError(
      "SSH_KNOWN_HOSTS_UNWRITABLE",
      `recording the host key of ${name} in ${file}: ${String(error)}`,
      {
        hint: `Make ${file} writable and see that its disk has room, or add the key to a known_hosts file yourself.`,
        details: { file },
        cause: error,
      },
    );
  }
}

/** By one write at the end of the file, where the lines of others do not mix with it. */
async function appendLine(handle: FileHandle, line: string): Promise<void> {
  const { size } = await handle.stat();
  // Editors leave last lines without an end.
  const text = Buffer.from((await endsLine(handle, size)) ? line : `\n${line}`);
  const { bytesWritten } = await handle.write(text);
  if (bytesWritten === text.length) return;
  // Part of a key would be another key of that host.
  await handle.truncate(size);
  throw new Error("no space left on the disk");
}

async function endsLine(handle: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return true;
  const { buffer } = await handle.read({ buffer: Buffer.alloc(1), position: size - 1 });
  return buffer.toString() === "\n";
}
