import { posix } from "node:path";
import { type BuildReach, type ContextReach, wholeContext, wholeReach } from "@otto/context";
import { familiarImageName } from "@otto/hashing";
import { type DockerfileUse, findFrontendImage } from "./base-images.js";
import { type BuildStage, findSourceStage, reachStages, readStages, type StageList } from "./build-stages.js";
import { createStageScope, type StageScope } from "./build-variables.js";
import { type Instruction, readArguments } from "./dockerfile.js";
import { expandWord } from "./shell-word.js";

export interface ReachUse extends DockerfileUse {
  readonly platform?: string | undefined;
  readonly additionalContexts?: Readonly<Record<string, string>> | undefined;
}

/**
 * What the build of a Dockerfile's target can read of its contexts: the sources of `COPY` and `ADD` and the mounts of
 * `RUN` in the stages that it needs. Where that cannot be known without the engine, the whole of them, and why.
 * Never less than BuildKit asks for, apart from what an image's `ONBUILD` adds.
 */
export function findBuildReach(dockerfile: string, use: ReachUse): BuildReach {
  try {
    return readReach(dockerfile, use);
  } catch (error) {
    if (!(error instanceof UnclearError)) throw error;
    return wholeReach(error.message);
  }
}

/** Why the reach cannot be known. */
class UnclearError extends Error {}

const unclear = (line: number, what: string) => new UnclearError(`line ${line}: ${what}`);

/** The frontends that read a Dockerfile as the engine does. */
const dockersFrontend = /^(?:docker\.io\/)?docker\/dockerfile(?:-upstream)?(?:[:@].*)?$/;

function readReach(dockerfile: string, use: ReachUse): BuildReach {
  const frontend = findFrontendImage(dockerfile, use);
  if (frontend !== undefined && !dockersFrontend.test(frontend)) {
    throw new UnclearError(`its frontend ${frontend} is not Docker's own`);
  }
  const list = readStages(dockerfile, use);
  const reached = reachStages(list, use.target);
  if (reached === undefined) throw new UnclearError("its target is none of the Dockerfile's stages");
  const sources: Sources = { context: new Set(), named: new Map() };
  const contexts = Object.keys(use.additionalContexts ?? {}).map(contextName);
  const reading: Reading = { list, use, sources, contexts, scopes: [] };
  for (const [index, stage] of list.stages.entries()) {
    // Each is read, for the stages behind it take its variables over.
    const scope = stageScope(reading, stage);
    reading.scopes.push(scope);
    if (reached.has(index)) readBase(reading, stage);
    for (const instruction of stage.instructions) {
      if (reached.has(index)) readInstruction(reading, { instruction, scope, index });
      if (instruction.keyword === "ARG") scope.declare(instruction);
      if (instruction.keyword === "ENV") scope.set(instruction);
    }
  }
  return {
    context: reachOf(sources.context),
    named: (name) => reachOf(sources.named.get(contextName(name)) ?? new Set()),
  };
}

interface Sources {
  readonly context: Set<string>;
  readonly named: Map<string, Set<string>>;
}

interface Reading {
  readonly list: StageList;
  readonly use: ReachUse;
  readonly sources: Sources;
  /** Names of the further contexts. */
  readonly contexts: readonly string[];
  readonly scopes: StageScope[];
}

function reachOf(sources: ReadonlySet<string>): ContextReach {
  return sources.has("") ? wholeContext() : { kind: "paths", paths: [...sources].sort() };
}

/** A context may stand in for an image, by any of that one's names, and for one platform alone. */
function contextName(name: string): string {
  return familiarImageName(name.replace(/::.*$/, "")).toLowerCase();
}

function stageScope({ list: { globals }, use: { buildArgs }, scopes }: Reading, stage: BuildStage): StageScope {
  const parent = stage.baseStage === undefined ? undefined : scopes[stage.baseStage];
  if (parent !== undefined && stage.base.unknown === undefined) return parent.derive();
  const hasImage = stage.base.unknown !== undefined || stage.base.text !== "scratch";
  return createStageScope({ globals, buildArgs, hasImage });
}

function readBase(reading: Reading, stage: BuildStage): void {
  const { base, baseStage, from } = stage;
  const bases = base.unknown === undefined ? [baseStage] : stage.stages;
  for (const index of bases) {
    const triggers = index === undefined ? [] : (reading.list.stages[index]?.instructions ?? []);
    const trigger = triggers.find(({ keyword }) => keyword === "ONBUILD");
    if (trigger !== undefined) throw unclear(trigger.line, `ONBUILD acts in the stage of line ${from.line}`);
  }
  addNamed(reading, base.text, "");
  if (stage.name !== "") addNamed(reading, stage.name, "");
}

/** A source in a further context; in nothing when the name is not one's. */
function addNamed({ sources, contexts }: Reading, name: string, path: string): void {
  if (name === "" || !contexts.includes(contextName(name))) return;
  const paths = sources.named.get(contextName(name)) ?? new Set();
  sources.named.set(contextName(name), paths.add(path));
}

