import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { readImageFile } from "@otto/lab";
import { afterAll, expect, test } from "vitest";
import { type BuildRepo, build, createShellRepo, parent } from "./local-build.js";

const execute = promisify(execFile);
afterAll(() => parent[Symbol.asyncDispose]());

const proxies = (host: string) => ({
  httpProxy: `http://ada:lovelace-1815@${host}:3128`,
  httpsProxy: `http://${host}:3129`,
  noProxy: "localhost,.example",
  ftpProxy: `http://${host}:3130`,
});

async function writeProxies(repo: BuildRepo, host: string): Promise<Record<string, string>> {
  await repo.write("docker/config.json", JSON.stringify({ proxies: { default: proxies(host) } }));
  return { DOCKER_CONFIG: join(repo.root, "docker") };
}

const readProxies = (image: string) => readImageFile(image, "/proxies");

test.concurrent.each([
  ["POST /build", ""],
  ["BuildKit itself", `additional_contexts = { other = "context" }\n`],
])("the proxies of config.json reach the steps as by docker build, and nothing else, by %s", async (_, settings) => {
  // The builder's cache takes steps with other proxies for the same.
  const step = `RUN : ${randomUUID()}; env | grep -i _proxy | sort >/proxies\n`;
  await using repo = await createShellRepo(step, `${settings}build_args = { ftp_proxy = "own", FTP_PROXY = "own" }\n`);
  const env = await writeProxies(repo, "one.invalid");
  const { result } = await build(await repo.load(), { env });
  const own = `${repo.name}:own`;
  const flags = [
    "--no-cache",
    "--quiet",
    "--build-arg",
    "ftp_proxy=own",
    "--build-arg",
    "FTP_PROXY=own",
    "--label",
    `otto.repo=${repo.name}`,
  ];
  await execute("docker", ["build", ...flags, "-t", own, join(repo.root, "context")], {
    env: { ...process.env, ...env },
  });
  expect(await readProxies(result.message)).toBe(await readProxies(own));
  expect(await readProxies(own)).toContain("one.invalid");
  for (const command of ["history", "inspect"]) {
    const noTrunc = command === "history" ? ["--no-trunc"] : [];
    expect((await execute("docker", ["image", command, ...noTrunc, result.message])).stdout).not.toContain(
      "one.invalid",
    );
  }
  const other = await writeProxies(repo, "two.invalid");
  expect((await build(await repo.load(), { env: other })).result.status).toBe("skipped");
});

test("a proxy's password is redacted in the output", async () => {
  await using repo = await createShellRepo("RUN echo $HTTP_PROXY; exit 1\n");
  const env = await writeProxies(repo, "one.invalid");
  const { result, output } = await build(await repo.load(), { env });
  expect(output).toContain("@one.invalid:3128");
  expect(output + JSON.stringify(result)).not.toContain("lovelace-1815");
});
