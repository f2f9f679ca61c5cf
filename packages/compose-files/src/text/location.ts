/** Where in a compose file something stands. */
export interface Location {
  /** As users know it: relative to the repo root where it lies inside. */
  readonly file: string;
  readonly line: number;
  /** `services.api.volumes[0]`; empty for the whole file. */
  readonly key: string;
}

export function wholeFile(file: string): Location {
  return { file, line: 0, key: "" };
}

/** `docker/compose.yml:7 services.api.volumes[0]` */
export function formatLocation({ file, line, key }: Location): string {
  const where = line > 0 ? `${file}:${line}` : file;
  return key === "" ? where : `${where} ${key}`;
}
