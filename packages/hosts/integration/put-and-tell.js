// Puts a file into a container, and says so as soon as bytes of it go.
import { createLocalParent, DockerContainerHost } from "@otto/hosts";

const [project = "", service = "", source = "", destination = ""] = process.argv.slice(2);
const docker = { command: ["docker"], stagingRoot: undefined };
const { engine } = createLocalParent({ id: "local", docker, socketPath: undefined, env: process.env });
const host = new DockerContainerHost({ id: "local.files.killed", service, project, replica: 1, engine });
let isTold = false;
await host.put(source, destination, {
  onProgress: () => {
    if (!isTold) process.stdout.write("putting\n");
    isTold = true;
  },
});
