import { realpath } from "node:fs/promises";
import * as docker from "@otto/docker";
import * as errors from "@otto/errors";
import { OttoError, readBoundedFile } from "@otto/errors";
import { createJiti } from "jiti";
import { findSpecifier, readImportError, type SourceLine } from "./module-location.js";

/** Loads one module, TypeScript or JavaScript. */
export type LoadModule = (file: string) => Promise<Readonly<Record<string, unknown>>>;

/**
 * A loader for the modules of one repository. `@otto/docker`, `@otto/errors` and this package are those that run, so
 * they need not be installed there; anything else is looked for from the module, as Node does. Types are not checked.
 *
 * @param options.cacheDir where to keep what was translated; `false`: nowhere
 * @throws (the loader) OttoError `INSTRUCTION_IMPORT_FAILED` naming file and line
 */
export async function createModuleLoader(options: {
  readonly root: string;
  readonly cacheDir: string | false;
}): Promise<LoadModule> {
  const instructions = await import("./index.js");
  const jiti = createJiti(import.meta.url, {
    fsCache: options.cacheDir,
    transformOptions: { babel: { plugins: [refuseDecorators] } },
    virtualModules: { "@otto/docker": docker, "@otto/errors": errors, "@otto/instructions": instructions },
  });
  return async (file) => {
    try {
      return await jiti.import<Record<string, unknown>>(file);
    } catch (error) {
      throw await importFailed(file, options.root, error);
    }
  };
}

interface SyntaxPath {
  readonly node: { readonly loc: { readonly start: object } };
  traverse(visitor: Readonly<Record<string, (path: SyntaxPath) => void>>): void;
}

/** A plugin of Babel, which the loader translates with: it would give decorators a meaning that is no longer the standard's. */
function refuseDecorators() {
  const Decorator = ({ node }: SyntaxPath) => {
    const where = { code: "BABEL_PARSE_ERROR", loc: node.loc.start };
    throw Object.assign(new Error("decorators are not supported"), where);
  };
  // Before other plugins replace them.
  return { visitor: { Program: (program: SyntaxPath) => program.traverse({ Decorator }) } };
}

async function importFailed(file: string, root: string, cause: unknown): Promise<OttoError> {
  // Stack traces name files by their real paths.
  const { reason, at, missing } = readImportError(cause, [root, await realpath(root)]);
  const place = missing === undefined ? at : await findImport(missing);
  const shown = place === undefined ? file : `${place.file}:${place.line}`;
  return new OttoError("INSTRUCTION_IMPORT_FAILED", `loading ${shown}: ${reason}`, {
    ...(missing && !/^[./]/.test(missing.specifier) && { hint: `Install it in ${root}.` }),
    details: { file: place?.file ?? file, ...(place && { line: place.line }) },
    cause,
  });
}

/** Node does not say which line asks for a module that is missing. */
async function findImport({
  specifier,
  file,
}: {
  readonly specifier: string;
  readonly file: string;
}): Promise<SourceLine | undefined> {
  const line = findSpecifier((await readBoundedFile(file)).toString(), specifier);
  return line === undefined ? undefined : { file, line };
}
