/**
 * Fetching every letter of a maildrop over POP3, one at a time and twenty in flight: how many letters a second, of this server and of
 * Dovecot on the same machine, the same letters, the same client.
 *
 *     node bench/pop3.ts [--letters N] [--times N] [--alone]
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { openStore } from '../src/store/sqlite/open.ts';
import type { AccountName, BlobHash } from '../src/store/port.ts';
import { missing, withForeignServer } from '../test/interop/foreign-server.ts';
import { succeed } from '../test/interop/programs.ts';
import { addAccount, startServer, type Site } from '../test/support/server.ts';
import { machine, printTable, type Row } from './measure.ts';
import { dovecotPop3 } from './peers/dovecot.ts';

/** What the client is to fetch. */
export type Fetch = {
  readonly host: string;
  readonly port: number;
  /** PEM. */
  readonly authority: string;
  readonly user: string;
  readonly password: string;
  /** How many commands are under way at once. */
  readonly window: number;
};

/** What it fetched. */
export type Fetched = { readonly letters: number; readonly octets: number; readonly seconds: number };

const { values } = parseArgs({
  options: {
    letters: { type: 'string', default: '10000' },
    times: { type: 'string', default: '3' },
    alone: { type: 'boolean', default: false },
  },
});
const count = Number(values.letters);
const windows = [1, 20] as const;
const password = 'bench-Secret-1';

/** A letter of 4 KiB in lines of 76 columns, each another one. */
function letter(number: number): Buffer {
  const head = `From: ada@letters.example\r\nTo: ada@letters.example\r\nSubject: Letter ${number}\r\nDate: Tue, 24 Nov 2026 12:00:00 +0000\r\nMessage-ID: <${number}@letters.example>\r\n\r\n`;
  const line = `${createHash('sha512').update(String(number)).digest('base64').slice(0, 76)}\r\n`;
  return Buffer.from(head + line.repeat(Math.floor((4096 - head.length) / line.length)));
}

/** The best of some runs for each window. */
async function fetched(who: string, fetch: Omit<Fetch, 'window'>): Promise<ReadonlyMap<number, Row>> {
  const rows = new Map<number, Row>();
  for (const window of windows) {
    let best = 0;
    for (let time = 0; time < Number(values.times); time += 1) {
      const client = join(import.meta.dirname, 'pop3-client.ts');
      const out = await succeed(process.execPath, [client, JSON.stringify({ ...fetch, window })]);
      const { letters, octets, seconds } = JSON.parse(out) as Fetched;
      assert.equal(letters, count, `${who} has ${letters} letters`);
      assert(octets >= letter(0).length * 0.9 * count, `${who} gave ${octets} octets`);
      best = Math.max(best, letters / seconds);
    }
    rows.set(window, { who, figure: best });
  }
  return rows;
}

/** This server, with the letters in its store before it starts. */
async function letterlock(): Promise<ReadonlyMap<number, Row>> {
  const folder = mkdtempSync(join(tmpdir(), 'letterlock-bench.'));
  const configFile = join(folder, 'letterlock.toml');
  const doors = ['submissions', 'submission', 'exchanger', 'imap', 'https'].map(
    (door) => `${door}.enabled = false`,
  );
  const settings = `domains = ["letters.example"]\ndata = "data"\nlog.level = "warn"\n[listen]\n${doors.join('\n')}\n`;
  writeFileSync(configFile, `${settings}pop3.port = 0\n`);
  const site: Site = {
    folder,
    configFile,
    data: join(folder, 'data'),
    domain: 'letters.example',
    processes: new Set(),
  };
  try {
    const user = await addAccount(site, 'ada', password);
    await fill(site.data, user);
    const server = await startServer(site);
    const { authority } = server;
    const port = server.port('pop3');
    const rows = await fetched('Letterlock', { host: '127.0.0.1', port, authority, user, password });
    await server.stop();
    return rows;
  } finally {
    await Promise.all([...site.processes].map((server) => server.kill()));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fill(folder: string, user: string): Promise<void> {
  const opened = await openStore(folder);
  assert(opened.ok);
  const store = opened.value;
  const account = await store.account(user as AccountName);
  assert(account !== null);
  for (let done = 0; done < count; done += 500) {
    const numbers = Array.from({ length: Math.min(500, count - done) }, (_, index) => done + index);
    await Promise.all(
      numbers.map(async (number) => {
        const bytes = new Uint8Array(letter(number));
        const delivered = await store.deliver({
          hash: createHash('sha256').update(bytes).digest('hex') as BlobHash,
          sizeBytes: bytes.length,
          chunks: [bytes],
          summary: { subject: `Letter ${number}`, from: user, sentAt: null, messageId: null },
          transport: null,
          receivedAt: Date.now(),
          recipients: [{ account: account.id, forwardPath: user, prefix: new Uint8Array() }],
        });
        assert(delivered.ok);
      }),
    );
  }
  await store.close();
}

/** Dovecot, as `make servers` unpacks it, with a file for each letter in a Maildir. */
async function dovecot(): Promise<ReadonlyMap<number, Row>> {
  const who = 'Dovecot, Maildir';
  const why = values.alone ? 'not asked for' : missing('dovecot');
  if (why !== null) return new Map(windows.map((window) => [window, { who, figure: why }]));
  let rows: ReadonlyMap<number, Row> = new Map();
  await withForeignServer(
    'dovecot',
    (ground) => {
      const mail = ground.owned('mail', 'vmail');
      const { uid, gid } = ground.ids('vmail');
      for (const part of ['ada', 'ada/Maildir', 'ada/Maildir/cur', 'ada/Maildir/new', 'ada/Maildir/tmp']) {
        mkdirSync(join(mail, part));
        chownSync(join(mail, part), uid, gid);
      }
      for (let number = 0; number < count; number += 1) {
        const file = join(mail, 'ada/Maildir/cur', `${1_700_000_000 + number}.M1P1.bench:2,S`);
        writeFileSync(file, letter(number));
        chownSync(file, uid, gid);
      }
      return dovecotPop3(ground, password);
    },
    async ({ address, port, tls }) => {
      const authority = readFileSync(tls.authority, 'utf8');
      rows = await fetched(who, { host: address, port, authority, user: 'ada', password });
    },
  );
  return rows;
}

console.log(machine());
const tables = [await letterlock(), await dovecot()];
for (const window of windows) {
  const rows = tables.flatMap((table) => table.get(window) ?? []);
  const how = window === 1 ? 'one at a time' : `${window} in flight`;
  printTable(`POP3: RETR of ${count} letters of 4 KiB over TLS, ${how}`, 'letters a second', 0, rows);
}
