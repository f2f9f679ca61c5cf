type Optional<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The record without its undefined members, for types whose optional members are never `undefined`. */
export function optional<T extends object>(record: T): Optional<T> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Optional<T>;
}
