import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { setInterval as every } from "node:timers/promises";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** A secret that must not be seen anywhere. */
export interface Canary {
  readonly name: string;
  readonly bytes: Buffer;
  /** Whether it can be a variable: no NUL in it, and UTF-8. */
  readonly isText: boolean;
}

const word = () => `canary-${randomBytes(12).toString("hex")}`;
/** None of these stands in digests and times, of which there are many. */
const odd = (length: number) => Array.from(randomBytes(length), (byte) => "GHJKQXZ!~^"[byte % 10]).join("");

/** One of each kind, other ones in each run. */
export function createCanaries(): readonly Canary[] {
  const lines = Array.from({ length: 1300 }, () => randomBytes(57).toString("base64"));
  const binary = [
    Buffer.of(0xff, 0, 0x80, 0xc3, 0x28),
    Buffer.from(word()),
    Buffer.of(0x1b, 0x5b, 0xe2, 0x82, 0, 0x0a),
  ];
  const texts = {
    newline: `${word()}\n`,
    crlf: `${word()}\r\n${word()}\r\n`,
    quotes: `it's "${word()}" \\ & $HOME \`id\``,
    four: odd(4),
    five: odd(5),
    large: `${lines.join("\n")}\n`,
  };
  return [
    ...Object.entries(texts).map(([name, text]) => ({ name, bytes: Buffer.from(text), isText: true })),
    { name: "binary", bytes: Buffer.concat(binary), isText: false },
  ];
}

export function sumOf({ bytes }: Canary): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What gives a canary away: itself without blanks, each line of it (of a large one every 16th), base64, a URL's form. */
function formsOf({ bytes }: Canary): string[] {
  const text = bytes.toString();
  const lines = text.split(/[\r\n]+/).filter((line) => line.length >= 6);
  const sample = lines.length < 20 ? lines : lines.filter((_, n) => n % 16 === 0);
  const forms = [text.trim().slice(0, 1000), ...sample];
  const encoded = [text.trim(), ...sample].flatMap((form) => [
    ...[0, 1, 2].map((before) => base64Within(Buffer.from(form), before).slice(0, 60)),
    encodeURIComponent(form).slice(0, 60),
    JSON.stringify(form).slice(1, -1).slice(0, 60),
  ]);
  // Four letters of base64 are `defi` now and then, which stands in many words.
  const longer = [...encoded, base64Within(bytes, 0).slice(0, 60)].filter((form) => form.length >= 5);
  return [...new Set([...forms.filter((form) => form.length >= 4), ...longer])];
}

function base64Within(bytes: Buffer, before: number): string {
  const letters = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
  return letters.slice(before === 0 ? 0 : before + 1, Math.floor(((before + bytes.length) * 8) / 6));
}

/** The names of those that `text` gives away, with the form that does. */
export function findCanaries(text: string, canaries: readonly Canary[]): string[] {
  return canaries.flatMap((canary) =>
    formsOf(canary)
      .filter((form) => text.includes(form))
      .map((form) => `${canary.name}: ${JSON.stringify(form.slice(0, 40))}`),
  );
}

/**
 * Files below `roots` that hold one. Of those of 4 and 5 bytes none is looked for: they stand in programs by chance.
 * @throws Error where `control` is in none of the files, which would mean that they were not read
 */
export async function findInFiles(roots: readonly string[], canaries: readonly Canary[], control: string) {
  const forms = canaries.filter(({ bytes }) => bytes.length > 5).flatMap(formsOf);
  const lines = forms.flatMap((form) => form.split(/[\0\n]/)).filter((line) => line.length >= 16);
  if ((await grep([control], roots)).length === 0)
    throw new Error(`no file below ${roots.join(", ")} holds ${control}`);
  return grep(lines, roots);
}

async function grep(patterns: readonly string[], roots: readonly string[]): Promise<string[]> {
  const search = ["-c", 'grep -rlaF -f - -- "$@" || test $? -le 1', "sh", ...roots];
  const running = execute("sh", search, { maxBuffer: 1 << 26 });
  running.child.stdin?.end(patterns.join("\n"));
  return (await running).stdout.split("\n").filter((path) => path !== "");
}

/** The arguments of all processes of this machine, looked at every 20 ms until disposal. */
export function sampleArguments(): Disposable & { readonly seen: ReadonlySet<string> } {
  const seen = new Set<string>();
  const stop = new AbortController();
  const run = async () => {
    for await (const _ of every(20, undefined, { signal: stop.signal })) {
      const numbers = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
      for (const number of numbers) seen.add(await readFile(`/proc/${number}/cmdline`, "utf8").catch(() => ""));
    }
  };
  run().catch(() => {});
  return { seen, [Symbol.dispose]: () => stop.abort() };
}
