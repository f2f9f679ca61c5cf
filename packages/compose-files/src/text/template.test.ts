// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Compose writes its variables like this.
import fc from "fast-check";
import { expect, test } from "vitest";
import { escapeDollars, formatTemplate, interpolate, parseTemplate, TemplateError, variableNames } from "./template.js";

const environment: Record<string, string> = { SET: "s", EMPTY: "", HOME: "/home/u" };
const lookup = (name: string) => environment[name];

test.each([
  ["plain", "plain"],
  ["$SET/${SET}", "s/s"],
  ["$SETx", ""],
  ["$$SET $${SET}", "$SET ${SET}"],
  ["5$ $1 a$", "5$ $1 a$"],
  ["${SET:-d}|${EMPTY:-d}|${NONE:-d}", "s|d|d"],
  ["${SET-d}|${EMPTY-d}|${NONE-d}", "s||d"],
  ["${SET:+r}|${EMPTY:+r}|${NONE:+r}", "r||"],
  ["${SET+r}|${EMPTY+r}|${NONE+r}", "r|r|"],
  ["${SET?no}|${EMPTY?no}|${SET:?no}", "s||s"],
  ["${NONE:-${EMPTY:-${SET}}}/x", "s/x"],
  ["${NONE:-a$SET$$b}", "as$b"],
  ["${NONE:-{x}}y}", "{x}y}"],
  ["${NONE:-{}}", "{}"],
  ["${NONE:-{a}", "{a"],
  ["${NONE:-{{a}}}x}", "{{a}}x}"],
  ["${NONE:-{}-$SET", "{-s"],
  ["${SET:?{{a}}${SET}}", "ss}"],
  ["${NONE-a:?b}", "a:?b"],
])("%s is %s", (text, value) => {
  expect(interpolate(parseTemplate(text), lookup).value).toBe(value);
});

test("only variables without a value and a default are unset", () => {
  expect(interpolate(parseTemplate("$A ${B:-$C} ${D-} ${SET:-$E} ${F:+x}"), lookup).unset).toEqual(["A", "C"]);
});

test.each(["${", "${}", "${1}", "${A", "${A!b}", "${A:}", "${A:-${B}"])("%s is refused", (text) => {
  expect(() => parseTemplate(text)).toThrow(TemplateError);
});

test.each(["${NONE?why}", "${NONE:?why}", "${EMPTY:?why}"])("%s without a value is refused with its reason", (text) => {
  expect(() => interpolate(parseTemplate(text), lookup)).toThrow(/has no value: why/);
});

test("names are found in operands too", () => {
  expect(variableNames(parseTemplate("$A ${B:-${C:?$D}} $$E"))).toEqual(["A", "B", "C", "D"]);
});

test("only fixed variables are written out, and their dollars are escaped", () => {
  const template = parseTemplate("$$ ${A:-${HOME}} $HOME ${TOKEN:-x}");
  const fixed = (name: string) => name === "HOME";
  expect(formatTemplate(template, () => "a$b", fixed)).toBe("$$ a$$b a$$b ${TOKEN:-x}");
});

test("an escaped text interpolates to itself", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("$", "{", "}", "A", "1", ":", "-") }), (text) => {
      expect(interpolate(parseTemplate(escapeDollars(text)), lookup).value).toBe(text);
    }),
  );
});
