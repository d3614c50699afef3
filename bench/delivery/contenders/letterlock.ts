import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeVerifiers } from '../../../src/accounts/verifiers.ts';
import { systemClock } from '../../../src/net/clock.ts';
import { Secret } from '../../../src/sasl/exchange.ts';
import type { AccountName } from '../../../src/store/port.ts';
import { openStore } from '../../../src/store/sqlite/open.ts';
import { makeCertificates } from '../child.ts';
import type { Contender, Server } from '../contender.ts';
import { domain, recipients, sender } from '../people.ts';
import { startProgram } from '../program.ts';
import { modes } from '../workload.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const main = join(root, 'src', 'cli', 'main.ts');

/** This server, as `bin/letterlock serve` starts it, from its sources. */
export const letterlock: Contender = {
  name: 'letterlock',
  title: 'Letterlock',
  does:
    'checks the login against a hash, looks the letter over (RFC 6409), adds its fields and its transport record, stores ' +
    'it; letters that wait at the same time share a commit. Threads as it chooses them; no bounds on rates.',
  acknowledges: 'kept',
  modes,
  missing: () => null,
  start: async (folder) => {
    const { certificate, key, authority } = await makeCertificates(folder);
    const file = join(folder, 'letterlock.toml');
    writeFileSync(file, configuration(certificate, key));
    await makeAccounts(join(folder, 'data'));
    const program = startProgram(
      process.execPath,
      [main, 'serve', '--config', file],
      join(folder, 'complaints'),
    );
    const [, port] = await program.said(/^ {2}submissions +127\.0\.0\.1:(\d+)/);
    await program.said(/Ctrl-C/);
    const placements = new DatabaseSync(join(folder, 'data', 'letterlock.db'), { readOnly: true });
    const count = placements.prepare('SELECT count(*) AS letters FROM placement');
    return {
      version: version(),
      target: {
        host: '127.0.0.1',
        port: Number(port),
        authority: readFileSync(authority, 'utf8'),
        login: 'PLAIN',
      },
      pids: [program.pid],
      delivered: async () => Number(count.get()?.['letters']),
      stop: async () => {
        placements.close();
        await program.stop();
      },
    } satisfies Server;
  },
};

/** Makes everybody's account, as `letterlock account add` does. */
async function makeAccounts(data: string): Promise<void> {
  const opened = await openStore(data);
  if (!opened.ok) throw new Error(opened.refusal.message);
  try {
    const verifiers = await makeVerifiers(new Secret(sender.password), randomBytes);
    for (const address of [sender.address, ...recipients.map((name) => `${name}@${domain}`)]) {
      const made = await opened.value.createAccount({
        name: address as AccountName,
        verifiers,
        createdAt: systemClock.now(),
      });
      if (!made.ok) throw new Error(`${address}: ${made.refusal}`);
    }
  } finally {
    await opened.value.close();
  }
}

/** Every measured connection comes from one address, which is bounded by default. */
const configuration = (certificate: string, key: string): string => `
host = "localhost"
domains = ["${domain}"]
data = "data"
listen.submissions = { port = 0 }
listen.submission = { enabled = false }
listen.exchanger = { enabled = false }
listen.imap = { enabled = false }
listen.pop3 = { enabled = false }
listen.https = { enabled = false }
tls = { certificate = "${certificate}", key = "${key}" }
limits = { connections_per_minute = 0, connections_per_address = 10000, connections_per_network = 10000 }
log = { level = "warn" }
[submission]
letters_per_hour = 0
letters_per_day = 0
recipients_per_hour = 0
recipients_per_day = 0
`;

/** Of the package, and of the commit where this is a checkout. */
function version(): string {
  const its = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };
  try {
    const commit = execFileSync('git', ['-C', root, 'describe', '--always', '--dirty'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return `${its.version} (${commit.trim()})`;
  } catch {
    return its.version;
  }
}
