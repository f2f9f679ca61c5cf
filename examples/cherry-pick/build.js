// A build script of its own that takes two packages: the context hash, and the tag made of it. An image is built only when
// no image of that tag is there; touched files, another checkout or another umask build nothing.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { contextHash } from "@otto/context";
import { imageFullTag } from "@otto/hashing";

const directory = join(import.meta.dirname, "api");
const image = {
  name: "api",
  context: directory,
  dockerfile: join(directory, "Dockerfile"),
  buildArgs: { GREETING: "hello" },
};

const tag = imageFullTag("", "cherry-pick", image, await contextHash(image));

if (spawnSync("docker", ["image", "inspect", tag], { stdio: "ignore" }).status === 0) {
  console.log(`skipped ${tag}`);
} else {
  const buildArgs = Object.entries(image.buildArgs).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);
  const argv = ["build", "--quiet", "--tag", tag, "--file", image.dockerfile, ...buildArgs, image.context];
  const { status } = spawnSync("docker", argv, { stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) process.exit(1);
  console.log(`built ${tag}`);
}
