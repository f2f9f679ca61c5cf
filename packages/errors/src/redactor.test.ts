import fc from "fast-check";
import { expect, test } from "vitest";
import { cleanText } from "./clean-text.js";
import { OutputText } from "./output-text.js";
import { plainText } from "./plain-text.js";
import { createRedactor } from "./redactor.js";
import { Secret } from "./secret.js";
import { isRedactable } from "./secret-forms.js";

const redact = (text: string, ...values: (string | Uint8Array)[]) =>
  cleanText(
    text,
    values.map((value) => new Secret(value)),
  );
const base64 = (value: string | Uint8Array) => Buffer.from(value).toString("base64");
const pem = "-----BEGIN KEY-----\nMIIBVgIBADANBgkq\nhkiG9w0B\n-----END KEY-----\n";
const crlf = "first line\r\nsecond line\r\n";
const binary = Buffer.from("00ff80c3281b5b33316d6b65793e3f3e3fe282ac0a7f", "hex");
const special = `it's "q" \\ $HOME & ä+/?`;

test.each([
  ["whole", "a hunter2 b hunter2", "hunter2", "a [redacted] b [redacted]"],
  ["without its final newline", "<hunter2>", "hunter2\n", "<[redacted]>"],
  ["a line of a PEM", "key MIIBVgIBADANBgkq", pem, "key [redacted]"],
  ["all of a PEM", `x\n${pem}y`, pem, "x\n[redacted]\ny"],
  ["short lines, together", "<a\nb\nc\n>", "a\nb\nc\n", "<[redacted]\n>"],
  ["a line of less than 6 characters", "abcde", "abcde\nfghijkl", "abcde"],
  ["CRLF, as it is", crlf, crlf, "[redacted]\n"],
  ["CRLF, as newlines", "first line\nsecond line", crlf, "[redacted]"],
  ["CRLF, a line", "second line.", crlf, "[redacted]."],
  ["a carriage return", "hunter2", "overwritten\rhunter2", "[redacted]"],
  ["a carriage return that became a newline", "overwritten!", "overwritten\rhunter2", "[redacted]!"],
  ["control characters and escapes", "a\u0007b\u001b[31mcd", "a\u0007b\u001b[31mcd", "[redacted]"],
  ["letters that are more than a byte", "ärgerlich!", "ärgerlich", "[redacted]!"],
  ["base64", `Basic ${base64("hunter2")}`, "hunter2", "Basic [redacted]=="],
  ["base64 of it and a newline", base64("hunter2\n"), "hunter2\n", "[redacted]="],
  ["4 characters in base64", base64("abcd"), "abcd", "[redacted]=="],
  ["escaped for JSON", JSON.stringify({ key: special }), special, '{"key":"[redacted]"}'],
  ["a URL's component", `//ada:${encodeURIComponent(special)}@host`, special, "//ada:[redacted]@host"],
  ["a form's value", new URLSearchParams({ a: "b c%/d" }).toString(), "b c%/d", "a=[redacted]"],
  ["4 characters", "abcd", "abcd", "[redacted]"],
  ["3 characters", "abc", "abc", "abc"],
  ["1 character", "1 of 1", "1", "1 of 1"],
  ["nothing but blanks", "a    b\n\n", " \n\n    ", "a    b\n\n"],
])("a secret is found: %s", (_, text, value, expected) => {
  expect(redact(text, value)).toBe(expected);
});

test("a binary secret is found as the text that its bytes make, and in base64 and a URL", () => {
  const texts = [binary.toString(), base64(binary), binary.toString("base64url")];
  for (const text of texts) expect(redact(`<${text}>`, binary)).toMatch(/^<\[redacted\]=*\n?>$/);
  expect(redact("%00%FF%80%C3%28%1B%5B31mkey%3E%3F%3E%3F%E2%82%AC%0A%7F", binary)).toBe("[redacted]");
});

test.each([0, 1, 2, 3])("base64 of %i bytes and a secret shows of it at most a part of a byte", (before) => {
  const word = base64(`${"u".repeat(before)}12345678901234:zz`);
  const shown = redact(word, "12345678901234");
  expect(shown).toContain("[redacted]");
  const clear = shown.split("[redacted]").map((part) => Buffer.from(part, "base64").toString());
  expect(clear.join()).not.toMatch(/\d/);
});

test.each([76, 64])("a long secret is found in base64 in lines of %i", (width) => {
  const value = Buffer.from(Array.from({ length: 500 }, (_, n) => (n * 7919) % 251));
  const lines = base64(value).match(new RegExp(`.{1,${width}}`, "g")) ?? [];
  expect(redact(lines.join("\n"), value)).toMatch(/^(\[redacted\]\n)+\[redacted\]=$/);
});

