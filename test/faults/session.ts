import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { SmtpConnection } from '../../src/net/smtp-client.ts';
import { connectTls } from '../../src/net/tls/connect.ts';
import { Secret } from '../../src/sasl/exchange.ts';
import type { RunningServer } from '../support/server.ts';
import { addressOf } from './sender.ts';

/** Somebody who is logged in and sends letters to himself. */
export type Session = {
  /** Gives the last reply, code and text. */
  readonly send: (letter: Buffer) => Promise<string>;
  readonly close: () => void;
};

/** Logs in at the door of submission. */
export async function openSession(
  server: RunningServer,
  address: string,
  password: string,
): Promise<Session> {
  const connected = await connectTls({
    host: '127.0.0.1',
    serverName: 'localhost',
    port: server.port('submissions'),
    authorities: server.authority,
  });
  assert.ok(connected.ok, JSON.stringify(connected));
  const connection = new SmtpConnection(connected.value.socket);
  await connection.greeting();
  await connection.send({ send: 'EHLO', name: 'sender.example' });
  const login = await connection.authenticate(address, new Secret(password), randomBytes);
  assert.ok(login.ok && login.value.reply.code === 235, JSON.stringify(login));
  const own = addressOf(address);
  return {
    send: async (letter) => {
      const replies = await Promise.all([
        connection.send({ send: 'MAIL', sender: own, sizeBytes: letter.length }),
        connection.send({ send: 'RCPT', recipient: own }),
        connection.send({ send: 'DATA' }),
        connection.send({ send: 'content', chunks: [letter] }),
      ]);
      const reply = replies.find((each) => each.reply.code >= 400)?.reply ?? replies.at(-1)?.reply;
      return `${reply?.code} ${reply?.lines.join(' ')}`;
    },
    close: () => connection.destroy(),
  };
}
