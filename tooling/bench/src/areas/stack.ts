import { join } from "node:path";
import { createImage } from "../busybox.js";
import type { LinkName } from "../link.js";
import { required } from "../required.js";
import { firstRoute } from "../route-choice.js";
import type { Area, Bench, Row } from "../row.js";
import { run } from "../shell.js";
import { composeByHand, composeOverSsh, contendersOf, ottoStack, type Stack, type StackSettings } from "../stack.js";

/** With more services, docker opens so many connections at once that a default sshd refuses some (`MaxStartups`). */
const mostOverPlainSsh = 6;
const manyServices = 30;

export const stack: Area = {
  name: "stack",
  title: "Stacks",
  about:
    "Whole commands: `otto docker up` and `down` against `docker compose` with `DOCKER_HOST=ssh://`, and against `ssh PARENT docker compose` " +
    "with the files already on the parent. On links with a delay or a bastion: only the smallest stack.",
  usesLinks: true,
  open: async (bench) => {
    const image = await createImage();
    const links = [...bench.links.keys()];
    const counts = (link: LinkName) => (link === "direct" ? bench.services : bench.services.slice(0, 1));
    const rows = links.flatMap((link) =>
      counts(link).flatMap((count) => stackRows(bench, link, { count, image: image.tag })),
    );
    return { rows, [Symbol.asyncDispose]: () => image[Symbol.asyncDispose]() };
  },
};

interface StackShape {
  readonly count: number;
  readonly image: string;
}

function stackRows(bench: Bench, link: LinkName, { count, image }: StackShape): readonly Row[] {
  const { ssh, directory } = bench;
  const settings = (label: string): StackSettings => ({
    directory: join(directory, "stacks"),
    label: `${label}-${link}-${count}`,
    image,
    services: count,
    route: firstRoute(bench, link),
  });
  const ours = new Map(bench.subjects.map((subject) => [subject, ottoStack(subject, settings(subject.name))]));
  const theirs = [
    composeByHand(ssh.plain, settings("hand")),
    composeByHand(ssh.shared, settings("hand-shared")),
    composeOverSsh(ssh.shared, settings("over-shared")),
    ...(count <= mostOverPlainSsh ? [composeOverSsh(ssh.plain, settings("over"))] : []),
  ];
  const row = (verb: "up" | "unchanged" | "down", title: string): Row => ({
    what: `${title}, ${count} services`,
    link,
    cost: count >= manyServices && verb !== "unchanged" ? "far" : "heavy",
    ours: (subject) => contendersOf(required(ours, subject, `stack of ${subject.name}`))[verb],
    theirs: theirs.map((each) => contendersOf(each)[verb]),
  });
  const last = row("down", "down");
  const removeAll = () => removeContainers([...ours.values(), ...theirs]);
  return [row("up", "up"), row("unchanged", "unchanged up"), { ...last, done: removeAll }];
}

/** Removes containers that a failed `down` left behind. */
export function removeContainers(stacks: readonly Stack[]): void {
  const left = stacks.flatMap((stack) => stack.containers());
  if (left.length > 0) run("docker", "rm", "--force", ...left);
}
