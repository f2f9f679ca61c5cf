/** What is answered to a word that Docker's users, or others, type: the command that it is, or what to do instead. */
export type Answer = { readonly runs: readonly string[] } | { readonly says: string };

const prune =
  "otto removes only what is of its stacks: otto down --volumes --rmi local. For the rest of a machine: otto host HOST exec docker system prune";
const registryLogin =
  "otto uses the logins of this machine's Docker configuration: docker login REGISTRY. A shell on a host: otto host HOST login";
const files = "The Compose files of a stack are in .otto/settings.toml, [[docker.composes]]";

/** First words that are no command of otto, by what is meant. Those of two words go before those of one. */
const words: Readonly<Record<string, Answer>> = {
  ...spread(["ssh", "shell", "sh", "bash", "enter", "console"], { runs: ["host", "login"] }),
  ...spread(["hosts", "machines", "context ls", "context list", "list-hosts"], { runs: ["--list-hosts"] }),
  ...spread(["labs", "list-labs"], { runs: ["--list-labs"] }),
  ...spread(["status", "ls", "list", "container ls", "container ps", "containers"], { runs: ["docker", "ps"] }),
  ...spread(["image build", "buildx build"], { runs: ["docker", "build"] }),
  ...spread(["container stop", "container start", "container restart", "container kill", "container logs"], {
    says: "Services go by their names: otto stop web, otto logs web",
  }),
  ...spread(["prune", "system prune", "image prune", "volume prune", "network prune", "container prune"], {
    says: prune,
  }),
  ...spread(["builder prune", "buildx prune", "system df", "system", "clean", "gc", "rmi"], { says: prune }),
  ...spread(["login", "logout"], { says: registryLogin }),
  attach: { says: "What a service writes: otto logs -f SERVICE. A shell in it: otto host SERVICE login" },
  push: { says: "Build and push: otto build --push" },
  tag: { says: "An image has two tags: latest and the hash of its inputs. Push both: otto build --push" },
  create: { says: "Bring it up, which creates and starts: otto up" },
  rm: { says: "Remove containers of services: otto down SERVICE. Of the whole stack: otto down" },
  ...spread(["remove", "destroy", "delete", "teardown", "undeploy"], { says: "Take the stack down: otto down" }),
  ...spread(["deploy", "apply", "launch", "redeploy", "reload", "update"], {
    says: "Bring the stack up, or to what is declared: otto up",
  }),
  rebuild: { says: "With the layer cache: otto build --rebuild. Without: otto build --no-cache" },
  scale: { says: "otto up --scale SERVICE=COUNT" },
  watch: { says: "Run otto up after a change: it sends and replaces what changed. Logs go on with otto logs -f" },
  ...spread(["put", "get", "upload", "download", "scp", "rsync"], {
    says: "otto host HOST put SRC... DEST, and otto host HOST get SRC... DEST",
  }),
  ...spread(["forward", "tunnel", "port-forward", "proxy"], { says: "otto host HOST forward LOCAL:REMOTE" }),
  ...spread(["setup", "new"], { says: "Write first settings: otto init" }),
  ...spread(["check", "diagnose", "info", "system info"], { says: "Look at hosts and the way to them: otto doctor" }),
  ...spread(["context", "context use", "machine"], {
    says: "List the hosts of the lab: otto --list-hosts. Choose one with --on HOST, a lab with --lab NAME",
  }),
  ...spread(["volume", "network", "volume ls", "network ls"], {
    says: "Ask the host's Docker: otto host HOST exec docker volume ls",
  }),
  ...spread(["swarm", "stack", "service", "node", "secret"], {
    says: 'A stack with engine = "swarm" in [[docker.composes]] is rolled out on a Docker Swarm: otto up. The swarm itself: otto host HOST exec docker swarm …',
  }),
  version: { runs: ["--version"] },
  instructions: { runs: ["run"] },
  tests: { runs: ["test"] },
  image: { says: "Build the images of the settings: otto build. See which there are: otto build --dry-run" },
  container: { says: "otto ps, otto exec SERVICE COMMAND, otto logs SERVICE" },
  ...spread(["buildx", "builder", "bake"], { says: "Build the images of the settings: otto build" }),
  commit: { says: "An image is built from what its settings name: otto build" },
  ...spread(["save", "load", "export", "import"], {
    says: "otto sends only what a build lacks: otto build. Files of a container: otto host SERVICE get SRC DEST",
  }),
};

/** Verbs of docker that otto has not; one that it gets goes before its answer. */
const missingVerbs: Readonly<Record<string, Answer>> = {
  events: {
    says: "What otto does, as it happens: otto up --json. What the engine does: otto host HOST exec docker events",
  },
};

/** Words behind `otto host HOST` that are no verb of it; any other is taken for a command to run there. */
const hostWords: Readonly<Record<string, "login" | "copy">> = {
  ...spread(["ssh", "shell", "sh", "bash", "enter", "console", "connect", "attach"], "login"),
  ...spread(["cp", "copy", "scp", "rsync", "upload", "download"], "copy"),
};

