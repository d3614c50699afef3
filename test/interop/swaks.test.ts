import assert from 'node:assert/strict';
import test from 'node:test';
import { withExchanger, type ExchangerSite } from './exchanger-site.ts';
import { assertArrived, letterFrom, mechanismsUsed, withMailbox, type Mailbox } from './mailbox.ts';
import { machineHas, run, succeed } from './programs.ts';

/** What every call of swaks says here: the server's certificate is verified, the login is a must. */
function options({ server, address, password }: Mailbox): string[] {
  const envelope = ['--server', 'localhost', '--from', address, '--to', address];
  const trust = ['--tls-verify', '--tls-ca-path', server.authorityFile];
  return [...envelope, ...trust, '--auth-user', address, '--auth-password', password];
}

test('swaks sends over TLS and by STARTTLS, by each mechanism that it knows, one by one and as a group', async (t) => {
  if (!machineHas(t, 'swaks')) return;
  await withMailbox(async (mailbox) => {
    const { server, address } = mailbox;
    const doors = [
      ['--tls-on-connect', '--port', String(server.port('submissions'))],
      ['--tls', '--port', String(server.port('submission'))],
    ];
    const letters: string[] = [];
    for (const [index, door] of doors.entries()) {
      // CRAM-MD5, DIGEST-MD5 and NTLM are the others that swaks knows, and nothing that a server should offer.
      for (const [mechanism, ...more] of [['PLAIN'], ['LOGIN'], ['PLAIN', '--pipeline']] as const) {
        const letter = letterFrom(address, `swaks ${index} ${mechanism} ${more.join()}`);
        const what = [...door, '--auth', mechanism, ...more, '--data', '-'];
        // swaks ends the last line itself.
        await succeed('swaks', [...options(mailbox), ...what], letter.slice(0, -2));
        letters.unshift(letter);
      }
    }
    await assertArrived(mailbox, letters);
    assert.deepEqual(mechanismsUsed(server), ['PLAIN', 'LOGIN', 'PLAIN', 'PLAIN', 'LOGIN', 'PLAIN']);
  });
});

test('swaks is refused in the clear and with a wrong password, and says so', async (t) => {
  if (!machineHas(t, 'swaks')) return;
  await withMailbox(async (mailbox) => {
    const { server } = mailbox;
    const door = ['--port', String(server.port('submission')), '--auth', 'PLAIN'];
    const clear = await run('swaks', [...options(mailbox), ...door]);
    assert.equal(clear.status, 28, clear.out);
    assert.doesNotMatch(clear.out, /^ ~> AUTH/m);
    const wrong = await run('swaks', [...options({ ...mailbox, password: 'guessed' }), ...door, '--tls']);
    assert.equal(wrong.status, 28, wrong.out);
    assert.match(wrong.out, /^<~\* 535 5\.7\.8 /m);
    await assertArrived(mailbox, []);
  });
});

test('swaks speaks for somebody else, by PROXY headers of both versions and by XCLIENT, where it may', async (t) => {
  if (!machineHas(t, 'swaks')) return;
  const ends = ['--proxy-source', '192.0.2.7', '--proxy-source-port', '1025'];
  const header = [...ends, '--proxy-dest', '192.0.2.1', '--proxy-dest-port', '25'];
  const second = ['--proxy-family', 'AF_INET', '--proxy-command', 'PROXY', '--proxy-protocol', 'STREAM'];
  const ways = [
    ['127.0.0.2', ...header, '--proxy-version', '1', '--proxy-family', 'TCP4'],
    ['127.0.0.2', ...header, '--proxy-version', '2', ...second],
    ['127.0.0.3', '--xclient-addr', '192.0.2.7', '--xclient-port', '1025', '--xclient-name', 'there.example'],
  ];
  const access = 'access = { proxies = ["127.0.0.2/32"], xclient = ["127.0.0.3/32"] }';
  const work = async ({ exchanger, address, letters }: ExchangerSite): Promise<void> => {
    const where = [
      '--server',
      `127.0.0.1:${exchanger.port}`,
      '--tls',
      '--from',
      'bob@there.example',
      '--to',
      address,
    ];
    for (const [from = '', ...more] of ways)
      await succeed('swaks', [...where, '--local-interface', from, ...more]);
    const arrived = await letters();
    assert.deepEqual(
      arrived.map(({ transport }) => [transport.client.address, transport.client.port, transport.protocol]),
      ways.map(() => ['192.0.2.7', 1025, 'ESMTPS']),
    );
    const stranger = await run('swaks', [
      ...where,
      '--local-interface',
      '127.0.0.4',
      '--xclient-addr',
      '192.0.2.7',
    ]);
    assert.equal(stranger.status, 33, stranger.out);
  };
  await withExchanger(t, 'there.example', work, access);
});
