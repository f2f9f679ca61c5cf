// Puts a file into a container, says so as soon as bytes of it go, and stops there.
import { createLocalParent, DockerContainerHost } from "@otto/hosts";

const [project = "", service = "", source = "", destination = ""] = process.argv.slice(2);
const docker = { command: ["docker"], stagingRoot: undefined };
const { engine } = createLocalParent({ id: "local", docker, socketPath: undefined, env: process.env });
const host = new DockerContainerHost({ id: "local.files.killed", service, project, replica: 1, engine });
await host.put(source, destination, {
  onProgress: () => {
    process.stdout.write("putting\n");
    process.kill(process.pid, "SIGSTOP");
  },
});
