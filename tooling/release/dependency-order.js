/**
 * Orders packages so that each comes after those of them that it depends on; else by name.
 * @template {{ manifest: { name: string, dependencies?: Record<string, string>, peerDependencies?: Record<string, string>,
 *   optionalDependencies?: Record<string, string> } }} T
 * @param {readonly T[]} packages
 * @returns {T[]}
 * @throws Error for packages that depend on each other in a circle
 */
export function sortByDependencies(packages) {
  const byName = new Map(packages.map((found) => [found.manifest.name, found]));
  const sorted = new Set();
  const visit = (found, dependents) => {
    const { name, dependencies, peerDependencies, optionalDependencies } = found.manifest;
    if (dependents.includes(name))
      throw new Error(`packages depend on each other in a circle: ${[...dependents, name].join(" -> ")}`);
    for (const needed of Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies }).sort()) {
      const dependency = byName.get(needed);
      if (dependency !== undefined && !sorted.has(dependency)) visit(dependency, [...dependents, name]);
    }
    sorted.add(found);
  };
  for (const name of [...byName.keys()].sort()) visit(byName.get(name), []);
  return [...sorted];
}
