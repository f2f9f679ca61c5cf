import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

/** What publint has to say of a tarball; suggestions too. */
export async function askPublint(tarball: Uint8Array<ArrayBuffer>): Promise<readonly string[]> {
  const { messages, pkg } = await publint({ strict: true, pack: { tarball: tarball.buffer } });
  return messages.map((message) => formatMessage(message, pkg) ?? message.code);
}

// The packages are ESM alone: how `require` and resolvers before Node 12.7 see them is no question.
const ignoredResolutions = ["node10", "node16-cjs"];
const ignoredKinds = ["CJSResolvesToESM"];

/** What attw finds wrong with the types in a tarball. */
export async function askAttw(tarball: Uint8Array<ArrayBuffer>): Promise<readonly string[]> {
  const result = await checkPackage(createPackageFromTarballData(tarball));
  if (result.types === false) return ["the package has no types"];
  return result.problems
    .filter((problem) => !ignoredKinds.includes(problem.kind))
    .filter((problem) => !("resolutionKind" in problem) || !ignoredResolutions.includes(problem.resolutionKind))
    .map((problem) => JSON.stringify(problem));
}
