import { createHash } from "node:crypto";
import { encodePath } from "@otto/hashing";

/** What a script compares of an entry: F and a digest for a file, L and that of a target and a newline for a link. */
export function digestOf(text: string): string | undefined {
  const [kind, mode, digest] = text.split(" ");
  if (kind === "file" && mode !== "?") return `F${digest}`;
  if (kind !== "link") return undefined;
  return `L${createHash("sha256")
    .update(encodePath(`${text.slice("link ".length)}\n`))
    .digest("hex")}`;
}
