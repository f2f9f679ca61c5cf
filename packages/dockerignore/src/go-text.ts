// unicode.IsSpace: unlike String.prototype.trim it knows U+0085 and leaves U+FEFF.
const space = "[\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const leading = new RegExp(`^${space}+`);
// The look behind keeps it from trying again at each space of a long run that is not the last.
const trailing = new RegExp(`(?<!${space})${space}+$`);

/** Go's `strings.TrimSpace`. */
export function trimSpace(text: string): string {
  return text.replace(leading, "").replace(trailing, "");
}

/** Go's `filepath.Clean`: the shortest path that names the same place, by text alone. */
export function cleanPath(path: string): string {
  const rooted = path.startsWith("/");
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (!rooted) parts.push(part);
  }
  const cleaned = parts.join("/");
  if (rooted) return `/${cleaned}`;
  return cleaned === "" ? "." : cleaned;
}
