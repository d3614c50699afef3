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

/** The same, with the two fields that a program adds to a letter which it is given to send without them. */
export function datedLetterFrom(address: string, subject: string): string {
  const id = subject.replaceAll(/[^A-Za-z0-9]/g, '-');
  const fields = `Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <${id}@letters.example>\r\n`;
  return `${fields}${letterFrom(address, subject)}`;
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

/** What the programs that compose letters by themselves are given to send: a body, its last line with its end. */
export const written = 'Liebe Ada,\n.\nschöne Grüße\n';

/** Letters with these subjects must be there, newest first, each with `written` as its text. */
export async function assertReadable(
  { server, address, password }: Mailbox,
  subjects: readonly string[],
): Promise<void> {
  const reader = new LetterReader(server, address, password);
  const page = await reader.get(`/letters/${encodeURIComponent(address)}`, 'text/plain');
  reader.close();
  const shown = page
    .toString('utf8')
    .split(/^(?=\[DATE: )/m)
    .map((one) => [/^Subject: (.*)$/m.exec(one)?.[1], /^Message:\n([^]*?)^\[Letter /m.exec(one)?.[1]]);
  assert.deepEqual(
    shown,
    subjects.map((subject) => [subject, written]),
  );
}

/** Beside letters there must be a report that one of them was delivered, which its sender asked for. */
export async function assertReported({ server, address, password }: Mailbox): Promise<void> {
  const reader = new LetterReader(server, address, password);
  const whole: string[] = [];
  for (const { url } of await reader.list())
    whole.push((await reader.get(url, 'message/rfc822')).toString('latin1'));
  reader.close();
  const [report, ...more] = whole.filter((letter) => letter.startsWith('Return-Path: <>\r\n'));
  assert.match(report ?? 'there is no report', /\r\nAction: delivered\r\n/i);
  assert.deepEqual(more, []);
}

/** What a login of this program was, by the server's own log, in the order of their coming. */
export function mechanismsUsed(
  server: RunningServer,
  login: 'smtp.login' | 'pop3.login' = 'smtp.login',
): readonly unknown[] {
  return server
    .events()
    .filter(({ event, outcome }) => event === login && outcome === 'in')
    .map(({ mechanism }) => mechanism);
}
