import { readFileSync } from 'node:fs';
import { Child, makeCertificates } from '../child.ts';
import type { Contender } from '../contender.ts';
import { modes } from '../workload.ts';

/** The least that a server on Node can do. */
const floor = (kind: 'discard' | 'sqlite', contender: Omit<Contender, 'missing' | 'start'>): Contender => ({
  ...contender,
  missing: () => null,
  start: async (folder) => {
    const { certificate, key, authority } = await makeCertificates(folder);
    const child = new Child('contenders/floor.child.ts', [kind, certificate, key, folder]);
    const port = await child.hears();
    return {
      version: `Node ${process.versions.node}`,
      target: {
        host: '127.0.0.1',
        port: Number(port),
        authority: readFileSync(authority, 'utf8'),
        login: 'PLAIN',
      },
      pids: [child.pid],
      delivered: async () => Number(await child.ask('count')),
      stop: () => child.stop(),
    };
  },
});

/** Keeps nothing: what the protocol and TLS cost alone. */
export const discardFloor: Contender = floor('discard', {
  name: 'floor-discard',
  title: 'Floor: discards',
  does: 'the same, but keeps nothing and answers 250 at once.',
  acknowledges: 'discarded',
  modes,
});

/** Keeps letters in SQLite and does nothing else. */
export const sqliteFloor: Contender = floor('sqlite', {
  name: 'floor-sqlite',
  title: 'Floor: SQLite in groups',
  does:
    'node:tls and just enough SMTP; believes every line; puts letters into one table of SQLite (WAL, synchronous=FULL): ' +
    'those that are whole by the same turn of the event loop share a commit, and 250 comes behind it. One thread.',
  acknowledges: 'kept',
  modes,
});
