import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { openStore } from '../../src/store/sqlite/open.ts';
import type { AccountName, BlobHash } from '../../src/store/port.ts';
import { LetterReader } from '../support/letters.ts';
import type { Site } from '../support/server.ts';
import { withEveryLogin, type EveryLogin } from './every-login.ts';
import type { Mailbox } from './mailbox.ts';

const letter = (subject: string, body: string): string =>
  `From: <bob@letters.example>\r\nTo: <ada@letters.example>\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replaceAll(' ', '-')}@letters.example>\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\n\r\n${body}`;

/** Letters that a server must not spoil on their way out, octet by octet as they are kept, oldest first. */
export const kept: readonly string[] = [
  letter('dots', '.\r\n..\r\nx.\r\n...three\r\n'),
  letter('long lines', `${'x'.repeat(998)}\r\n.${'y'.repeat(990)}\r\n`),
  letter('octets', 'sch\u00f6ne Gr\u00fc\u00dfe \u20ac\r\n'),
  letter('no body', ''),
  letter('no last line end', 'the end'),
  // As an import may have brought them.
  letter('unix', 'from\nunix\n.\n+OK not the server\n'),
  letter('large', `${'z'.repeat(74)}\r\n`.repeat(30_000)),
];

/** The same as lines, as every program has to get them; the lines end in LF. */
export const lines: readonly string[] = kept.map((text) =>
  text.replaceAll(/\r\n|\r|\n/g, '\n').replace(/\n?$/, '\n'),
);

/** Puts these letters into the account's INBOX. */
async function fill({ data }: Site, address: string): Promise<void> {
  const opened = await openStore(data);
  assert(opened.ok);
  const store = opened.value;
  const account = await store.account(address as AccountName);
  assert(account !== null);
  for (const text of kept) {
    const bytes = new Uint8Array(Buffer.from(text));
    const delivered = await store.deliver({
      hash: createHash('sha256').update(bytes).digest('hex') as BlobHash,
      sizeBytes: bytes.length,
      chunks: [bytes],
      summary: { subject: '', from: '', sentAt: null, messageId: null },
      transport: null,
      receivedAt: Date.now(),
      recipients: [{ account: account.id, forwardPath: '', prefix: new Uint8Array() }],
    });
    assert(delivered.ok);
  }
  await store.close();
}

/** Starts a server whose one account has these letters, with both doors of POP3, and lets a program work on it. */
export const withMaildrop = (work: (mailbox: EveryLogin) => Promise<void>): Promise<void> =>
  withEveryLogin(work, { toml: 'listen.pop3_stls = { enabled = true, port = 0 }', prepare: fill });

/** How many letters are left. */
export async function lettersLeft({ server, address, password }: Mailbox): Promise<number> {
  const reader = new LetterReader(server, address, password);
  const letters = await reader.list();
  reader.close();
  return letters.length;
}
