import assert from 'node:assert/strict';
import { join } from 'node:path';
import { formatXtext } from '../../src/bytes/xtext.ts';
import { noMailRequests } from '../../src/smtp/requests.ts';
import { send, withEngine, type Sending } from './engine.ts';
import type { ArrivedLetter } from './exchanger-site.ts';
import type { ForeignServer } from './foreign-server.ts';
import { letterFrom } from './mailbox.ts';
import { run } from './programs.ts';

/** What an SMTP server by others was sent. */
export type Sent = {
  /** The letters for bob. */
  readonly plain: readonly string[];
  /** The letter for jürgen, whose header is UTF-8. */
  readonly utf8: string;
  /** What the server calls them. */
  readonly ids: readonly string[];
};

/** The sender's own name for a letter, with the two characters that xtext cannot leave as they are. */
const envelopeId = 'letter+42=x';
/** Whom the sender wrote to, before it was bob. */
const originalRecipient = 'Bob+Orig@elsewhere.example';

/**
 * Sends to an SMTP server by others in every way that it and the client's engine know, and asks for a report about the
 * last letter for bob.
 */
export async function sendInEveryWay(server: ForeignServer, from: string, domain: string): Promise<Sent> {
  const bob = { address: `bob@${domain}` };
  const ways = [
    ['DATA', 'DATA'],
    ['BDAT', 1_000_000],
    ['many chunks', 100],
    ['a report', 'DATA'],
  ] as const;
  const plain = ways.map(([what]) => letterFrom(from, `By ${what}`));
  const utf8 = Buffer.from(`${letterFrom(from, 'Grüße')}grüßt\r\n`).toString('latin1');
  const ids: string[] = [];
  await withEngine(server, 'smtp', async (engine) => {
    for (const keyword of ['DSN', 'SMTPUTF8', 'CHUNKING', 'SIZE', '8BITMIME', 'PIPELINING'])
      assert.ok(engine.connection.extensions.has(keyword), keyword);
    const sendOne = async (sending: Sending, by: 'DATA' | number): Promise<void> => {
      const { outcome } = await send(engine, sending, by);
      const said = outcome.reply.lines.join('');
      assert.equal(outcome.reply.code, 250, said);
      ids.push(idOf(said));
    };
    for (const [index, [what, by]] of ways.entries()) {
      const letter = plain[index] ?? '';
      if (what !== 'a report') await sendOne({ from, to: [bob], letter }, by);
      else await sendOne({ ...withReport(bob.address), from, letter }, by);
    }
    await sendOne(
      { from: null, to: [{ address: `jürgen@${domain}` }], letter: utf8, smtpUtf8: true },
      'DATA',
    );
  });
  const big = await sendByProgram(server, from, bob.address);
  return { plain: [...plain, big.letter], utf8, ids: [...ids, big.id] };
}

/** Sends a letter that is bigger than a chunk with `letterlock send`. */
async function sendByProgram(
  server: ForeignServer,
  from: string,
  to: string,
): Promise<{ readonly letter: string; readonly id: string }> {
  const letter = `${letterFrom(from, 'Big')}${'0123456789abcdef\r\n'.repeat(150_000)}`;
  const { status, out, complaints } = await run(
    join(import.meta.dirname, '..', '..', 'bin', 'letterlock'),
    [
      'send',
      `--server=${server.address}:${server.port}`,
      '--tls=starttls',
      `--ca=${server.tls.authority}`,
      `--to=${to}`,
      '--file=-',
      '--trace',
    ],
    letter,
  );
  assert.equal(status, 0, complaints);
  assert.deepEqual(complaints.match(/^C: BDAT .*$/gm), [
    'C: BDAT 1048576',
    'C: BDAT 1048576',
    `C: BDAT ${letter.length - 2 * 1_048_576} LAST`,
  ]);
  return { letter, id: idOf(out) };
}

/** What Postfix and Exim call the letter that they have taken. */
function idOf(said: string): string {
  const id = /(?:queued as |id=)(\S+)/.exec(said)?.[1];
  assert.ok(id !== undefined, said);
  return id;
}

const withReport = (address: string): Pick<Sending, 'requests' | 'to'> => ({
  requests: { ...noMailRequests, ret: 'HDRS', envelopeId },
  to: [
    {
      address,
      requests: {
        notify: ['SUCCESS', 'FAILURE'],
        originalRecipient: { type: 'rfc822', address: originalRecipient },
      },
    },
  ],
});

/** The report that was asked for has come back to the exchanger, and says what it was given to say, in this writing. */
export function assertReport(
  report: ArrivedLetter | undefined,
  recipient: string,
  writing: 'plain' | 'xtext',
): void {
  assert.ok(report !== undefined, 'there is no report');
  const { text, transport } = report;
  assert.equal(transport.reversePath, '');
  assert.equal(transport.tls?.version, 'TLSv1.3');
  const [id, original] =
    writing === 'plain' ? [envelopeId, originalRecipient] : [envelopeId, originalRecipient].map(formatXtext);
  const lines = new Set(
    text.split('\r\n').map((line) => line.replace(/^([^:]*: *rfc822;) /, '$1').toLowerCase()),
  );
  for (const line of [
    `Original-Envelope-Id: ${id}`,
    `Original-Recipient: rfc822;${original}`,
    `Final-Recipient: rfc822;${recipient}`,
    'Action: delivered',
    'Subject: By a report',
  ])
    assert.ok(lines.has(line.toLowerCase()), `${line} is not in\n${text}`);
  // RET=HDRS: the letter's header, and no more of it.
  assert.ok(!lines.has('the end'), text);
}

const field =
  /^(?:Return-Path|X-Original-To|Delivered-To|Envelope-To|Delivery-Date|Received):(?:.*\n)(?:[ \t].*\n)*/i;

/** What a server by others keeps must be these letters to the last octet, with LF for line ends, behind fields of a trace. */
export function assertKept(kept: readonly string[], letters: readonly string[]): void {
  assert.deepEqual(kept.map(withoutTrace).sort(), [...letters].sort());
}

function withoutTrace(kept: string): string {
  let rest = kept;
  for (let found = field.exec(rest); found !== null; found = field.exec(rest))
    rest = rest.slice(found[0].length);
  assert.notEqual(rest, kept, 'a letter without a trace');
  return rest.replaceAll('\n', '\r\n');
}
