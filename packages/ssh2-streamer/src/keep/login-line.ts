import type { Socket } from "node:net";

/**
 * Speaks JSON over a socket, a line each. What was received is overwritten once it is read: there may be secrets in it.
 * @returns sends a message
 */
export function speakLines<Sent, Received>(
  socket: Socket,
  receive: (message: Received) => void,
): (message: Sent) => void {
  let parts: Buffer[] = [];
  const takeLine = (line: Buffer) => {
    const text = line.toString();
    line.fill(0);
    receive(JSON.parse(text) as Received);
  };
  socket
    .on("error", () => {})
    .on("data", (chunk: Buffer) => {
      let start = 0;
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
        const line = Buffer.concat([...parts, chunk.subarray(start, end)]);
        for (const part of parts) part.fill(0);
        parts = [];
        start = end + 1;
        takeLine(line);
      }
      if (start < chunk.length) parts.push(Buffer.from(chunk.subarray(start)));
      chunk.fill(0);
    });
  return (message) => {
    if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`);
  };
}
