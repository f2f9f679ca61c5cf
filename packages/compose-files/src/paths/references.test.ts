import { expect, test } from "vitest";
import { parseYamlTrees } from "../text/yaml-tree.js";
import { findReferences } from "./references.js";

/** `kind path`, with what stands around the path and what else is known of it. */
function find(text: string): string[] {
  const { trees } = parseYamlTrees({ text, file: "c.yml", documentId: "d", base: "/", lookup: () => "var" });
  return trees
    .flatMap((tree) => findReferences(tree))
    .map(({ kind, owner, path, before, behind, optional, format, isVerbatim }) => {
      const marks = [optional && "optional", format !== "dotenv" && format, isVerbatim && "verbatim"];
      return [`${owner.section}.${owner.name}`, kind, `${before}<${path}>${behind}`, ...marks.filter(Boolean)].join(
        " ",
      );
    });
}

test.each<[string, string[]]>([
  ["env_file: a", ["env_file <a>"]],
  [
    "env_file: [a, { path: b, required: false }, { path: c, format: raw }, { required: true }]",
    ["env_file <a>", "env_file <b> optional", "env_file <c> raw"],
  ],
  ["label_file: [a, b]", ["label_file <a>", "label_file <b>"]],
  [
    "volumes: [./a:/a, ../b:/b:ro, ~/c:/c, /d:/d]",
    ["bind <./a>:/a", "bind <../b>:/b:ro", "bind <~/c>:/c", "bind </d>:/d"],
  ],
  ["volumes: [named:/a, /anonymous, a/b:/c]", []],
  [
    "volumes: [{ type: bind, source: a, target: /a }, { type: volume, source: b }, { type: bind, target: /c }]",
    ["bind <a>"],
  ],
  [
    "security_opt: ['seccomp:a b.json', 'seccomp=/c', 'seccomp:unconfined', 'seccomp=builtin', 'label:x', 'seccomp:']",
    ["seccomp seccomp:<a b.json>", "seccomp seccomp=</c>"],
  ],
  ["build: a", ["build <a>"]],
  ["build:", []],
  [
    "build: { context: a, additional_contexts: [x=b=c, y], ssh: [default, k=d] }",
    ["build <a>", "build x=<b=c>", "ssh k=<d>"],
  ],
  ["build: { additional_contexts: { x: b, y: }, ssh: { k: d } }", ["build <b>", "ssh <d>"]],
  [
    "build: { cache_from: [x/y, 'type=local,src=c', 'tag=a,type=local,src=/d,digest=sha256:1', 'type=gha,src=e'] }",
    ["cache type=local,src=<c> optional", "cache tag=a,type=local,src=</d>,digest=sha256:1 optional"],
  ],
  ["build: { cache_to: ['type=local,dest=c'] }", []],
  ["provider: { type: ./tools/model }", ["provider <./tools/model>"]],
  ["provider: { type: model }", []],
  ["credential_spec: { file: a.json }", []],
  ["image: x", []],
])("a service's %s", (text, references) => {
  expect(find(`services:\n  a:\n    ${text}\n`)).toEqual(references.map((reference) => `services.a ${reference}`));
});

test("files of configs and secrets, and devices that are bound, are references of their sections", () => {
  const text = `
configs: { a: { file: x }, b: { content: y } }
secrets: { s: { file: z }, t: { environment: T } }
volumes:
  v: { driver: local, driver_opts: { o: bind, device: d } }
  implied: { driver_opts: { o: bind, device: d } }
  more: { driver: local, driver_opts: { o: "ro,rbind", device: d } }
  nfs: { driver_opts: { o: "addr=x", device: d } }
  none: { driver_opts: { o: bind } }
`;
  expect(find(text)).toEqual([
    ...["configs.a config <x>", "secrets.s secret <z>", "volumes.v bind <d>"],
    ...["volumes.implied bind <d> verbatim", "volumes.more bind <d> verbatim"],
  ]);
});
