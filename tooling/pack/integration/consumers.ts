import { copyFile, cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./command.js";
import { type PublishedPackage, toFileName, workspaceRoot } from "./published-packages.js";
import { type Readme, readReadme } from "./readme.js";

/** A project of a user who follows a package's README. */
export interface Consumer {
  readonly directory: string;
  readonly readme: Readme;
  /** What the compiler says of its files. */
  readonly faults: readonly string[];
}

const nodeTypes = { "@types/node": "^20.19.0" };

const tsconfig = {
  compilerOptions: {
    target: "ES2022",
    lib: ["ES2023", "ESNext.Disposable"],
    module: "NodeNext",
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
    // The packages' declarations must hold with the packages that they declare, and no others.
    skipLibCheck: false,
    types: ["node"],
    rootDir: ".",
    outDir: "out",
  },
  // Folders with a dot are looked into only when they are named.
  include: ["*/*.ts", "*/examples/*/*.ts", "*/examples/*/.otto/*.ts"],
};

/**
 * Makes a project for each package, outside of the workspace, with the README's example and a copy of `examples/hello`.
 * pnpm installs them in one go, and links into each only what it declares, into each dependency only what that declares.
 * @param tarballs every package's; those that a README's install line does not name come in as dependencies of others only
 */
export async function createConsumers(
  root: string,
  packages: readonly PublishedPackage[],
  tarballs: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, Consumer>> {
  const specs = Object.fromEntries([...tarballs].map(([name, path]) => [name, `file:${path}`]));
  const settings = { packages: ["*"], overrides: specs, hoist: false, minimumReleaseAge: 0 };
  await mkdir(root);
  // JSON is YAML.
  await writeJson(join(root, "pnpm-workspace.yaml"), settings);
  await writeJson(join(root, "tsconfig.json"), tsconfig);
  await writeJson(join(root, "package.json"), { name: "consumers", private: true, dependencies: nodeTypes });
  const projects = await Promise.all(
    packages.map(async ({ name, directory }) => {
      const folder = toFileName(name);
      const readme = await readReadme(directory);
      await writeProject(join(root, folder), folder, readme, specs);
      return { name, folder, readme };
    }),
  );
  await runCommand(["pnpm", "install", "--prefer-offline", "--ignore-scripts", "--loglevel=error"], { cwd: root });
  const faults = await compile(root);
  const isOf = (folder: string) => (fault: string) => fault.startsWith(`${folder}/`);
  const foreign = faults.filter((fault) => !projects.some(({ folder }) => isOf(folder)(fault)));
  if (foreign.length > 0) throw new Error(`the compiler failed outside of the examples:\n${foreign.join("\n")}`);
  const consumers = projects.map(async ({ name, folder, readme }) => {
    const directory = join(root, folder);
    if (readme.example.language === "ts")
      await copyFile(join(root, "out", folder, "example.js"), join(directory, "example.js"));
    return [name, { directory, readme, faults: faults.filter(isOf(folder)) }] as const;
  });
  return new Map(await Promise.all(consumers));
}

async function writeProject(
  directory: string,
  folder: string,
  { installs, example }: Readme,
  specs: Readonly<Record<string, string>>,
): Promise<void> {
  const chosen = [...installs].map(([name, version]) => [name, specs[name] ?? version ?? "*"]);
  const dependencies = { ...Object.fromEntries(chosen), ...nodeTypes };
  await mkdir(directory);
  await writeJson(join(directory, "package.json"), {
    name: `of-${folder}`,
    private: true,
    type: "module",
    dependencies,
  });
  await cp(join(workspaceRoot, "examples/hello"), join(directory, "examples/hello"), { recursive: true });
  await copyFile("/bin/busybox", join(directory, "examples/hello/api/busybox"));
  for (const [path, content] of Object.entries(example.files)) await writeFile(join(directory, path), content);
  if (example.language === "ts") await writeFile(join(directory, "example.ts"), example.text);
}

const compiler = join(workspaceRoot, "node_modules/.bin/tsc");

/** Compiles all projects at once, into `out`, faults or not. @returns what is wrong, each with its path from `root` */
async function compile(root: string): Promise<readonly string[]> {
  try {
    await runCommand([compiler, "--project", ".", "--pretty", "false"], { cwd: root });
    return [];
  } catch (error) {
    const { stdout = "" } = (error as Error).cause as { stdout?: string };
    if (!stdout.includes("error TS")) throw error;
    // A fault of several lines goes on indented.
    return stdout.trimEnd().split(/\n(?=\S)/);
  }
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, undefined, 2)}\n`);
}
