import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { listPages } from "./pages.js";

const execute = promisify(execFile);
const root = resolve(import.meta.dirname, "../../..");

interface Shown {
  readonly page: string;
  readonly line: string;
  /** `host ID put` */
  readonly command: string;
  readonly options: readonly string[];
}

/** The calls of otto in blocks of shell commands, and those in backticks. */
async function listShown(): Promise<readonly Shown[]> {
  const pages = listPages(root).filter((page) => !/^packages\/|CHANGELOG|^\.changeset/.test(page));
  const texts = await Promise.all(
    pages.map(async (page) => ({ page, text: await readFile(join(root, page), "utf8") })),
  );
  return texts.flatMap(({ page, text: whole }) => {
    // A page on two systems shows the other's command lines too.
    if (page.endsWith("from-python-otto.md")) return [];
    // otto answers some lines of its other sections by what to type instead; otto's own tests try each of them.
    const text = page.endsWith("docker-and-otto.md") ? (whole.split("\n## ")[1] ?? "") : whole;
    const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = ""]) => block.split("\n"));
    const inline = [...text.matchAll(/`(otto [^`\n]*)`/g)].map(([, line = ""]) => line);
    return [...blocks, ...inline].flatMap((line) => readCall(page, line));
  });
}

function readCall(page: string, line: string): readonly Shown[] {
  const call = /^(?:[A-Z_]+=\S+ )*(?:npx --package @otto\/cli |pnpm )?otto (.*)$/.exec(
    line.replace(/ #.*| \|\|? .*|['"].*/, ""),
  )?.[1];
  if (call === undefined) return [];
  const words = (call.split(" -- ")[0] ?? "").split(" ").filter((word) => word !== "" && word !== "…");
  const options = words.filter((word) => /^--?[a-z]/.test(word));
  const names = words.filter((word, at) => !/^-/.test(word) && !/^--(?:lab|log-level)$/.test(words[at - 1] ?? ""));
  return [{ page, line, command: commandOf(names).join(" "), options }];
}

/** The words that name a command; a host's id stands within them. */
function commandOf(names: readonly string[]): readonly string[] {
  const [first = "", second = "", third = ""] = names;
  if (first === "docker" || first === "compose") return ["docker", second];
  if (first === "lab") return [first, second];
  if (first === "host") return third === "" ? [first] : [first, "local", third];
  return first === "" || first.includes("COMMAND") ? [] : [first];
}

test("every command line that the documentation shows is one that otto has", async () => {
  const shown = await listShown();
  expect(shown.length).toBeGreaterThan(50);
  const commands = [...new Set(shown.map(({ command }) => command))];
  const helps = new Map(await Promise.all(commands.map(async (it) => [it, await helpOf(it)] as const)));
  const wrong = shown.filter(({ command, options }) => {
    // What follows the names of an instruction or a suite is theirs.
    const checked = /^(?:run|test)$/.test(command) ? [] : options;
    const help = helps.get(command);
    return help === undefined || checked.some((option) => !help.includes(option));
  });
  expect(wrong).toEqual([]);
});

/** @returns undefined when there is no such command: otto then helps with what is above it */
async function helpOf(command: string): Promise<string | undefined> {
  const words = command === "" ? ["--help"] : [...command.split(" "), "--help"];
  const env = { ...process.env, COLUMNS: "200" };
  const { stdout } = await execute(process.execPath, [join(root, "apps/cli/bin/otto.js"), ...words], { env });
  // A verb of docker goes by its short form.
  const name = command.replace("host local", "host ID").replace(/^docker (?=.)/, "");
  return [name, `docker ${name}`].some((it) => stdout.startsWith(`Usage: otto ${it}`)) ? stdout : undefined;
}
