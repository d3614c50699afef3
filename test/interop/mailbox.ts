import assert from 'node:assert/strict';
import { LetterReader } from '../support/letters.ts';
import { addAccount, startServer, withSite, type RunningServer } from '../support/server.ts';

/** A server with one person on it, who writes to himself. */
export type Mailbox = {
  readonly server: RunningServer;
  readonly address: string;
  readonly password: string;
};

/** Starts the server, lets a program of others work on it, and stops it. */
export async function withMailbox(
  work: (mailbox: Mailbox) => Promise<void>,
  password = 'pass phrase: with "signs" and ümlauts',
): Promise<void> {
  await withSite('', async (site) => {
    const address = await addAccount(site, 'ada', password);
    const server = await startServer(site);
    await work({ server, address, password });
    await server.stop();
  });
}

/** A letter that a program must not spoil: lines that begin with dots, one of 998 octets, none but CRLF at the ends. */
export function letterFrom(address: string, subject: string): string {
  const lines = [
    `From: <${address}>`,
    `To: <${address}>`,
    `Subject: ${subject}`,
    '',
    '.',
    '..two dots, and below a line as long as one may be',
    'x'.repeat(998),
    '',
    'the end',
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** Exactly these letters must be there, to the last byte, newest first. */
export async function assertArrived(
  { server, address, password }: Mailbox,
  letters: readonly string[],
): Promise<void> {
  const reader = new LetterReader(server, address, password);
  const listed = await reader.list();
  const arrived: string[] = [];
  for (const letter of listed) arrived.push((await reader.bytesOf(letter)).toString('latin1'));
  reader.close();
  assert.deepEqual(arrived, letters);
}

/** What a login of this program was, by the server's own log, in the order of their coming. */
export function mechanismsUsed(server: RunningServer): readonly unknown[] {
  return server
    .events()
    .filter(({ event, outcome }) => event === 'smtp.login' && outcome === 'in')
    .map(({ mechanism }) => mechanism);
}
