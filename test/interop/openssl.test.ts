import assert from 'node:assert/strict';
import test from 'node:test';
import type { DoorName } from '../support/server.ts';
import { withMailbox, type Mailbox } from './mailbox.ts';
import { machineHas, run, succeed } from './programs.ts';

const doors: readonly DoorName[] = ['submissions', 'submission', 'https'];

/** The arguments that bring `openssl s_client` to a door. */
function to({ server }: Mailbox, door: DoorName): string[] {
  return [
    's_client',
    '-connect',
    `127.0.0.1:${server.port(door)}`,
    '-servername',
    'localhost',
    '-CAfile',
    server.authorityFile,
    '-verify_return_error',
    ...(door === 'submission' ? ['-starttls', 'smtp'] : []),
  ];
}

test('openssl s_client -tls1_2 is refused at every door, with one clear line in the log', async (t) => {
  if (!machineHas(t, 'openssl')) return;
  await withMailbox(async (mailbox) => {
    const { server } = mailbox;
    for (const door of doors) {
      const { status, out, complaints } = await run('openssl', [...to(mailbox, door), '-tls1_2']);
      assert.notEqual(status, 0, out);
      assert.match(complaints, /alert protocol version/);
      const line = await server.logged((logged) => logged.event === 'tls.failed' && logged['door'] === door);
      assert.equal(line['why'], 'the client offers no TLS version that this door takes');
    }
    assert.equal(server.events().filter(({ event }) => event === 'tls.failed').length, doors.length);
  });
});

test('openssl s_client agrees on TLS 1.3, and on X25519MLKEM768 where it knows it', async (t) => {
  if (!machineHas(t, 'openssl')) return;
  const [, major = '0', minor = '0'] =
    /^OpenSSL (\d+)\.(\d+)/.exec(await succeed('openssl', ['version'])) ?? [];
  const isPostQuantum = Number(major) * 100 + Number(minor) >= 305;
  const group = isPostQuantum ? 'X25519MLKEM768' : 'X25519';
  t.diagnostic(`OpenSSL ${major}.${minor}: ${group} is expected`);
  await withMailbox(async (mailbox) => {
    const { server } = mailbox;
    for (const door of doors) {
      const out = await succeed('openssl', to(mailbox, door));
      assert.match(out, /^New, TLSv1\.3, Cipher is TLS_AES_/m, out);
      assert.match(out, /^Verify(?: return code: 0|: OK|cation: OK)/m, out);
      assert.match(out, isPostQuantum ? /X25519MLKEM768/ : /^Server Temp Key: X25519, 253 bits$/m, out);
    }
    const agreed = server
      .events()
      .filter(({ event, tls }) => /^smtp\.(?:connected|secured)$/.test(event) && tls !== null)
      .map(({ tls }) => tls as { readonly version: string; readonly group: string });
    assert.deepEqual(
      agreed.map((tls) => `${tls.version} ${tls.group.toUpperCase()}`),
      [`TLSv1.3 ${group}`, `TLSv1.3 ${group}`],
    );
  });
});
