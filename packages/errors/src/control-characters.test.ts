import { expect, test } from "vitest";
import { escapeControls, isPrintable, stripControls } from "./control-characters.js";
import { OttoError } from "./otto-error.js";

const unsafe = [
  ...["\0", "\u0007", "\b", "\r", "\u001b", "\u007f", "\u0080", "\u0085", "\u009b", "\u009d", "\u061c", "\u200e"],
  ...["\u200f", "\u2028", "\u2029", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068"],
  "\u2069",
];

test.each(unsafe)("%j is shown as an escape, and removed where text is cleaned", (character) => {
  const shown = `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  expect(escapeControls(`a${character}b`)).toBe(`a${shown}b`);
  expect(JSON.parse(`"${shown}"`)).toBe(character);
  expect(stripControls(`a${character}b`)).toBe("ab");
  expect(isPrintable(`a${character}b`)).toBe(false);
});

test("tab and newline stay, but not in one line nor in a name", () => {
  expect(escapeControls("a\tb\nc")).toBe("a\tb\nc");
  expect(escapeControls("a\tb\nc", { line: true })).toBe("a\\u0009b\\u000ac");
  expect(stripControls("a\tb\nc")).toBe("a\tb\nc");
  expect([isPrintable("a\tb"), isPrintable("a\nb")]).toEqual([false, false]);
});

test.each(["", "a b", "naïve", "日本語", "שלום", "👩‍👩‍👧", "a\\u001b", "\ud800"])("%j is left as it is", (text) => {
  expect([escapeControls(text), escapeControls(text, { line: true }), stripControls(text)]).toEqual([text, text, text]);
  expect(isPrintable(text)).toBe(true);
});

test("an error's message and hint are fit for a terminal, whatever they quote", () => {
  const error = new OttoError("A_B", "no host a\u001b[2J\u202eb\nsecond line", { hint: "Did you mean \u009b1m?" });
  expect(error.message).toBe("no host a\\u001b[2J\\u202eb\nsecond line");
  expect(error.hint).toBe("Did you mean \\u009b1m?");
  expect(error.stack).not.toContain("\u001b");
});
