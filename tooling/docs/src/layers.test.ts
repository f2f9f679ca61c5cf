import { expect, test } from "vitest";
import { closeLayers, formatLayers, readDrawing, reduceLayers } from "./layers.js";

const drawing = `flowchart TD
  cli["@otto/cli: argv"] --> docker["@otto/docker: all"] --> hosts & ssh
  docker -.-> doctor["@otto/doctor"]
  doctor --> hosts
  hosts["@otto/hosts: parents"] --> ssh["ssh2-streamer: one session"]
`;

test("arrows of a drawing, several on a line, dotted ones apart", () => {
  const { imports, testImports } = readDrawing(drawing);
  expect(formatLayers(imports)).toEqual([
    "@otto/cli: @otto/docker",
    "@otto/docker: @otto/hosts, ssh2-streamer",
    "@otto/doctor: @otto/hosts",
    "@otto/hosts: ssh2-streamer",
    "ssh2-streamer: ",
  ]);
  expect(formatLayers(testImports)).toContain("@otto/docker: @otto/doctor");
});

test("an arrow at a name that no label has is an error", () => {
  expect(() => readDrawing('a["@otto/a"] --> b')).toThrow("an arrow at b");
});

test("arrows lead on", () => {
  const { imports, testImports } = readDrawing(drawing);
  expect(formatLayers(closeLayers(imports, testImports))).toContain(
    "@otto/cli: @otto/docker, @otto/doctor, @otto/hosts, ssh2-streamer",
  );
});

test("a circle is an error that names a package in it", () => {
  expect(() => closeLayers(readDrawing('a["a"] --> b["b"]\nb --> a').imports)).toThrow("a imports itself");
});

test("an arrow that others make needless goes", () => {
  const { imports } = readDrawing(drawing);
  expect(formatLayers(reduceLayers(imports))).toContain("@otto/docker: @otto/hosts");
  const tests = readDrawing('docker["@otto/docker"] --> doctor["@otto/doctor"] & ssh["ssh2-streamer"]').imports;
  expect(formatLayers(reduceLayers(tests, imports))).toContain("@otto/docker: @otto/doctor");
});
