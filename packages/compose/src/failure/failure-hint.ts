import type { ContainerReport } from "./container-report.js";
import { formatMemory } from "./exit-meaning.js";
import { unwrapStartError } from "./start-error.js";

/** What is known of a failure. Texts are clean. */
export interface FailureFacts {
  /** Id of the parent. */
  readonly host: string;
  readonly service: string | undefined;
  /** Undefined where there is no container. */
  readonly container: ContainerReport | undefined;
  /** What Compose said at its end, where it broke off; else empty. */
  readonly output: string;
}

/** What to do about a failure, by its cause; undefined where the service's own log is all there is to go by. */
export function adviseFailure(facts: FailureFacts): string | undefined {
  for (const advise of advisers) {
    const advice = advise(facts);
    if (advice !== undefined) return advice;
  }
  return undefined;
}

type Adviser = (facts: FailureFacts) => string | undefined;

/** What kept the engine from making or starting the container. */
function startTextOf({ container, output }: FailureFacts): string {
  return container?.startError ? container.startError : output;
}

/** Engine 20.10 to 28; Podman 5 says "address already in use" too. */
const takenPort: Adviser = (facts) => {
  const text = startTextOf(facts);
  const { host } = facts;
  const isEngines = /port is already allocated/.test(text);
  if (!isEngines && !/address already in use/.test(text)) return undefined;
  const port = /:(\d+)(?:: bind:| failed:|\/(?:tcp|udp))/.exec(text)?.[1];
  const subject = port === undefined ? `A port of ${host} is taken` : `Port ${port} of ${host} is taken`;
  const look = isEngines ? `otto docker ps --all-stacks --on ${host}` : `otto host ${host} exec ss -ltnp`;
  return `${subject}. To see what uses it, run: ${look}. Stop that, or publish another port in the compose file.`;
};

const missingBind: Adviser = (facts) => {
  const path = /bind source path does not exist: (\S.*)$/m.exec(startTextOf(facts))?.[1];
  if (path === undefined) return undefined;
  return `${path} is not on ${facts.host}: make it there, or mount a path of the repository, which otto sends.`;
};

const mountedKind: Adviser = (facts) => {
  if (!/mount a directory onto a file/.test(startTextOf(facts))) return undefined;
  const source = /error mounting "([^"]+)" to rootfs at "([^"]+)"/.exec(startTextOf(facts));
  if (source === null) return undefined;
  return `The mount of ${source[2]} has a directory where the image has a file, or the other way round: correct its source in the compose file.`;
};

const missingUser: Adviser = (facts) => {
  const user = /unable to find (user|group) ([^:]+): /.exec(startTextOf(facts));
  if (user === null) return undefined;
  return `The image ${imageOf(facts)} has no ${user[1]} ${user[2]}: correct \`user\`, use a number, or add it in the Dockerfile.`;
};

const missingDevice: Adviser = (facts) => {
  const text = startTextOf(facts);
  const device = /adding custom device "([^"]+)"/.exec(text)?.[1];
  if (device !== undefined) return `${facts.host} has no ${device}: correct \`devices\`, or load the driver there.`;
  const driver = /could not select device driver "([^"]*)"/.exec(text)?.[1];
  if (driver === undefined) return undefined;
  return `The engine of ${facts.host} has no device driver "${driver}": install it there (for nvidia, nvidia-container-toolkit), or choose a host that has it.`;
};

const missingNetwork: Adviser = (facts) => {
  const name = /network (\S+) (?:declared as external, but could not be found|not found)/.exec(facts.output)?.[1];
  if (name === undefined) return undefined;
  return `The network ${name} is external and must be there: otto host ${facts.host} exec docker network create ${name}`;
};

const fullDisk: Adviser = (facts) => {
  const text = `${startTextOf(facts)}\n${facts.container?.logs ?? ""}`;
  if (!/no space left on device/i.test(text)) return undefined;
  return `A disk of ${facts.host} is full. To see what takes it, run: otto host ${facts.host} exec docker system df`;
};

const otherProcessor: Adviser = (facts) => {
  const text = `${startTextOf(facts)}\n${facts.container?.logs ?? ""}`;
  if (!/exec format error/i.test(text)) return undefined;
  return `Programs of the image ${imageOf(facts)} are not for the processor of ${facts.host}: set \`platform\` to that of the host and build or pull it anew. A script needs a first line as #!/bin/sh.`;
};

