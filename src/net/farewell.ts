import type { Socket } from 'node:net';

/** How long a peer may take to close its side after this side has, before the connection is cut. */
const lingerMs = 2000;
/** How much is still read and thrown away in that time: more than what was under way when the farewell was said. */
const lingerBytes = 16_777_216;

/**
 * Closes this side behind what was written to it, and throws away whatever still comes, so that no reset overtakes the
 * farewell. Nobody else may read the socket any more.
 */
export function leave(socket: Socket): void {
  socket.end();
  let thrownAway = 0;
  socket.on('data', (chunk: Buffer) => {
    thrownAway += chunk.length;
    if (thrownAway > lingerBytes) socket.destroy();
  });
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(timer));
}
