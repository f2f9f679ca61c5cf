import { copyFile, cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./command.js";
import { workspaceRoot } from "./published-packages.js";

const tsconfig = {
  compilerOptions: {
    target: "ES2022",
    lib: ["ES2023", "ESNext.Disposable"],
    module: "NodeNext",
    strict: true,
    // The packages' declarations must hold with the packages that they declare, and no others.
    skipLibCheck: false,
    types: ["node"],
    rootDir: ".",
    outDir: "out",
  },
  // Folders with a dot are looked into only when they are named.
  include: ["*.ts", "examples/*/*.ts", "examples/*/.otto/*.ts"],
};

/**
 * Makes a project as a user would, outside of the workspace, with a copy of `examples/hello`.
 * @param tarballs every package's; those that `installs` do not name come in as dependencies of others only
 */
export async function createConsumer(
  directory: string,
  installs: ReadonlyMap<string, string | undefined>,
  tarballs: ReadonlyMap<string, string>,
): Promise<void> {
  const specs = Object.fromEntries([...tarballs].map(([name, path]) => [name, `file:${path}`]));
  const chosen = [...installs].map(([name, version]) => [name, specs[name] ?? version ?? "*"]);
  const others = Object.entries(specs).filter(([name]) => !installs.has(name));
  await mkdir(directory);
  await writeJson(join(directory, "package.json"), {
    name: "consumer",
    private: true,
    type: "module",
    dependencies: { ...Object.fromEntries(chosen), "@types/node": "^20.19.0" },
    overrides: Object.fromEntries(others),
  });
  await writeJson(join(directory, "tsconfig.json"), tsconfig);
  await cp(join(workspaceRoot, "examples/hello"), join(directory, "examples/hello"), { recursive: true });
  await copyFile("/bin/busybox", join(directory, "examples/hello/api/busybox"));
  await runCommand(
    ["npm", "install", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
    {
      cwd: directory,
    },
  );
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, undefined, 2)}\n`);
}