const outOfMemory: Adviser = ({ host, container }) => {
  if (container?.isOutOfMemory !== true) return undefined;
  const { memoryLimit } = container;
  if (memoryLimit === undefined)
    return `${host} had no memory left: stop what it does not need, or give the service a limit.`;
  return `Raise its memory limit, now ${formatMemory(memoryLimit)} (\`mem_limit\`, \`deploy.resources.limits.memory\`), or have it use less.`;
};

/** runc, crun, and tini, which `init: true` starts. */
const missingProgram: Adviser = (facts) => {
  const { container } = facts;
  const ended = container?.exitCode === 127 && container.startError === "" ? container.logs : "";
  const text = unwrapStartError(startTextOf(facts));
  const program =
    /exec: "([^"]+)": (?:executable file not found|stat .*no such file|no such file)/.exec(text)?.[1] ??
    /executable file `([^`]+)` not found/.exec(text)?.[1] ??
    /exec (\S+) failed: No such file/.exec(ended)?.[1] ??
    /(?:^|: )(?:\d+: )?([\w./+-]+): (?:command )?not found$/m.exec(ended)?.[1];
  if (program === undefined) return undefined;
  const script = program.includes("/")
    ? " Of a script, also the program that its first line names must be there (with LF line ends)."
    : "";
  return `The image ${imageOf(facts)} has no program ${program}: correct \`command\` or \`entrypoint\`, or install it in the Dockerfile.${script}`;
};

const deniedProgram: Adviser = (facts) => {
  const { container } = facts;
  const text = unwrapStartError(startTextOf(facts));
  const program =
    /exec: "([^"]+)": (?:permission denied|is a directory)/.exec(text)?.[1] ??
    (container?.exitCode === 126 ? /exec (\S+) failed: Permission denied/.exec(container.logs)?.[1] : undefined);
  if (program === undefined) return undefined;
  return `${program} cannot be executed in the image ${imageOf(facts)}: name a program, or make the file executable (chmod +x).`;
};

const readOnlyRoot: Adviser = ({ container }) => {
  if (container?.hasReadOnlyRoot !== true || !/read-only file ?system/i.test(container.logs)) return undefined;
  const path = /(\/[^\s:'"]*)['"]?: Read-only file ?system/i.exec(container.logs)?.[1];
  return `Its root file system is read-only (\`read_only: true\`): mount a volume or a tmpfs where it writes${path === undefined ? "" : `, ${path}`}.`;
};

const missingProbe: Adviser = (facts) => {
  const { container } = facts;
  if (container?.probe === undefined || container.health === "healthy" || !isRunning(container)) return undefined;
  const { output, exitCode } = container.probe;
  const program =
    /exec: "([^"]+)": (?:executable file not found|stat .*no such file)/.exec(output)?.[1] ??
    /executable file `([^`]+)` not found/.exec(output)?.[1] ??
    (exitCode === 127 ? /(?:^|: )(?:\d+: )?([\w./+-]+): (?:command )?not found$/m.exec(output)?.[1] : undefined);
  if (program === undefined) return undefined;
  return `The health check runs ${program}, which the image ${imageOf(facts)} does not have: use a program that it has, or install it in the Dockerfile.`;
};

/** Engine 20.10 to 28. */
const lateProbe: Adviser = ({ container }) => {
  const limit = /Health check exceeded timeout \(([^)]+)\)/.exec(container?.probe?.output ?? "")?.[1];
  if (limit === undefined || container === undefined || !isRunning(container)) return undefined;
  return `The health check did not end within ${limit}: make it faster, or raise \`healthcheck.timeout\`.`;
};

const advisers: readonly Adviser[] = [
  ...[takenPort, missingBind, mountedKind, missingUser, missingDevice, missingNetwork, fullDisk, otherProcessor],
  ...[outOfMemory, missingProgram, deniedProgram, readOnlyRoot, missingProbe, lateProbe],
];

function isRunning({ state }: ContainerReport): boolean {
  return state === "running";
}

function imageOf({ container }: FailureFacts): string {
  return container?.image || "of the service";
}
