import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startLab } from "./lab.js";
import { labJson } from "./lab-json.js";

const usage = "usage: pnpm lab up     start a bastion and a parent behind it, until Ctrl-C\n";

async function runUp(): Promise<void> {
  await using lab = await startLab({ hosts: { bastion: {}, parent: { hop: "bastion" } } });
  const labDirectory = join(lab.directory, "lab_data");
  await mkdir(labDirectory);
  await writeFile(join(labDirectory, "lab.json"), `${JSON.stringify(labJson(lab), null, 2)}\n`);
  process.stdout.write(formatGuide(labDirectory));
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM"), once(process, "SIGHUP"), keepAlive()]);
  process.stdout.write("\nlab: stopping\n");
}

function formatGuide(labDirectory: string): string {
  return `lab: two sshd on loopback, bastion and (behind it) parent, in front of this machine's engine.

  ${join(labDirectory, "lab.json")}

In a project's .otto/settings.toml:

  [[lab.sources]]
  backend = "json"
  paths = ["${labDirectory}"]

Then, in that project:

  otto --lab lab --list-hosts
  otto --lab lab docker up --on parent

Ctrl-C ends it.
`;
}

// Signal handlers alone do not keep a process running.
function keepAlive(): Promise<never> {
  return new Promise(() => {
    setInterval(() => {}, 1 << 30);
  });
}

if (process.argv[2] === "up" && process.argv.length === 3) {
  await runUp();
  process.exit(0);
}
process.stderr.write(usage);
process.exit(2);