interface Place {
  readonly instruction: Instruction;
  readonly scope: StageScope;
  /** Of the stage. */
  readonly index: number;
}

const readsNothing: ReadonlySet<string> = new Set(
  "ARG CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL MAINTAINER ONBUILD SHELL STOPSIGNAL USER VOLUME WORKDIR".split(" "),
);

function readInstruction(reading: Reading, place: Place): void {
  const { keyword, line } = place.instruction;
  if (keyword === "COPY" || keyword === "ADD") readCopy(reading, place);
  else if (keyword === "RUN") readRun(reading, place);
  else if (!readsNothing.has(keyword)) throw unclear(line, `${keyword} is not an instruction that is known here`);
}

const copyOptions: Readonly<Record<string, readonly string[]>> = {
  COPY: ["from", "chown", "chmod", "link", "exclude", "parents"],
  ADD: ["chown", "chmod", "link", "exclude", "keep-git-dir", "checksum", "unpack"],
};

function readCopy(reading: Reading, { instruction, scope, index }: Place): void {
  const { keyword, line } = instruction;
  const { words } = readArguments(instruction);
  const options = readOptions(instruction, copyOptions[keyword] ?? [], scope.escapeCharacter);
  const from = options.find(({ name }) => name === "from")?.value;
  const isBelow = options.some(({ name, value }) => name === "parents" && value.toLowerCase() !== "false");
  for (const word of words.slice(0, -1)) {
    const source = expandSource(word, line, scope);
    if (keyword === "ADD" && /^https?:\/\//.test(source)) continue;
    if (isBelow && /(?:^|\/)!/.test(source)) throw unclear(line, `what ${source} leaves out`);
    addSource(reading, { from, path: cleanPath(source), index, line });
  }
}

function expandSource(word: string, line: number, scope: StageScope): string {
  const { text, unknown } = expandWord(word, scope);
  if (unknown !== undefined) throw unclear(line, `${unknown} has no value that is known without the engine`);
  if (text.includes("\ufffd")) throw unclear(line, "a path is not UTF-8");
  return text;
}

/** As BuildKit writes the paths that it asks for; the context itself is "". */
function cleanPath(source: string): string {
  return posix.join("/", source).slice(1).replace(/\/$/, "");
}

interface NamedSource {
  readonly from: string | undefined;
  readonly path: string;
  readonly index: number;
  readonly line: number;
}

function addSource(reading: Reading, { from, path, index, line }: NamedSource): void {
  if (from === undefined || from === "") {
    reading.sources.context.add(path);
    return;
  }
  if (from.includes("$")) throw unclear(line, `what --from=${from} names`);
  const stage = findSourceStage(reading.list.stages.slice(0, index), from);
  if (stage === undefined) addNamed(reading, from, path);
}

interface Option {
  readonly name: string;
  readonly value: string;
}

/** What none of them names may read what it will. */
function readOptions(instruction: Instruction, names: readonly string[], escapeCharacter: string): readonly Option[] {
  return readArguments(instruction).options.map((option) => {
    const end = option.indexOf("=");
    const [name, value] = end === -1 ? [option, ""] : [option.slice(0, end), option.slice(end + 1)];
    if (!names.includes(name)) throw unclear(instruction.line, `--${name} is not an option that is known here`);
    if (/["']/.test(option) || option.includes(escapeCharacter))
      throw unclear(instruction.line, `--${name} has quotes`);
    return { name, value };
  });
}

function readRun(reading: Reading, place: Place): void {
  const { instruction, scope } = place;
  const options = readOptions(instruction, ["mount", "network", "security", "device"], scope.escapeCharacter);
  for (const { name, value } of options) {
    if (name === "mount") readMount(reading, value, place);
  }
}

function readMount(reading: Reading, text: string, { instruction: { line }, scope, index }: Place): void {
  const fields = text.split(",").map((field) => {
    const [, key = "", value = ""] = /^([^=]*)=?(.*)$/s.exec(field) ?? [];
    return { key: key.toLowerCase(), value };
  });
  const last = (...keys: readonly string[]) => fields.findLast(({ key }) => keys.includes(key))?.value;
  const type = expandSource(last("type") ?? "bind", line, scope).toLowerCase();
  const from = last("from");
  if (type === "secret" || type === "ssh" || (type === "cache" && from === undefined)) return;
  // BuildKit asks for the whole context then: what else asks for it cannot be told from that.
  if (type === "tmpfs" && from === undefined) throw unclear(line, "a tmpfs mount makes BuildKit ask for everything");
  const source = last("source", "src") ?? "";
  // Whether variables are expanded here depends on the builder's age.
  const written = source.includes("$") ? [source, expandSource(source, line, scope)] : [source];
  for (const path of written) addSource(reading, { from, path: cleanPath(path), index, line });
}
