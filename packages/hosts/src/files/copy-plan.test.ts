import { expect, test } from "vitest";
import { parseDestination, parseSources, planCopy } from "./copy-plan.js";
import type { FileKind } from "./file-entry.js";

interface Case {
  readonly sources: Readonly<Record<string, FileKind>>;
  readonly to: string;
  readonly there?: FileKind;
  readonly inside?: readonly FileKind[];
}

/** One line a step, as `source → target`; or what is wrong. */
function planText({ sources, to, there = "none", inside = [] }: Case): string {
  const found = parseSources(Object.keys(sources)).map((source) => ({
    ...source,
    kind: Object.values(sources)[Object.keys(sources).findIndex((path) => path.startsWith(source.path))] ?? "none",
  }));
  const destination = parseDestination(to);
  try {
    const plan = planCopy(found, destination, { found: { kind: there, path: destination.path }, inside });
    return plan.steps.map(({ source, name }) => `${source} → ${plan.directory} ${name}`).join(", ");
  } catch (error) {
    return (error as { code: string }).code;
  }
}

test.each<[Case, string]>([
  [{ sources: { "/s/f": "file" }, to: "/d", there: "directory" }, "/s/f → /d f"],
  [{ sources: { "/s/f": "file" }, to: "/d/", there: "none" }, "/s/f → /d f"],
  [{ sources: { "/s/f": "file" }, to: "/d/g", there: "none" }, "/s/f → /d g"],
  [{ sources: { "/s/f": "file" }, to: "/d/./.", there: "none" }, "/s/f → /d f"],
  [{ sources: { "/s/t": "directory" }, to: "/d/.", there: "none" }, "/s/t → / d"],
  [{ sources: { "/s/f": "file" }, to: "/g", there: "file" }, "/s/f → / g"],
  [{ sources: { "/s/f": "file" }, to: "g", there: "none" }, "/s/f → . g"],
  [{ sources: { "/s/t": "directory" }, to: "/d/g/", there: "none" }, "/s/t → /d g"],
  [{ sources: { "/s/t/": "directory" }, to: "/d", there: "directory" }, "/s/t → /d t"],
  [{ sources: { "/s/t/.": "directory" }, to: "/d", there: "none" }, "/s/t/. → /d "],
  [{ sources: { "/": "directory" }, to: "/d", there: "none" }, "/ → /d "],
  [{ sources: { "/s/l": "symlink" }, to: "/d", there: "directory" }, "/s/l → /d l"],
  [{ sources: { "/a": "file", "/b": "directory" }, to: "/d", there: "none" }, "/a → /d a, /b → /d b"],
  [{ sources: { "/a": "file", "/b": "directory" }, to: "/d", there: "file" }, "FILES_CONFLICT"],
  [{ sources: { "/a": "file" }, to: "/d/", there: "file" }, "FILES_CONFLICT"],
  [{ sources: { "/a": "directory" }, to: "/d", there: "file" }, "FILES_CONFLICT"],
  [{ sources: { "/a": "file" }, to: "/d", there: "directory", inside: ["directory"] }, "FILES_CONFLICT"],
  [{ sources: { "/a": "directory" }, to: "/d", there: "directory", inside: ["symlink"] }, "FILES_CONFLICT"],
  [{ sources: { "/a": "file" }, to: "/d", there: "directory", inside: ["other"] }, "FILES_CONFLICT"],
  [{ sources: { "/a": "file" }, to: "/dev/null", there: "other" }, "FILES_CONFLICT"],
  [{ sources: { "/a": "none" }, to: "/d", there: "directory" }, "FILES_NOT_FOUND"],
  [{ sources: { "/a": "other" }, to: "/d", there: "directory" }, "FILES_SPECIAL"],
  [{ sources: { "/a/.": "file" }, to: "/d", there: "directory" }, "FILES_CONFLICT"],
])("%j is planned as %s", (given, planned) => {
  expect(planText(given)).toBe(planned);
});

test("two sources of one name are refused, two different ones are not", () => {
  expect(() => parseSources(["/a/f", "/b/f/"])).toThrow(expect.objectContaining({ code: "FILES_SAME_NAME" }) as Error);
  expect(() => parseSources(["a/.", "b/.."])).toThrow(expect.objectContaining({ code: "FILES_SAME_NAME" }) as Error);
  expect(parseSources(["a/f", "b/g"]).map(({ name }) => name)).toEqual(["f", "g"]);
});

test("no sources, an empty path and one with NUL are the caller's mistakes", () => {
  expect(() => parseSources([])).toThrow(TypeError);
  expect(() => parseSources([""])).toThrow(TypeError);
  expect(() => parseDestination("a\0b")).toThrow(TypeError);
});
