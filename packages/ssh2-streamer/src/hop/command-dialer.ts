import { anySignal, cleanText, OttoError } from "@otto/errors";
import { formatCommandLine } from "../command/command-line.js";
import type { AgentSocket } from "../transport/agent-socket.js";
import type { Machine } from "./hop.js";
import { ProcessLine } from "./stdio-tunnel.js";

/** Takes a line that became idle; false when it needs none any more. */
type Taker = (line: ProcessLine) => boolean;

/**
 * Dials by a command that joins its stdin and stdout to a socket. Each stream holds a session, of which there are
 * few: one that an agent keeps idle is handed to who waits for one, or ended when a command waits for its session.
 */
export class CommandDialer {
  readonly #machine: Machine;
  readonly #argv: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  readonly #takers = new Set<Taker>();

  constructor(machine: Machine, argv: readonly string[], env: Readonly<Record<string, string>>) {
    this.#machine = machine;
    this.#argv = argv;
    this.#env = env;
  }

  /** A command that fails ends the stream with `SSH_FORWARDING_REFUSED`. */
  async dial(signal: AbortSignal | undefined): Promise<AgentSocket> {
    const handed = new AbortController();
    let taken: ProcessLine | undefined;
    const take: Taker = (line) => {
      if (taken !== undefined || signal?.aborted) return false;
      taken = line;
      handed.abort();
      return true;
    };
    this.#takers.add(take);
    try {
      const line = await this.#start(anySignal(handed.signal, signal));
      // Both came at once.
      if (taken !== undefined) line.process.close();
      return this.#open(taken ?? line);
    } catch (error) {
      if (taken === undefined) throw error;
      return this.#open(taken);
    } finally {
      this.#takers.delete(take);
    }
  }

  async #start(waitSignal: AbortSignal): Promise<ProcessLine> {
    let line: ProcessLine | undefined;
    const process = await this.#machine.start({
      line: formatCommandLine(this.#argv, { env: this.#env, tellsPid: true }),
      tellsPid: true,
      label: "a stream to the engine",
      lifetime: "long",
      waitSignal,
      reclaim: () => line !== undefined && endIdle(line),
    });
    line = new ProcessLine(process, (stderr) => this.#explain(stderr));
    return line;
  }

  #open(line: ProcessLine): AgentSocket {
    const socket = line.open();
    socket.onParked = () => this.#offer(line);
    return socket;
  }

  #offer(line: ProcessLine): void {
    const [take] = this.#takers;
    if (take === undefined || !line.isIdle || this.#machine.owesPlace) {
      this.#machine.offerParked();
      return;
    }
    this.#takers.delete(take);
    line.free();
    if (!take(line)) line.process.close();
    // Who still waits sees that it goes on.
    this.#machine.noteProgress();
  }

  #explain(stderr: string): OttoError {
    const { name } = this.#machine.endpoint;
    const command = this.#argv.join(" ");
    return new OttoError(
      "SSH_FORWARDING_REFUSED",
      `reaching the engine of ${name} by ${command}: ${cleanText(stderr)}`,
      {
        hint: "Check that docker runs there and that the login may use its socket, or allow forwarding in its sshd_config.",
        details: { hop: name, command },
      },
    );
  }
}

function endIdle(line: ProcessLine): boolean {
  if (!line.isIdle) return false;
  line.free();
  line.process.close();
  return true;
}
