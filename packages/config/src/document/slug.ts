/** Lower case, with each run outside `[a-z0-9]` as one `-` and none at either end. */
export function slug(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
}
