import { once } from 'node:events';
import { chmod, lstat, rename, rm, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';

/** A Unix socket as the place of a door: its path, and who may come by the permissions of its file. */
export type UnixPlace = { readonly path: string; readonly mode: number };

/** A path must leave room for the name that a socket has until it is ready; a socket's address has 107 octets. */
export const longestUnixPath = 90;

/**
 * Listens at a path. The socket appears there with its permissions or not at all, and takes the place of one that a
 * server left behind when it was killed. Rejects with Node's error, which is `EADDRINUSE` where somebody answers at the
 * path, and `EEXIST` where something else than a socket is there. What is returned removes the socket, if it is still this one.
 */
export async function listenAtPath(server: Server, { path, mode }: UnixPlace): Promise<() => Promise<void>> {
  await mustBeFree(path);
  const unready = `${path}.${process.pid}`;
  await rm(unready, { force: true });
  server.listen({ path: unready });
  await once(server, 'listening');
  try {
    const { ino } = await lstat(unready);
    await chmod(unready, mode);
    await rename(unready, path);
    return async () => {
      if ((await lookAt(path))?.ino === ino) await unlink(path);
    };
  } catch (error) {
    server.close();
    throw error;
  }
}

async function mustBeFree(path: string): Promise<void> {
  const there = await lookAt(path);
  if (there === null) return;
  if (!there.isSocket) throw taken('EEXIST', `${path} is no socket`);
  if (await isAnswered(path)) throw taken('EADDRINUSE', `somebody listens at ${path}`);
}

const taken = (code: string, message: string): Error => Object.assign(new Error(message), { code });

async function lookAt(path: string): Promise<{ readonly ino: number; readonly isSocket: boolean } | null> {
  try {
    const found = await lstat(path);
    return { ino: found.ino, isSocket: found.isSocket() };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      // Nobody has it open, or it went away meanwhile; who may not even ask must not take it away.
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else reject(error);
    });
  });
}
