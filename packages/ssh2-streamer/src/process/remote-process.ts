import type { Readable } from "node:stream";
import { isWithin, toError } from "@otto/errors";
import type { RemoteProcess } from "../command/command.js";
import { createStartFilter, type StartOutputs } from "../command/start-mark.js";
import { notRunError } from "../route/failure.js";
import type { Connection, ExecChannel, ExecRequest, OpenFailure } from "../transport/transport.js";
import { createProcessEnd } from "./process-end.js";
import { endGroupMs } from "./process-group.js";

/** A process that got a signal by its channel has this long to end. */
const signalGraceMs = 1500;
/** Output of a process that is gone comes within this, or something outside its group still holds it open. */
const drainGraceMs = 100;
/** What a process started ends within this once the process has. */
const othersGraceMs = 500;

/** Reaches a process group by another session: sshd passes no signals on to the processes of root. */
export interface GroupControl {
  end(groupId: number): Promise<void>;
  signal(groupId: number, signal: string): Promise<void>;
}

export interface ProcessRequest extends Pick<ExecRequest, "line" | "label" | "terminal"> {
  /** Which outputs begin with the process id; see {@link formatCommandLine}. Default: none. */
  readonly tellsPid?: StartOutputs | undefined;
  /** Ends the process. */
  readonly signal?: AbortSignal | undefined;
}

/** A process whose channel can be closed under it. */
export interface ChannelProcess extends RemoteProcess {
  /** Ends the process, waits until it is gone, and closes the channel. */
  end(): Promise<void>;
  /** Closes the channel: the process reads the end of its stdin, and cannot write any more. */
  close(): void;
}

/**
 * Starts a process in a session of a connection.
 * @param onClosed called once, when the channel is closed or the connection is lost
 */
export async function startProcess(
  connection: Connection,
  request: ProcessRequest,
  { groups, onClosed }: { readonly groups: GroupControl; readonly onClosed: () => void },
): Promise<ChannelProcess | OpenFailure> {
  const { label, line, terminal, signal, tellsPid } = request;
  const done = createProcessEnd();
  let groupId: number | undefined;
  let tellGroup: (groupId: number) => void = () => {};
  const group = new Promise<number>((resolve) => {
    tellGroup = resolve;
  });
  /** Of a process that has ended and has not told of its start yet: the server may tell the end before the output. */
  let heldCode: number | undefined;
  const onStart = (pid: number) => {
    groupId = pid;
    tellGroup(pid);
    if (heldCode !== undefined) done.note({ exitCode: heldCode });
  };
  const isTerminal = tellsPid === "terminal";
  const stdoutFilter = createStartFilter({ keepsProfile: isTerminal, isTerminal, ...(isTerminal && { onStart }) });
  const stderrFilter = createStartFilter({ keepsProfile: true, isTerminal, ...(!isTerminal && { onStart }) });
  const filters = tellsPid === undefined ? undefined : { stdout: stdoutFilter, stderr: stderrFilter };
  const channel = await connection.openExec({ line, label, terminal, filters });
  if ("why" in channel) return channel;
  const { stdin, stdout, stderr } = channel;
  const end = async () => {
    // A process that has only just started tells its group in a moment.
    if (tellsPid !== undefined && groupId === undefined) {
      await isWithin(Promise.race([group, done.gone]), signalGraceMs);
    }
    const ending = { channel, connection, gone: done.gone, groupId, groups };
    if (tellsPid === "both") await endProcess(ending);
    else await hangUp(ending);
    channel.close();
  };
  const onAbort = () => {
    done.beginEnding();
    void end().then(() => {
      done.fail(signal?.reason);
      abandon([stdout, stderr], signal?.reason);
    });
  };
  const leave = () => {
    signal?.removeEventListener("abort", onAbort);
    onClosed();
  };
  channel.exit.then(
    (exit) => {
      if (tellsPid === "both" && stderrFilter.held !== undefined && exit.exitCode !== undefined)
        heldCode = exit.exitCode;
      else done.note(exit);
    },
    (error: unknown) => done.fail(error),
  );
  channel.closed.then(
    () => {
      const said = [stdoutFilter.held, stderrFilter.held].filter((bytes) => bytes !== undefined);
      if (heldCode === undefined || said.length < 2) done.note({ exitCode: heldCode });
      else done.noteFailure(notRunError(connection.endpoint, label, { exitCode: heldCode, said: Buffer.concat(said) }));
      leave();
    },
    (error: unknown) => {
      done.fail(error);
      leave();
    },
  );
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  return {
    stdin,
    stdout,
    stderr,
    exit: done.exit,
    kill: (name = "SIGTERM") => {
      const isReachable = () => connection.isOpen && !channel.hasServerEnded;
      if (tellsPid === undefined && isReachable()) channel.signal(name);
      else void group.then((id) => (isReachable() ? groups.signal(id, name) : undefined)).catch(() => {});
    },
    resize: (columns, rows) => channel.resize(columns, rows),
    end,
    close: () => channel.close(),
  };
}

interface Ending {
  readonly channel: ExecChannel;
  readonly connection: Connection;
  readonly gone: Promise<void>;
  readonly groupId: number | undefined;
  readonly groups: GroupControl;
}

async function endProcess({ channel, connection, gone, groupId, groups }: Ending): Promise<void> {
  if (!connection.isOpen) return;
  // A closed channel says it first: zombies that their parent does not collect still count as a group.
  const ended = channel.closed.then(
    () => "ended" as const,
    () => "ended" as const,
  );
  // Ending it may take a connection of its own, which takes as long as this one did.
  const limitMs = 2 * (endGroupMs + connection.connectMs);
  const ending = groupId === undefined ? "refused" : endGroup(groups, groupId, limitMs);
  const outcome = await Promise.race([ending, ended]);
  if (outcome === "refused") await signalTwice(channel, connection, gone);
  // Nor would a server that is silent tell what became of a signal.
  if (outcome === "late") channel.signal("SIGKILL");
  // Dropbear closes a channel once its first process is gone, whatever else writes to it.
  if (outcome === "ended" && connection.isOpen) await isWithin(Promise.resolve(ending), othersGraceMs);
  await isWithin(ended, drainGraceMs);
}

/** sshd hangs up on the processes of a terminal whose channel is closed; Dropbear goes on until the first of them ends. */
async function hangUp({ channel, connection, groupId, groups }: Ending): Promise<void> {
  if (!connection.isOpen) return;
  channel.signal("SIGHUP");
  channel.close();
  const closed = channel.closed.catch(() => {});
  if ((await isWithin(closed, drainGraceMs + connection.connectMs)) || groupId === undefined) return;
  await isWithin(
    groups.signal(groupId, "SIGHUP").catch(() => {}),
    2 * (endGroupMs + connection.connectMs),
  );
}

async function endGroup(groups: GroupControl, groupId: number, limitMs: number): Promise<"ended" | "refused" | "late"> {
  const ending = groups.end(groupId).then(
    () => "ended" as const,
    () => "refused" as const,
  );
  return (await isWithin(ending, limitMs)) ? ending : "late";
}

async function signalTwice(channel: ExecChannel, connection: Connection, gone: Promise<void>): Promise<void> {
  for (const signal of ["SIGTERM", "SIGKILL"]) {
    if (!connection.isOpen) return;
    channel.signal(signal);
    if (await isWithin(gone, signalGraceMs)) return;
  }
}

function abandon(streams: readonly Readable[], error: unknown): void {
  for (const stream of streams) stream.destroy(toError(error));
}
