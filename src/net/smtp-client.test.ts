import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { formatAddress } from '../mail/address.ts';
import { SmtpClient } from '../smtp/client/session.ts';
import { SmtpConnection } from './smtp-client.ts';

/** A server that greets, and answers each line that is in the table. */
async function answering(t: TestContext, answers: ReadonlyMap<string, string>): Promise<number> {
  const server = createServer((socket) => {
    socket.write('220 mail.example LMTP\r\n');
    createInterface({ input: socket }).on('line', (line) => socket.write(answers.get(line) ?? ''));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

test('over LMTP a letter has an outcome for each recipient, and the trace shows each reply once', async (t) => {
  const port = await answering(
    t,
    new Map([
      ['LHLO client.example', '250-mail.example\r\n250 PIPELINING\r\n'],
      ['MAIL FROM:<>', '250 ok\r\n'],
      ['RCPT TO:<nu1@447.edu>', '250 ok\r\n'],
      ['RCPT TO:<nu2@447.edu>', '550 5.1.1 nobody\r\n'],
      ['RCPT TO:<nu3@447.edu>', '250 ok\r\n'],
      ['DATA', '354 go on\r\n'],
      ['.', '250 2.0.0 stored\r\n452 4.2.2 full\r\n'],
      ['QUIT', '221 bye\r\n'],
    ]),
  );
  const said: string[] = [];
  const socket = connect(port, '127.0.0.1');
  const connection = new SmtpConnection(socket, (_, line) => said.push(line), new SmtpClient('lmtp'));
  await connection.greeting();
  await connection.send({ send: 'LHLO', name: 'client.example' });
  await connection.send({ send: 'MAIL', sender: null });
  for (const local of ['nu1', 'nu2', 'nu3'])
    await connection.send({ send: 'RCPT', recipient: { localPart: local, domain: '447.edu' } });
  await connection.send({ send: 'DATA' });
  const { reply, recipients } = await connection.send({ send: 'content', chunks: [Buffer.from('x\r\n')] });
  assert.deepEqual(
    recipients.map((one) => [formatAddress(one.recipient), one.reply.code]),
    [
      ['nu1@447.edu', 250],
      ['nu3@447.edu', 452],
    ],
  );
  assert.equal(reply.code, 452);
  assert.deepEqual(said.slice(-3), ['(the letter)', '250 2.0.0 stored', '452 4.2.2 full']);
  assert.equal((await connection.quit())?.code, 221);
});
