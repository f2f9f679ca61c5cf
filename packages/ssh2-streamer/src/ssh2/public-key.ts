import { readBoundedFile } from "@otto/errors";
import type { ParsedKey } from "ssh2";
import type { PrivateKey } from "../route/endpoint.js";
import { readPublicPart } from "./key-file.js";

/** Bytes. */
export const longestKey = 1 << 20;

/** What tells a key from others. */
export function blobOf(key: ParsedKey): string {
  return key.getPublicSSH().toString("base64");
}

/** The text of the `.pub` file beside a private key; undefined where there is none. */
export function readPublicFile(key: PrivateKey): Promise<string | undefined> {
  return "path" in key ? readText(`${key.path}.pub`) : Promise.resolve(undefined);
}

/**
 * The public halves of keys, as {@link blobOf} has them, whose private ones may be elsewhere: a file of a key may hold the public
 * half alone, or be missing where there is a `.pub` file.
 */
export async function readPublicKeys(
  keys: readonly PrivateKey[],
  { utils }: typeof import("ssh2"),
): Promise<ReadonlySet<string>> {
  const texts = await Promise.all(keys.map(readTexts));
  const parsed = texts.flat().map((text) => utils.parseKey(text));
  return new Set(parsed.flatMap((key) => (key instanceof Error ? [] : [blobOf(key)])));
}

async function readTexts(key: PrivateKey): Promise<string[]> {
  const own = "path" in key ? await readText(key.path) : key.content.reveal();
  const texts = [own, readPublicPart(own ?? ""), await readPublicFile(key)];
  return texts.filter((text) => text !== undefined);
}

function readText(path: string): Promise<string | undefined> {
  return readBoundedFile(path, longestKey).then(String, () => undefined);
}
