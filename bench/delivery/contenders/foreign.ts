import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Ground } from '../../../test/interop/foreign-ground.ts';
import { missing, type ForeignName, type Starting } from '../../../test/interop/foreign-server.ts';
import { untilOpen } from '../waiting.ts';
import type { Target } from '../wire.ts';

/** Why one of these cannot be measured, or null. */
export function missingOf(...names: readonly ForeignName[]): string | null {
  for (const name of names) {
    const why = missing(name);
    if (why !== null) return `${name}: ${why}`;
  }
  return null;
}

/** Where it logs, in its folder. */
export const unreadLog = 'logs/unread';

/**
 * Starts a server that logs into a file which nobody reads while it is measured: that it starts is said before, and that
 * it listens is found out by connecting.
 */
export const unread = (script: string, ...args: readonly string[]): Starting => ({
  command: ['bash', '-c', `echo starts; ${script}`, 'unread', ...args],
  listens: /^starts$/,
});

/** Waits until it listens; rejects with the end of its log. */
export async function listening({ address, port, folder }: Ground): Promise<void> {
  try {
    await untilOpen(address, port);
  } catch (cause) {
    const log = logIn(folder).split('\n').slice(-20).join('\n');
    throw new Error(`it does not listen, and has logged:\n${log}`, { cause });
  }
}

/** What it has logged; Exim has several files, whose names begin alike. */
function logIn(folder: string): string {
  const path = join(folder, unreadLog);
  const names = readdirSync(dirname(path)).filter((name) => name.startsWith(basename(path)));
  return names.map((name) => readFileSync(join(dirname(path), name), 'utf8')).join('');
}

/** The door of a server on this ground. */
export const doorOf = ({ address, port, tls }: Ground, login: Target['login']): Target => ({
  host: address,
  port,
  authority: readFileSync(tls.authority, 'utf8'),
  login,
});
