import { composeDown, composeUp } from "@otto/docker";
import { startLab } from "@otto/lab";
import { expect, test } from "vitest";
import { left, nothing, placeStackRepo } from "./stack-lab.js";

test("files that a container's root owns block neither up nor down of a login without root", async () => {
  const running = await startLab({ hosts: { parent: { authentication: ["password"] } } });
  const compose = `services:
  a: { image: "$IMAGE", init: true, volumes: ["./data:/data"] }
`;
  await using placed = await placeStackRepo(running, compose, { files: { "data/sub/shipped": "1\n" } });
  const { stack, lab, repo } = placed;
  const { a } = await composeUp(repo, lab);
  await a?.exec("mkdir -p /data/own/deep; echo x > /data/own/deep/file; chown -R 0:0 /data; chmod 700 /data /data/own");
  await stack.write("data/sub/shipped", "2\n");
  const again = await composeUp(repo, lab);
  const seen = await again.a?.exec("cat /data/sub/shipped /data/own/deep/file");
  expect(seen?.stdout.toString()).toBe("2\nx\n");
  expect(await composeDown(repo, lab)).toMatchObject({ status: "success" });
  expect(await left(stack.project)).toEqual(nothing);
  const parent = lab.parentFor(repo);
  const trees = await parent.exec("ls -A ~/.cache/otto/stacks");
  expect(trees.stdout.toString()).toBe("");
});
