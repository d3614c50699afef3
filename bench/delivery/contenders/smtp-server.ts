import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Child, makeCertificates } from '../child.ts';
import type { Contender } from '../contender.ts';
import { countMaildirs } from '../maildirs.ts';
import { modes } from '../workload.ts';

const { version } = createRequire(import.meta.url)('smtp-server/package.json') as {
  readonly version: string;
};

/** Nodemailer's `smtp-server`, with the least around it that keeps letters durably. */
export const smtpServer: Contender = {
  name: 'smtp-server',
  title: 'smtp-server',
  does:
    'a file for each letter in the Maildir of its recipient: written, synced, named, and the folder of its name synced; ' +
    'compares the password, adds no field. One thread. It waits 100 ms before each greeting, which cannot be set.',
  acknowledges: 'kept',
  modes,
  missing: () => null,
  start: async (folder) => {
    const { certificate, key, authority } = await makeCertificates(folder);
    const mail = join(folder, 'mail');
    mkdirSync(mail);
    const child = new Child('contenders/smtp-server.child.ts', [certificate, key, mail]);
    const port = await child.hears();
    return {
      version,
      target: {
        host: '127.0.0.1',
        port: Number(port),
        authority: readFileSync(authority, 'utf8'),
        login: 'PLAIN',
      },
      pids: [child.pid],
      delivered: async () => countMaildirs(mail),
      stop: () => child.stop(),
    };
  },
};
