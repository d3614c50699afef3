import type { Duplex } from 'node:stream';
import { connectionLimits } from './connection-limits.ts';

/**
 * Closes this side behind what was written to it, and throws away whatever still comes, so that no reset overtakes the
 * farewell. Nobody else may read the socket any more.
 */
export function leave(socket: Duplex): void {
  socket.end();
  let thrownAway = 0;
  socket.on('data', (chunk: Buffer) => {
    thrownAway += chunk.length;
    if (thrownAway > connectionLimits.farewellBytes) socket.destroy();
  });
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), connectionLimits.farewellMs);
  socket.once('close', () => clearTimeout(timer));
}
