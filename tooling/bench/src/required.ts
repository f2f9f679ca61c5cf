/** @throws Error with `what` where the map lacks the key */
export function required<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key, what: string): Value {
  const value = map.get(key);
  if (value === undefined) throw new Error(`bench: no ${what}`);
  return value;
}
