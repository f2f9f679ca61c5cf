import { Readable } from "node:stream";
import tarFs from "tar-fs";
import { type Header, type Pack, pack } from "tar-stream";

/** A file or directory of this machine, or a text, and its place in a tree. `remotePath` is relative, without `..`. */
export type TreeFile =
  | { readonly remotePath: string; readonly localPath: string }
  | { readonly remotePath: string; readonly content: string };

/** Streams the files as one tar, directories with all that is in them. The caller reads it to its end or destroys it. */
export function packTree(files: readonly TreeFile[]): Readable {
  const archive = pack();
  const stream = Readable.from(archive, { objectMode: false });
  stream.once("close", () => archive.destroy());
  packFiles(archive, files).catch((error: unknown) => stream.destroy(error as Error));
  return stream;
}

async function packFiles(archive: Pack, files: readonly TreeFile[]): Promise<void> {
  for (const file of files) {
    if ("content" in file) archive.entry(header(file.remotePath), file.content);
    else await packLocal(archive, file);
  }
  archive.finalize();
}

function packLocal(archive: Pack, file: { localPath: string; remotePath: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    archive.once("error", reject);
    tarFs.pack(file.localPath, {
      pack: archive,
      finalize: false,
      finish: () => resolve(),
      map: (entry: Header) => ({
        ...entry,
        name: entry.name === "." ? file.remotePath : `${file.remotePath}/${entry.name}`,
        ...owner,
      }),
    } as unknown as tarFs.PackOptions);
  });
}

// On the parent everything belongs to the login that unpacks it.
const owner = { uid: 0, gid: 0, uname: "", gname: "" };

function header(name: string): Partial<Header> & { name: string } {
  return { name, mode: 0o600, ...owner };
}
