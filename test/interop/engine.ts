import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parseAddress, type Address } from '../../src/mail/address.ts';
import type { Outcome, SmtpConnection } from '../../src/net/smtp-client.ts';
import { openSender } from '../../src/net/smtp-sender.ts';
import { bodyOf } from '../../src/smtp/client/letter.ts';
import type { MailRequests, RecipientRequests } from '../../src/smtp/requests.ts';
import type { ForeignServer } from './foreign-server.ts';

/** The client's engine on a connection to a server by others, and what was said on it. */
export type Engine = { readonly connection: SmtpConnection; readonly said: readonly string[] };

/** Connects by STARTTLS, verifies the server, lets a test talk to it, and says goodbye. */
export async function withEngine(
  server: ForeignServer,
  protocol: 'smtp' | 'lmtp',
  work: (engine: Engine) => Promise<void>,
): Promise<void> {
  const said: string[] = [];
  const opened = await openSender({
    host: server.address,
    port: server.port,
    authorities: readFileSync(server.tls.authority, 'utf8'),
    protection: 'starttls',
    protocol,
    trace: (from, line) => said.push(`${from === 'client' ? 'C' : 'S'}: ${line}`),
  });
  assert.ok(opened.ok, JSON.stringify(opened));
  const { connection, facts } = opened.value;
  assert.equal(facts.version, 'TLSv1.3');
  try {
    await work({ connection, said });
  } finally {
    await connection.quit();
  }
}

/** A letter and its envelope. */
export type Sending = {
  readonly from: string | null;
  readonly to: readonly { readonly address: string; readonly requests?: RecipientRequests }[];
  /** The letter's octets as latin1. */
  readonly letter: string;
  readonly smtpUtf8?: boolean;
  readonly requests?: MailRequests;
};

/** Sends a letter by DATA, or by BDAT in chunks of so many octets; the codes of the recipients, and the final outcome. */
export async function send(
  { connection }: Engine,
  sending: Sending,
  by: 'DATA' | number,
): Promise<{ readonly taken: readonly number[]; readonly outcome: Outcome }> {
  const bytes = Buffer.from(sending.letter, 'latin1');
  const { from, to, smtpUtf8 = false, requests } = sending;
  const [mail, ...answers] = await Promise.all([
    connection.send({
      send: 'MAIL',
      sender: from === null ? null : addressOf(from),
      sizeBytes: bytes.length,
      body: bodyOf([bytes]),
      smtpUtf8,
      ...(requests === undefined ? {} : { requests }),
    }),
    ...to.map((recipient) =>
      connection.send({
        send: 'RCPT',
        recipient: addressOf(recipient.address),
        ...(recipient.requests === undefined ? {} : { requests: recipient.requests }),
      }),
    ),
  ]);
  assert.equal(mail.reply.code, 250, mail.reply.lines.join());
  const taken = answers.map(({ reply }) => reply.code);
  if (by === 'DATA') {
    assert.equal((await connection.send({ send: 'DATA' })).reply.code, 354);
    return { taken, outcome: await connection.send({ send: 'content', chunks: [bytes] }) };
  }
  const chunks = Array.from({ length: Math.ceil(bytes.length / by) }, (_, index) =>
    bytes.subarray(index * by, (index + 1) * by),
  );
  // All at once: where the server has PIPELINING they go out without waiting.
  const outcomes = await Promise.all(
    chunks.map((chunk, index) =>
      connection.send({ send: 'BDAT', chunks: [chunk], isLast: index === chunks.length - 1 }),
    ),
  );
  const outcome = outcomes.at(-1);
  assert.ok(outcome !== undefined);
  return { taken, outcome };
}

function addressOf(text: string): Address {
  const parsed = parseAddress(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
}