/** Options that docker and compose take before their verb. */
const leading: Readonly<Record<string, string>> = {
  ...spread(["-f", "--file"], `${files}: path = "other.yml". Then: otto up`),
  ...spread(
    ["-p", "--project-name"],
    "A project is called otto-REPOSITORY-YOU. For a second copy of the stack: OTTO_COMPOSE_SUFFIX=NAME otto up",
  ),
  "--project-directory":
    "A stack's directory is that of its Compose file. To work on another repository: --repo NAME, or OTTO_SUT_DIRS=DIRECTORY",
  "--env-file":
    "Variables come from the environment and from .env beside the Compose file: set -a; . ./FILE; set +a; otto up",
  "--profile": "Profiles choose what comes up: otto up --profile NAME. Other commands see all services that are there",
  ...spread(["-H", "--host"], "Name the machine with --on: otto --on ssh://user@host ps"),
  ...spread(["-c", "--context"], "Name the machine with --on: otto --on HOST ps. The hosts: otto --list-hosts"),
  ...spread(["-D", "--debug", "--verbose"], "Say more: --log-level debug"),
  "--config": "The Docker configuration is that of DOCKER_CONFIG, else ~/.docker",
  "--ansi": "Without colour: --no-color. As lines: --progress plain",
  ...spread(["--parallel", "--compatibility", "--all-resources"], "Leave it out: otto chooses it"),
  ...spread(
    ["--tls", "--tlsverify", "--tlscacert", "--tlscert", "--tlskey"],
    "otto reaches engines over SSH: --on ssh://user@host",
  ),
};

const inImage = (key: string) =>
  `It is a setting of the image, so that up builds the same: ${key} of [[docker.images]] in .otto/settings.toml. Then: otto build`;
const background = "A stack is brought up in the background. Its logs: otto logs -f";

/** Options of docker's that commands of otto do not take, by the command. */
const options: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "docker build": {
    ...spread(
      ["-t", "--tag"],
      "Tags are latest and the hash of the inputs. The name is `name` of [[docker.images]] in .otto/settings.toml: otto build NAME",
    ),
    ...spread(["-f", "--file"], inImage("dockerfile")),
    "--target": inImage("target"),
    "--platform": inImage("platform"),
    "--secret": inImage("secrets"),
    "--ssh": inImage("ssh"),
    "--label": inImage("labels"),
    "--cache-from": inImage("cache_from"),
    "--network": inImage("network"),
    "--add-host": inImage("add_hosts"),
    "--shm-size": inImage("shm_size"),
    "--build-context": inImage("additional_contexts"),
    ...spread(
      ["-o", "--output", "--load"],
      "The image is on the parent when it is built: otto build. To push it: otto build --push",
    ),
    "--no-cache-filter": "Without the layer cache: otto build --no-cache",
    "--build": "otto build builds what changed; otto up builds and brings up",
  },
  "docker up": {
    "--no-wait":
      "up waits until services are up, so that a failure is seen. For a shorter time: otto up --wait-timeout SECONDS",
    "--no-detach": background,
    ...spread(
      ["--attach", "--no-attach", "--attach-dependencies", "--no-log-prefix", "--timestamps", "--menu"],
      background,
    ),
    ...spread(
      ["--abort-on-container-exit", "--abort-on-container-failure", "--exit-code-from"],
      "For a run with an end: otto test, or an instruction: otto run NAME",
    ),
    ...spread(
      ["--no-recreate", "--no-start"],
      "See what up would do: otto up --dry-run. Start what is there: otto start",
    ),
    "--always-recreate-deps": "Name them too: otto up --force-recreate SERVICE...",
    ...spread(
      ["-V", "--renew-anon-volumes"],
      "Take it down with its volumes and up again: otto down --volumes, otto up",
    ),
    ...spread(["-w", "--watch"], "Run otto up after a change: it sends and replaces what changed"),
    "--rebuild": "otto build --rebuild, then otto up",
    "--no-cache": "otto build --no-cache, then otto up",
    "--build-arg": "otto build --build-arg NAME=VALUE, then otto up --no-build",
    "--push": "otto build --push, then otto up",
  },
  "docker down": {
    ...spread(["-f", "--force"], "otto down --timeout 0"),
  },
};

function spread<Value>(keys: readonly string[], value: Value): Record<string, Value> {
  return Object.fromEntries(keys.map((key) => [key, value]));
}

/** The answer to the first words of a line that are no command; undefined: there is none. @param given up to two words */
export function answerWords(given: readonly string[]): { readonly answer: Answer; readonly count: number } | undefined {
  for (const count of [2, 1]) {
    const key = given.slice(0, count).join(" ");
    const table = Object.hasOwn(words, key) ? words : missingVerbs;
    if (given.length < count || !Object.hasOwn(table, key)) continue;
    const answer = table[key];
    if (answer !== undefined) return { answer, count };
  }
  return undefined;
}

/** The answer to a word behind a host that is no verb; in `otto host ssh HOST` the word stands first. */
export function answerHostWord(host: string, [word = "", ...more]: readonly string[]): Answer {
  const isAction = (it: string) => Object.hasOwn(hostWords, it);
  if (isAction(host) && !isAction(word)) return answerHostWord(word, [host, ...more]);
  if (!isAction(word)) return { says: `Run it there: otto host ${host} exec ${[word, ...more].join(" ")}` };
  if (hostWords[word] === "login") return { runs: ["host", "login", host] };
  return { says: `otto host ${host} put SRC... DEST, or otto host ${host} get SRC... DEST` };
}

/** What to do instead of an option that a command does not take. @param command its words, none of those before it */
export function answerOption(command: string, flag: string): string | undefined {
  const own = Object.hasOwn(options, command) ? options[command] : undefined;
  if (own !== undefined && Object.hasOwn(own, flag)) return own[flag];
  return Object.hasOwn(leading, flag) ? leading[flag] : undefined;
}

/** All words that are no command in any case. */
export const answeredWords: readonly string[] = Object.keys(words);
