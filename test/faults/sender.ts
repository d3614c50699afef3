import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { parseAddress, type Address } from '../../src/mail/address.ts';
import { ConnectionLost, SmtpConnection } from '../../src/net/smtp-client.ts';
import { connectTls } from '../../src/net/tls/connect.ts';
import { Secret } from '../../src/sasl/exchange.ts';
import type { RunningServer } from '../support/server.ts';
import type { SentLetter } from './letters.ts';

/** A letter with the bytes that go out. */
export type Outgoing = { readonly letter: SentLetter; readonly bytes: Buffer };

/** Somebody who sends. */
export type Person = { readonly name: string; readonly address: Address; readonly password: string };

export function person(name: string, password: string): Person {
  return { name, address: addressOf(name), password };
}

/**
 * Sends letter after letter until the connection is lost, and marks those that were answered 250. What the server
 * refuses is a failure of the test.
 */
export async function sendUntilLost(
  server: RunningServer,
  { name, address, password }: Person,
  nextLetter: () => Outgoing,
): Promise<void> {
  const connected = await connectTls({
    host: '127.0.0.1',
    serverName: 'localhost',
    port: server.port('submissions'),
    authorities: server.authority,
  });
  // A server that is killed refuses, resets or closes; a certificate that does not verify is another matter.
  if (!connected.ok) return assert.notEqual(connected.refusal.why, 'certificate');
  const connection = new SmtpConnection(connected.value.socket);
  try {
    await connection.greeting();
    await connection.send({ send: 'EHLO', name: 'sender.example' });
    const login = await connection.authenticate(name, new Secret(password), randomBytes);
    assert.ok(login.ok && login.value.reply.code === 235, JSON.stringify(login));
    for (;;) await sendLetter(connection, address, nextLetter());
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error;
  } finally {
    connection.destroy();
  }
}

/** Sends one letter, which the server has to take. Rejects with `ConnectionLost`. */
export async function sendLetter(
  connection: SmtpConnection,
  sender: Address,
  { letter, bytes }: Outgoing,
): Promise<void> {
  const replies = [
    connection.send({ send: 'MAIL', sender, sizeBytes: bytes.length }),
    ...letter.recipients.map((recipient) =>
      connection.send({ send: 'RCPT', recipient: addressOf(recipient) }),
    ),
    connection.send({ send: 'DATA' }),
    connection.send({ send: 'content', chunks: [bytes] }),
  ];
  // Each is awaited, so that none of them rejects unheard where the connection is lost.
  const outcomes = await Promise.allSettled(replies);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  const last = outcomes.at(-1);
  assert.ok(last?.status === 'fulfilled');
  assert.equal(last.value.reply.code, 250, last.value.reply.lines.join(' '));
  letter.acknowledged = true;
}

export function addressOf(text: string): Address {
  const parsed = parseAddress(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
}
