import type { Socket } from "node:net";

/**
 * Closes a socket so that the other side does not take it for the end of the stream, unless the end was already sent. While that
 * end is on its way, libuv refuses a reset (EINVAL), and Node then never closes the handle: its process does not exit.
 */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
