import { connect } from 'node:net';
import { setTimeout as passing } from 'node:timers/promises';

/** How long a server may take to come up. */
const patienceMs = 30_000;

/** Looks again and again until it is so; rejects when that takes too long. For what nobody announces. */
export async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const late = performance.now() + patienceMs;
  while (!(await isSo())) {
    if (performance.now() > late) throw new Error(`waited in vain: ${what}`);
    await passing(50);
  }
}

/** Waits until somebody accepts connections there. */
export const untilOpen = (host: string, port: number): Promise<void> =>
  until(() => isOpen(host, port), `somebody listens on ${host}:${port}`);

function isOpen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
