import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { composeDown, composePs, composeUp, getContainerHost, openLab, type Repo } from "@otto/docker";
import { type HostOptions, type Lab, type LabHost, setLoginShell, startLab } from "@otto/lab";
import { afterAll, expect, test } from "vitest";
import { createDemoRepo } from "./demo-repo.js";

const execute = promisify(execFile);

interface OddLogin {
  /** Default: a user whom the lab makes. */
  readonly options?: HostOptions;
  readonly prepare?: (host: LabHost, directory: string) => Promise<void>;
}

/** The login has that shell, whose profiles print. */
const shell = (path: string, profiles: readonly string[]): OddLogin => ({
  prepare: async ({ user, homePath }) => {
    await setLoginShell(user, path);
    for (const profile of profiles) {
      const file = join(homePath, profile);
      await mkdir(join(file, ".."), { recursive: true });
      await writeFile(file, "echo welcome; sh -c 'echo careful >&2'\n");
    }
    await execute("chown", ["-R", `${user}:`, homePath]);
  },
});

/** A home outside of `/tmp`, where the lab's own are. */
const elsewhere = `/var/tmp/otto-odd-${randomBytes(4).toString("hex")}`;

afterAll(() => rm(elsewhere, { recursive: true, force: true }));

/** Each command of the login, which is root, has a `/tmp` of its own that is mounted so. */
const withTmp = (options: string): OddLogin => ({
  options: {
    environment: { HOME: elsewhere },
    sshdConfig: [
      `ForceCommand exec unshare --mount sh -c 'mount -t tmpfs -o ${options} tmpfs /tmp; eval "$SSH_ORIGINAL_COMMAND"'`,
    ],
  },
});

const logins: Readonly<Record<string, OddLogin>> = {
  "dash whose home has no profile": shell("/bin/dash", []),
  "bash whose .bashrc prints": shell("/bin/bash", [".bashrc"]),
  "zsh whose .zshenv prints": shell("/usr/bin/zsh", [".zshenv"]),
  "fish whose config.fish prints": shell("/usr/bin/fish", [".config/fish/config.fish"]),
  "tcsh whose .tcshrc prints": shell("/usr/bin/tcsh", [".tcshrc"]),
  "csh whose .cshrc prints": shell("/usr/bin/tcsh", [".cshrc"]),
  "busybox's ash": {
    prepare: async ({ user }, directory) => {
      await symlink("/bin/busybox", join(directory, "ash"));
      await setLoginShell(user, join(directory, "ash"));
    },
  },
  "Dropbear as its server": { options: { authentication: ["password"], server: "dropbear" } },
  "LANG=C": { options: { authentication: ["password"], environment: { LANG: "C", LC_ALL: "C" } } },
  "a /tmp mounted noexec": withTmp("noexec"),
  "a /tmp that is not writable": withTmp("ro"),
};

interface RefusedLogin extends OddLogin {
  /** What a command and an `up` end with. */
  readonly exec?: object;
  readonly up: string;
}

const notRun = (said: string) => ({
  exec: { code: "SSH_CHANNEL_REFUSED", message: expect.stringContaining(said) as string },
  up: "BUILD_FAILED",
});

/** What cannot work, and the error that says so. */
const refused: Readonly<Record<string, RefusedLogin>> = {
  "no home directory": { prepare: ({ homePath }) => rm(homePath, { recursive: true }), up: "STAGING_FAILED" },
  "a home that is not writable": {
    prepare: async ({ homePath }) => {
      await chown(homePath, 0, 0);
      await chmod(homePath, 0o555);
    },
    up: "STAGING_FAILED",
  },
  "a restricted shell": { prepare: ({ user }) => setLoginShell(user, "/bin/rbash"), ...notRun("restricted") },
  "a shell that refuses": {
    prepare: ({ user }) => setLoginShell(user, "/usr/sbin/nologin"),
    ...notRun("not available"),
  },
  "a forced command": {
    options: { authentication: ["password"], sshdConfig: ["ForceCommand echo backups only"] },
    ...notRun("backups only"),
  },
};

/** Opens a demo on a parent with that login. */
async function open({ options = { authentication: ["password"] }, prepare }: OddLogin) {
  const running: Lab<"parent"> = await startLab({ hosts: { parent: options } });
  await prepare?.(running.hosts.parent, running.directory);
  const demo = await createDemoRepo(running);
  const env = { OTTO_COMPOSE_SUFFIX: "ci" };
  const lab = await openLab({ cwd: demo.root, env, home: running.directory, lab: "lab", trusted: [demo.root] });
  return {
    running,
    demo,
    lab,
    repo: lab.repos[0] as Repo,
    async [Symbol.asyncDispose]() {
      await lab[Symbol.asyncDispose]();
      await demo[Symbol.asyncDispose]();
      await running[Symbol.asyncDispose]();
    },
  };
}

test.concurrent.each(Object.entries(logins))(
  "a login with %s: a stack is built, comes up, runs, has files put and got, and goes",
  async (_, login) => {
    await using opened = await open(login);
    const { demo, lab, repo, running } = opened;
    await demo.write("docker/häß lich!.txt", "first\n");
    const hosts = await composeUp(repo, lab);
    const parent = lab.parentFor(repo);
    try {
      expect(Object.keys(hosts).sort()).toEqual(["api", "web"]);
      const host = getContainerHost(`parent.${demo.name}.api`, lab);
      expect((await host.exec("cat /etc/marker; echo $COLOUR")).stdout.toString()).toBe("first\nred\n");
      const odd = ["it's\n!x \\", "ä*?", "", "$(id)"];
      const said = await parent.exec(["printf", "%s|", ...odd], { env: { ODD: odd[0] ?? "" } });
      expect(said.stdout.toString()).toBe(odd.map((word) => `${word}|`).join(""));
      const name = "häß lich!.txt";
      for (const [index, one] of [host, parent].entries()) {
        const there =
          index === 0 ? "/srv-ä" : (await parent.exec(["mktemp", "-d", "-p", "/var/tmp"])).stdout.toString().trim();
        await one.put(join(demo.root, "docker", name), `${there}/`);
        await one.get(`${there}/${name}`, join(running.directory, `got-${index}`));
        expect(await readFile(join(running.directory, `got-${index}`), "utf8")).toBe("first\n");
        await one.exec(["rm", "-r", there]);
      }
    } finally {
      expect(await composeDown(repo, lab)).toMatchObject({ status: "success" });
    }
    expect((await composePs(parent)).filter(({ Image }) => Image.startsWith(demo.name))).toEqual([]);
  },
);

test.concurrent.each(Object.entries(refused))(
  "a login with %s: what cannot work is refused by name",
  async (_, login) => {
    await using opened = await open(login);
    const { lab, repo } = opened;
    const outcome = await lab
      .parentFor(repo)
      .exec(["true"])
      .catch((error: unknown) => error);
    expect(outcome).toMatchObject(login.exec ?? { exitCode: 0 });
    await expect(composeUp(repo, lab)).rejects.toMatchObject({ code: login.up });
  },
);
