/** Ids of container hosts have dots, `<parent>.<repo>.<service>`; those of lab hosts have none. */
export function isContainerId(id: string): boolean {
  return id.includes(".");
}
