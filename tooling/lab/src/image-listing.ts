import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { extract, type Header } from "tar-stream";
import { runCommand } from "./command.js";

/** One entry of an image, and the SHA-256 of its content. */
export interface ImageEntry {
  readonly header: Header;
  readonly digest: string;
}

/** Each entry of an image on this machine's engine, but for what the engine lays into every container. */
export async function readImage(tag: string): Promise<ImageEntry[]> {
  const container = (await runCommand("docker", ["create", tag, "none"])).trim();
  const exporting = spawn("docker", ["export", container], { stdio: ["ignore", "pipe", "inherit"] });
  const entries = await readTar(exporting.stdout);
  await runCommand("docker", ["rm", container]);
  return entries.filter(({ header }) => !madeByEngine.test(header.name));
}

/** Each entry of a tar. */
export async function readTar(tar: Readable): Promise<ImageEntry[]> {
  const entries: ImageEntry[] = [];
  for await (const entry of tar.pipe(extract())) {
    const digest = createHash("sha256");
    for await (const chunk of entry) digest.update(chunk as Buffer);
    entries.push({ header: entry.header, digest: digest.digest("hex") });
  }
  return entries;
}

/**
 * The text of a file in an image. `docker run` would do, but for an engine on a busy machine that loses the output of a
 * program which ends at once.
 */
export async function readImageFile(tag: string, path: string): Promise<string> {
  const container = (await runCommand("docker", ["create", tag, "none"])).trim();
  try {
    const copying = spawn("docker", ["cp", `${container}:${path}`, "-"], { stdio: ["ignore", "pipe", "inherit"] });
    for await (const entry of copying.stdout.pipe(extract())) return await text(entry);
    throw new Error(`${tag} has no ${path}`);
  } finally {
    await runCommand("docker", ["rm", container]);
  }
}

/** A line for each entry of an image: kind, mode, owner, path, link target, digest of the content. */
export async function listImage(tag: string): Promise<string[]> {
  const lines = (await readImage(tag)).map(({ header: { type, mode, uid, gid, name, linkname }, digest }) =>
    [type, mode.toString(8), uid, gid, name, linkname, digest].join(" "),
  );
  return lines.sort();
}

const madeByEngine = /^(\.dockerenv|(dev|etc|proc|sys)\/?$|dev\/|etc\/(hostname|hosts|mtab|resolv\.conf)$)/;
