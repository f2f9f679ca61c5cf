// `otto run` loads this file as it is: nothing is compiled or installed for it.
import { composed } from "@otto/docker";
import { instruction } from "@otto/instructions";

export const smoke = instruction(
  {
    description: "asks the running api for its page",
    options: {
      times: { type: "number", default: 1, description: "how often" },
      path: { type: "string", default: "/", description: "which page" },
    },
  },
  async ({ repo, lab, options, log, signal }) => {
    // Up now; down at the end of this function, also after an error or Ctrl-C.
    await using stack = await composed(repo, lab, { services: ["api"], own: true, signal });
    const { api } = stack.hosts;
    for (let time = 1; time <= options.times; time += 1) {
      const page = await api.exec(["wget", "-q", "-O", "-", `http://127.0.0.1:8080${options.path}`], { signal });
      log.info(`${time}: ${page.stdout.toString().trim() || page.stderr.toString().trim()}`);
      // The result of an instruction is its exit code; so is that of a command.
      if (page.exitCode !== 0) return page;
    }
  },
);
