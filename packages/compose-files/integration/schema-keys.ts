/** As much of a JSON schema as the Compose specification's uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

/** Every key that may hold a text of the user's: `*` for a name of theirs, places in lists left out, extensions too. */
export function schemaKeys(root: Schema): string[] {
  const definitions = root.definitions ?? root.$defs ?? {};
  const keysOf = (schema: Schema, path: readonly string[], open: readonly string[]): string[] => {
    const name = schema.$ref?.split("/").at(-1);
    if (name !== undefined) {
      const target = definitions[name];
      if (target === undefined) throw new Error(`no definition ${name}`);
      return open.includes(name) ? [] : keysOf(target, path, [...open, name]);
    }
    const isText = [schema.type].flat().includes("string");
    const named = Object.entries(schema.properties ?? {});
    const patterned = Object.entries(schema.patternProperties ?? {}).filter(([pattern]) => !pattern.startsWith("^x-"));
    const { additionalProperties: rest, items, oneOf = [], anyOf = [] } = schema;
    const same = [...oneOf, ...anyOf, ...(items === undefined ? [] : [items])];
    return [
      ...(isText ? [path.join(".")] : []),
      ...same.flatMap((one) => keysOf(one, path, open)),
      ...named.flatMap(([key, one]) => keysOf(one, [...path, key], open)),
      ...patterned.flatMap(([, one]) => keysOf(one, [...path, "*"], open)),
      ...(typeof rest === "object" ? keysOf(rest, [...path, "*"], open) : []),
    ];
  };
  return [...new Set(keysOf(root, [], []))].sort();
}
