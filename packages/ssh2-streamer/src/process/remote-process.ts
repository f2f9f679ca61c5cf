import type { Readable } from "node:stream";
import { isWithin } from "@otto/errors";
import type { ClientChannel } from "ssh2";
import type { RemoteProcess } from "../command/command.js";
import { createStartFilter } from "../command/start-mark.js";
import { notRunError } from "../route/failure.js";
import { readChannel, writeChannel } from "../ssh2/channel-streams.js";
import type { Connection } from "../ssh2/connection.js";
import { hasServerEnded, sendSignal } from "../ssh2/internals.js";
import { createProcessEnd } from "./process-end.js";
import { endGroupMs } from "./process-group.js";

/** A process that got a signal by its channel has this long to end. */
const signalGraceMs = 1500;
/** Output of a process that is gone comes within this, or something outside its group still holds it open. */
const drainGraceMs = 100;

/** Reaches a process group by another session: sshd passes no signals on to the processes of root. */
export interface GroupControl {
  end(groupId: number): Promise<void>;
  signal(groupId: number, signal: string): Promise<void>;
}

export interface ProcessSetting {
  readonly connection: Connection;
  /** What runs, for messages. */
  readonly label: string;
  /** Whether stdout and stderr begin with the process id. */
  readonly tellsPid: boolean;
  readonly groups: GroupControl;
  readonly signal: AbortSignal | undefined;
  /** Called once, when the channel is closed or the connection is lost. */
  readonly onClosed: () => void;
}

/** A process whose channel can be closed under it. */
export interface ChannelProcess extends RemoteProcess {
  /** Ends the process, waits until it is gone, and closes the channel. */
  end(): Promise<void>;
  /** Closes the channel: the process reads the end of its stdin, and cannot write any more. */
  close(): void;
}

/** Makes the process of a channel. Must be called in ssh2's callback: what the channel says next is lost otherwise. */
export function createProcess(channel: ClientChannel, setting: ProcessSetting): ChannelProcess {
  const { connection, signal, groups } = setting;
  let groupId: number | undefined;
  let tellGroup: (groupId: number) => void = () => {};
  const group = new Promise<number>((resolve) => {
    tellGroup = resolve;
  });
  // What a profile says on stdout is no output of the command.
  const outFilter = createStartFilter({ keepsProfile: false });
  const errFilter = createStartFilter({
    keepsProfile: true,
    onStart: (pid) => {
      groupId = pid;
      tellGroup(pid);
      if (heldCode !== undefined) done.note({ exitCode: heldCode });
    },
  });
  const stdin = writeChannel(channel);
  const stdout = readChannel(channel, setting.tellsPid ? outFilter : undefined);
  const stderr = readChannel(channel.stderr, setting.tellsPid ? errFilter : undefined);
  // Who waits for `exit` alone must not be ended by an error event nobody listens to.
  for (const stream of [stdin, stdout, stderr]) stream.on("error", () => {});
  const done = createProcessEnd();
  /** Of a process that has ended and has not told of its start yet: the server may tell the end before the output. */
  let heldCode: number | undefined;
  const leave = createOnce(() => {
    forgetLoss();
    signal?.removeEventListener("abort", onAbort);
    stdin.closeByPeer();
    setting.onClosed();
  });
  const end = async () => {
    if (setting.tellsPid) {
      // A process that has only just started tells its group in a moment.
      if (groupId === undefined) await isWithin(Promise.race([group, done.gone]), signalGraceMs);
      await endProcess({ channel, connection, gone: done.gone, groupId, groups });
    }
    // A terminal hangs up on its processes by itself.
    channel.close();
  };
  const onAbort = () => {
    done.beginEnding();
    void end().then(() => {
      done.fail(signal?.reason);
      abandon([stdout, stderr], signal?.reason);
    });
  };
  channel.once("exit", (code: number | null, name?: string) => {
    if (setting.tellsPid && errFilter.held !== undefined && code !== null) heldCode = code;
    else done.note({ exitCode: code ?? undefined, signal: name });
  });
  channel.once("close", () => {
    const said = [outFilter.held, errFilter.held].filter((bytes) => bytes !== undefined);
    if (heldCode === undefined || said.length < 2) done.note({ exitCode: heldCode });
    else
      done.noteFailure(
        notRunError(connection.endpoint, setting.label, { exitCode: heldCode, said: Buffer.concat(said) }),
      );
    leave();
  });
  const forgetLoss = connection.onLost(() => {
    const error = connection.lostError(setting.label);
    done.fail(error);
    if (!hasServerEnded(channel)) abandon([stdout, stderr], error);
    leave();
  });
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  return {
    stdin,
    stdout,
    stderr,
    exit: done.exit,
    kill: (name = "SIGTERM") => {
      const isReachable = () => connection.isOpen && !hasServerEnded(channel);
      if (!setting.tellsPid && isReachable()) sendSignal(channel, name);
      else void group.then((id) => (isReachable() ? groups.signal(id, name) : undefined)).catch(() => {});
    },
    resize: (columns, rows) => channel.setWindow(rows, columns, 0, 0),
    end,
    close: () => channel.close(),
  };
}

interface Ending {
  readonly channel: ClientChannel;
  readonly connection: Connection;
  readonly gone: Promise<void>;
  readonly groupId: number | undefined;
  readonly groups: GroupControl;
}

async function endProcess({ channel, connection, gone, groupId, groups }: Ending): Promise<void> {
  if (!connection.isOpen) return;
  const closed = new Promise<void>((resolve) => channel.once("close", () => resolve()));
  // A closed channel says it first: zombies that their parent does not collect still count as a group.
  const ended = closed.then(() => "ended" as const);
  // Ending it may take a connection of its own, which takes as long as this one did.
  const limitMs = 2 * (endGroupMs + connection.connectMs);
  const outcome = groupId === undefined ? "refused" : await Promise.race([endGroup(groups, groupId, limitMs), ended]);
  if (outcome === "refused") await signalTwice(channel, connection, gone);
  // Nor would a server that is silent tell what became of a signal.
  if (outcome === "late" && connection.isOpen) sendSignal(channel, "SIGKILL");
  await isWithin(closed, drainGraceMs);
}

async function endGroup(groups: GroupControl, groupId: number, limitMs: number): Promise<"ended" | "refused" | "late"> {
  const ending = groups.end(groupId).then(
    () => "ended" as const,
    () => "refused" as const,
  );
  return (await isWithin(ending, limitMs)) ? ending : "late";
}

async function signalTwice(channel: ClientChannel, connection: Connection, gone: Promise<void>): Promise<void> {
  for (const signal of ["SIGTERM", "SIGKILL"]) {
    if (!connection.isOpen) return;
    sendSignal(channel, signal);
    if (await isWithin(gone, signalGraceMs)) return;
  }
}

function abandon(streams: readonly Readable[], error: unknown): void {
  for (const stream of streams) stream.destroy(error instanceof Error ? error : new Error(String(error)));
}

function createOnce(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    action();
  };
}
