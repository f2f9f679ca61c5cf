import { once } from "node:events";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { cleanText } from "@otto/errors";
import { formatPortScript, type RemoteProcess } from "ssh2-streamer";
import { SizedOutput } from "./sized-output.js";
import type { Tunnel } from "./tunnel.js";

/** Starts a program near the port. */
export type SpawnTool = (argv: readonly string[]) => Promise<RemoteProcess>;

const connected = "otto-connected";
/** It connects, and does not say whether it is. */
const connecting = "otto-connecting";

/** With how many bytes there were: the server has ended its side. A container's engine passes no end of stdout on. */
const ended = "otto-ended";

const perl = `use Socket; my ($host, $port) = @ARGV; $SIG{PIPE} = "IGNORE";
socket(S, PF_INET, SOCK_STREAM, 0) && connect(S, pack_sockaddr_in($port, inet_aton($host))) or die "$!\\n";
syswrite(STDOUT, "${connected}\\n");
sub copy { my ($in, $out) = @_; my $size = 0; while (sysread($in, my $b, 65536)) { for (my $o = 0; $o < length $b;) {
  my $n = syswrite($out, $b, length($b) - $o, $o); return $size unless defined $n; $o += $n; $size += $n; } } $size }
if (my $pid = fork) { copy(*STDIN, *S); shutdown(S, 1); waitpid($pid, 0); }
else { my $size = copy(*S, *STDOUT); syswrite(STDERR, "${ended} $size\\n"); }`;

const python = `import os, socket, sys, threading
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 30)
s.settimeout(None)
os.write(1, b"${connected}\\n")
def back():
    size = 0
    while True:
        b = s.recv(65536)
        if not b: break
        while b:
            n = os.write(1, b)
            b = b[n:]
            size += n
    os.write(2, b"${ended} %d\\n" % size)
t = threading.Thread(target=back); t.start()
while True:
    b = os.read(0, 65536)
    if not b: break
    s.sendall(b)
s.shutdown(socket.SHUT_WR); t.join()`;

/*
 * In the order of how well they do it: the first two say when they are connected, and when the server has ended. The next
 * four pass the client's end on, too, but a connection that is refused shows at its end. bash cannot end one direction.
 */
const script = formatPortScript({
  preferred: `if has perl; then exec perl -e "$3" "$1" "$2"; fi
if has python3; then exec python3 -c "$4" "$1" "$2"; fi`,
  names: ["perl", "python3", "socat", "ncat", "nc", "busybox", "bash"],
  onConnecting: `echo ${connecting}`,
  onConnected: `echo ${connected}`,
  waitsForServer: true,
});

/**
 * Opens a tunnel to a port by a program that is where the port can be reached.
 * @param where for messages: where the program runs
 * @throws Error with what the program said
 */
export async function openToolTunnel(
  spawn: SpawnTool,
  { host, port, where }: { readonly host: string; readonly port: number; readonly where: string },
): Promise<Tunnel> {
  const process = await spawn(["/bin/sh", "-c", script, "otto-port", host, String(port), perl, python]);
  const { stdin, stdout, stderr, exit } = process;
  for (const stream of [stdin, stdout, stderr]) stream.on("error", () => {});
  const output = new SizedOutput();
  let said = "";
  stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-1000);
    const [, size] = endLine.exec(said) ?? [];
    if (size !== undefined) output.endAt(Number(size));
  });
  const exitCode = exit.then(
    ({ exitCode }) => exitCode,
    () => undefined,
  );
  const failure = () => new Error(`by a program ${where}: ${cleanText(said).trim() || "no connection"}`);
  const state = await takeLine(stdout);
  if (state !== connected && state !== connecting) {
    await exitCode;
    throw failure();
  }
  pipeline(stdout, output).catch(() => {});
  return {
    readable: output,
    writable: stdin,
    failure:
      state === connected
        ? Promise.resolve(undefined)
        : failureOf(output, exitCode).then((failed) => (failed ? failure() : undefined)),
    close: () => process.kill("SIGKILL"),
  };
}

/** Whether a program ended in failure without a byte. */
async function failureOf(output: Readable, exitCode: Promise<number | undefined>): Promise<boolean> {
  let hasBytes = false;
  output.once("data", () => {
    hasBytes = true;
  });
  // Whoever reads it starts it.
  output.pause();
  return (await exitCode) !== 0 && !hasBytes;
}

const endLine = new RegExp(`^${ended} (\\d+)\\n`, "m");

/** The first line; undefined: the stream ended before. What comes after it stays in the stream. */
async function takeLine(stream: Readable): Promise<string | undefined> {
  let held = Buffer.alloc(0);
  for (;;) {
    const chunk = stream.read() as Buffer | null;
    if (chunk !== null) held = Buffer.concat([held, chunk]);
    const newline = held.indexOf("\n");
    if (newline !== -1) {
      const rest = held.subarray(newline + 1);
      if (rest.length > 0) stream.unshift(rest);
      return held.toString("utf8", 0, newline);
    }
    if (stream.readableEnded || stream.destroyed) return undefined;
    if (chunk === null) await untilMore(stream);
  }
}

async function untilMore(stream: Readable): Promise<void> {
  const settled = new AbortController();
  const events = ["readable", "end", "close"].map((event) => once(stream, event, { signal: settled.signal }));
  await Promise.race(events).catch(() => {});
  settled.abort();
  await Promise.allSettled(events);
}