test("secrets of which one begins with another, or ends with its beginning, go as a whole", () => {
  expect(redact("abcd abcd-long xyabcd-longest", "abcd", "abcd-long", "xyabcd")).toBe(
    "[redacted] [redacted] [redacted]est",
  );
  expect(redact("one-two-three", "one-two", "two-three")).toBe("[redacted]");
});

test("a part of 64 characters of a long secret is found", () => {
  const value = Array.from({ length: 40 }, (_, n) => `word${n * n}`).join("");
  expect(redact(value.slice(0, 150), value)).toBe(`[redacted]${value.slice(128, 150)}`);
});

test("whether a secret is long enough to be looked for can be asked", () => {
  const values = ["", "1", " 12 \n", "abc\u0007", "1234", "12 34\n"];
  expect(values.filter((value) => isRedactable(new Secret(value)))).toEqual(["1234", "12 34\n"]);
});

const piece = fc.string({ unit: fc.constantFrom("a", "b", "\n", "-"), minLength: 1, maxLength: 12 });

/** What `createRedactor` does, letter by letter. */
function markForms(text: string, forms: readonly string[]): string {
  const isSecret = Array.from(text, () => false);
  for (const form of forms) {
    for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1))
      isSecret.fill(true, at, at + form.length);
  }
  return Array.from(text, (char, at) => {
    if (!isSecret[at]) return char;
    return at > 0 && isSecret[at - 1] ? "" : "[redacted]";
  }).join("");
}

test("however text is cut, the same is left of it, and no more than 64 characters wait", () => {
  const values = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "-"), minLength: 4, maxLength: 9 }));
  fc.assert(
    fc.property(values, fc.array(piece), (secrets, parts) => {
      const redacted = createRedactor(secrets.map((value) => new Secret(value)));
      const stream = redacted.open();
      let shown = "";
      for (const part of parts) shown += stream.write(part);
      shown += stream.end();
      expect(shown).toBe(markForms(parts.join(""), secrets));
      expect(redacted.redact(parts.join(""))).toBe(shown);
    }),
  );
});

test("only what a secret may begin with waits", () => {
  const stream = createRedactor([new Secret("hunter2")]).open();
  expect([
    stream.write("a hunt"),
    stream.write("ing hunter"),
    stream.write("2!"),
    stream.write("hun"),
    stream.end(),
  ]).toEqual(["a ", "hunting ", "[redacted]!", "", "hun"]);
});

function clean(parts: readonly (string | Uint8Array)[], ...secrets: string[]): string[] {
  const output = new OutputText(createRedactor(secrets.map((value) => new Secret(value))));
  return [...parts.map((part) => output.write(part)), output.flush()];
}

test("of a line that is overwritten its last state is shown, of one that ends with CRLF all", () => {
  expect(plainText("10%\r20%\r30%\ndone\r\nlast\r")).toBe("30%\ndone\nlast");
  expect(clean(["10%\r", "20%", "\r30%\nnext", "\r", "\n"])).toEqual(["", "", "30%\n", "", "next\n", ""]);
});

test("a letter whose bytes come apart is one letter", () => {
  const bytes = Buffer.from("grün €\n");
  expect(clean([...bytes].map((byte) => Uint8Array.of(byte))).join("")).toBe("grün €\n");
});

test("an escape that comes apart is taken out", () => {
  expect(clean(["a\u001b", "[3", "1mb\u001b[0m\n"]).join("")).toBe("ab\n");
});

test("a secret that comes apart, over lines too, is found", () => {
  expect(clean(["hun", "ter2\nand hun\n", "ted\n"], "hunter2", "hun\nted").join("")).toBe(
    "[redacted]\nand [redacted]\n",
  );
});

test("a line without end is not kept for ever", () => {
  const [shown = ""] = clean(["x".repeat(70_000)]);
  expect(shown).toHaveLength(70_000);
});

test("the output of a program is cleaned alike however it is cut", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "\r", "\n", "\u001b[1m", "ä", "\u0007"), maxLength: 40 });
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 5 }), (whole, size) => {
      const bytes = Buffer.from(whole);
      const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
        bytes.subarray(n * size, (n + 1) * size),
      );
      expect(clean(parts, "aäab", "ab\nba").join("")).toBe(
        cleanText(whole, [new Secret("aäab"), new Secret("ab\nba")]),
      );
    }),
  );
});
