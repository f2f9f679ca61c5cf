import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { createImage } from "../busybox.js";
import type { LinkName } from "../link.js";
import { required } from "../required.js";
import { firstRoute } from "../route-choice.js";
import type { Area, Bench, Contender, Row } from "../row.js";
import { expectEqual, run, sh } from "../shell.js";
import { keptUp, ottoStack, rsyncAndCompose, type Stack, type StackSettings } from "../stack.js";
import type { Subject } from "../subject.js";
import { writeSmallFiles } from "../tree.js";
import { removeContainers } from "./stack.js";

const edited = "d7/s0/file-7.txt";
const meanBytes = 2000;

export const tree: Area = {
  name: "tree",
  title: "A stack with a bind-mounted tree",
  about:
    "`otto docker up` of a stack that is up, with a bind mount of 10,000 files of 2 KB, against the same stack without the mount, and against " +
    "rsync of the directory and then compose on the parent by `ssh`.",
  usesLinks: true,
  open: async (bench) => {
    const image = await createImage();
    const rows = [...bench.links.keys()].flatMap((link) => treeRows(bench, link, image.tag));
    return { rows, [Symbol.asyncDispose]: () => image[Symbol.asyncDispose]() };
  },
};

function treeRows(bench: Bench, link: LinkName, image: string): readonly Row[] {
  const count = Math.max(800, Math.round(10_000 * bench.scale));
  const settings = (label: string): StackSettings => ({
    directory: join(bench.directory, "trees"),
    label: `${label}-${link}`,
    image,
    services: 1,
    route: firstRoute(bench, link),
  });
  const mounting = (label: string) => ({ ...settings(label), serviceLines: ['volumes: ["./tree:/tree:ro"]'] });
  const lay = (stack: Stack) => {
    writeSmallFiles(join(stack.directory, "tree"), { count, meanBytes });
    return stack;
  };
  const ours = new Map(bench.subjects.map((each) => [each, lay(ottoStack(each, mounting(`tree-${each.name}`)))]));
  const without = { ...ottoStack(bench.otto, settings("tree-less")), name: "otto without the tree" };
  const rsync = [bench.ssh.plain, bench.ssh.shared].map((client, index) =>
    lay(rsyncAndCompose(client, mounting(`tree-rsync${index}`))),
  );
  const stackOf = (subject: Subject) => required(ours, subject, `stack of ${subject.name}`);
  return [
    {
      what: "unchanged up, 10,000 files",
      link,
      ours: (subject) => keptUp(stackOf(subject)),
      theirs: [keptUp(without), ...rsync.map((stack) => keptUp(stack))],
    },
    {
      what: "up with one file changed, 10,000 files",
      link,
      cost: "heavy",
      ours: (subject) => edits(stackOf(subject)),
      theirs: rsync.map(edits),
      done: () => removeContainers([...ours.values(), without, ...rsync]),
    },
  ];
}

/** The containers need not stay: a file that one of them reads at its start may be in the tree. */
function edits(stack: Stack): Contender {
  const path = join(stack.directory, "tree", edited);
  return {
    ...keptUp(stack, () => appendFileSync(path, "x")),
    check: () => {
      const [container = ""] = stack.containers();
      const found = sh('docker exec "$1" sha256sum "/tree/$2" | cut -d " " -f 1', container, edited);
      expectEqual(`${edited} in the container`, found, run("sha256sum", path).replace(/ .*/, ""));
    },
  };
}
