import { spawn } from "node:child_process";
import { buffer } from "node:stream/consumers";
import { readInstructions } from "@otto/build";
import { createRandom, readRandomRun } from "@otto/lab";
import { expect, test } from "vitest";

// BuildKit's error names the first line that it does not know as an instruction: all lines before it were read as others.
const known = new Set(["FROM", "RUN", "COPY", "ADD", "ENV", "ONBUILD"]);

/** The first unknown instruction that our reader finds, as `5: NOSUCH`. */
function readUnknown(dockerfile: string): string | undefined {
  const found = readInstructions(dockerfile).find(({ keyword }) => !known.has(keyword));
  return found && `${found.line}: ${found.keyword}`;
}

/** The first unknown instruction that BuildKit reports, in the same form; undefined when it reports anything else. */
async function askBuildKit(dockerfile: string): Promise<string | undefined> {
  const env = { ...process.env, DOCKER_BUILDKIT: "1" };
  const build = spawn("docker", ["build", "-"], { env, stdio: ["pipe", "ignore", "pipe"] });
  build.stdin.end(dockerfile);
  const said = (await buffer(build.stderr)).toString();
  const [, line, keyword] = /parse error on line (\d+): unknown instruction: (\S+)/.exec(said) ?? [];
  return keyword === undefined ? undefined : `${line}: ${keyword.toUpperCase()}`;
}

const after = (text: string) => `FROM scratch\n${text}\n`;

// In these no line is an instruction but the first: one build asks of all.
const wholes = [
  "COPY <<EOF /a\nA\nEOF",
  'COPY <<"E O F" /a\nA\nE O F',
  "COPY <<'EOF' /a\nA\nEOF",
  'COPY <<E"O"F /a\nA\nEOF',
  "COPY <<E\\OF /a\nA\nEOF",
  "RUN cat 3<<EOF\nA\nEOF",
  "RUN <<END-OF.X\nA\nEND-OF.X",
  "RUN <<$X\nA\n$X",
  "RUN <<EOF>/a\nA\nEOF\nB\nEOF>/a",
  "RUN cat <<EOF|sh\nA\nEOF\nB\nEOF|sh",
  "ONBUILD RUN <<EOF\nA\nEOF",
  "RUN <<EOF\nA\n  EOF\nEOF \nEOF",
  "RUN <<-EOF\nA\n EOF\n\tEOF",
  "RUN <<A cat <<B\nC\nA\nD\nB",
  "RUN <<A cat <<A\nC\nA\nD\nA",
  "RUN <<EOF\nx \\\nEOF",
  "RUN <<EOF\r\nA\r\nEOF\r",
  "RUN cat \\\n <<EOF\nA\nEOF",
  "RUN a \\\n# c\n   # d\n\n b",
  "RUN a \\\n# b \\\nA",
  "RUN a \\\n\nA",
  "RUN a \\ \t\nA",
  "RUN a \\\r\n b\r",
  "RU\\\nN a",
  "RUN\\\n a",
  " \t\u00a0RUN a",
  "RUN\vx",
];

test("BuildKit joins continued lines and ends here-documents alike", async () => {
  const dockerfile = after(`${wholes.join("\n")}\nLAST`);
  expect(await askBuildKit(dockerfile)).toBe(`${dockerfile.split("\n").length - 1}: LAST`);
  expect(readInstructions(dockerfile).map(({ keyword }) => keyword)).toEqual([
    "FROM",
    ...wholes.map((text) => text.replace("\\\n", "").trim().split(/\s/)[0] ?? ""),
    "LAST",
  ]);
});

test.concurrent.each([
  ...[
    "RUN cat << EOF\nA\nEOF\nB",
    "RUN cat <<<EOF\nA\nEOF\nB",
    "RUN cat x<<EOF\nA\nEOF\nB",
    "RUN cat \\<<EOF\nA\nEOF\nB",
    'RUN echo "<<EOF"\nA\nEOF\nB',
    'RUN echo "a <<EOF b"\nA\nEOF\nB',
    "RUN echo $((1<<2))\nA\n2\nB",
    'RUN ["<<EOF"]\nA\nEOF\nB',
    "RUN [<<EOF]\nA\nEOF]\nB",
    "ENV A <<EOF\nA\nEOF\nB",
    "ONBUILD ENV A=<<EOF\nA\nEOF\nB",
    "RUN cat \\\n# <<EOF\nfoo\nA\nEOF\nB",
    "RUN a \\\u00a0\nA\nB",
    "RUN a\\\\\nA\nB",
    "RUN a \\\n\\\\\nA\nB",
    "\\\nA\nB",
    "# a \\\nB",
  ].map(after),
  "# escape=`\nFROM scratch\nRUN a `\nA\nRUN c:\\\nB\n",
  "  #  ESCAPE  =  `  \nFROM scratch\nRUN a `\nA\nB\n",
  "\ufeff# escape=`\nFROM scratch\nRUN a `\nA\nB\n",
  "# unknown=1\n# escape=`\nFROM scratch\nRUN a `\nA\nB\n",
  "# words\n# escape=`\nFROM scratch\nRUN a `\nA\nB\n",
  "\n# escape=`\nFROM scratch\nRUN a `\nA\nB\n",
  "#!/bin/x\n# escape=`\nFROM scratch\nRUN a `\nA\nB\n",
  "// escape=`\nFROM scratch\nB\n",
])("BuildKit reads %j alike", async (dockerfile) => {
  const asked = await askBuildKit(dockerfile);
  expect(asked).toBeDefined();
  expect(readUnknown(dockerfile)).toBe(asked);
});

const run = readRandomRun("OTTO_CASES", 12);

test(`BuildKit reads random Dockerfiles alike (${run.label})`, async () => {
  const random = createRandom(run.seed);
  const pick = (from: readonly string[]) => from[random(from.length)] ?? "";
  const heads = ["RUN a", "COPY a b", "ONBUILD RUN a", "ENV A=1", "RUN ", "COPY --link "];
  const tails = [
    " <<E",
    " <<-E",
    " 2<<'E O'",
    ' <<"E"F',
    " '<<E'",
    " \\",
    "\\\\",
    " \\ ",
    "\\\n",
    " # b",
    ' "q\\" r"',
    " [",
    " <<<E",
    " <",
  ];
  const bodies = ["E", "E O", "EF", "\tE", " E", "E ", "# c", " # c \\", "", "x \\", "\r"];
  const line = (index: number) => (random(3) === 0 ? `N${index}` : pick(bodies));
  const chunk = (from: number) => {
    const tail = Array.from({ length: random(4) }, () => pick(tails)).join("");
    return `${pick(heads)}${tail}\n${Array.from({ length: random(4) }, (_, index) => `${line(from + index)}\n`).join("")}`;
  };
  const draw = () => {
    const chunks = Array.from({ length: 3 }, (_, index) => chunk(index * 10)).join("");
    return `FROM scratch\n${chunks}E\nE O\nEF\nLAST\n`;
  };
  let compared = 0;
  const compare = async (dockerfile: string) => {
    const asked = await askBuildKit(dockerfile);
    if (asked === undefined) return;
    compared++;
    expect({ dockerfile, unknown: readUnknown(dockerfile) }).toEqual({ dockerfile, unknown: asked });
  };
  for (let drawn = 0; compared < run.count; drawn += 4) {
    expect(drawn, "Dockerfiles that BuildKit says nothing of").toBeLessThan(run.count * 20);
    await Promise.all(Array.from({ length: 4 }, draw).map(compare));
  }
});
