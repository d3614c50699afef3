import assert from 'node:assert/strict';
import test from 'node:test';
import { withEveryLogin, type EveryLogin } from './every-login.ts';
import { assertReadable, mechanismsUsed, written } from './mailbox.ts';
import { machineHas, succeed } from './programs.ts';

/** What s-nail calls a mechanism, what it is called by others, and whether a certificate alone is enough for it. */
const logins = [
  ['plain', 'PLAIN'],
  ['login', 'LOGIN'],
  ['external', 'EXTERNAL'],
  ['externanon', 'EXTERNAL'],
  // It has the name of the one and says the other.
  ['oauthbearer', 'XOAUTH2'],
] as const;

/** s-nail without the configuration of this machine: every certificate is verified, and the authority is the server's. */
function send(mailbox: EveryLogin, door: 'submissions' | 'submission', login: string): Promise<string> {
  const { server, address, password, token, folder, certificate } = mailbox;
  const secret = encodeURIComponent(login === 'oauthbearer' ? token : password);
  const user = login === 'externanon' ? '' : `${encodeURIComponent(address)}:${secret}@`;
  const scheme = door === 'submission' ? 'submission' : 'submissions';
  const pairs = `Certificate=${certificate.certificate},PrivateKey=${certificate.key}`;
  const settings = [
    'v15-compat',
    `mta=${scheme}://${user}localhost:${server.port(door)}`,
    `smtp-auth=${login}`,
    ...(door === 'submission' ? ['smtp-use-starttls'] : []),
    'tls-verify=strict',
    'tls-ca-no-defaults',
    `tls-ca-file=${server.authorityFile}`,
    ...(login.startsWith('extern') ? [`tls-config-pairs=${pairs}`] : []),
    `from=${address}`,
  ];
  const options = ['-:/', ...settings.map((setting) => `-S${setting}`), '-s', `Grüße ${login} ${door}`];
  return succeed('s-nail', [...options, address], written, { HOME: folder, LC_ALL: 'C.UTF-8' });
}

test('s-nail sends over TLS and by STARTTLS, by each mechanism that it knows', async (t) => {
  if (!machineHas(t, 's-nail')) return;
  await withEveryLogin(async (mailbox) => {
    const subjects: string[] = [];
    for (const door of ['submissions', 'submission'] as const) {
      for (const [login] of logins) {
        await send(mailbox, door, login);
        subjects.unshift(`Grüße ${login} ${door}`);
      }
    }
    await assertReadable(mailbox, subjects);
    const named = logins.map(([, mechanism]) => mechanism);
    assert.deepEqual(mechanismsUsed(mailbox.server), [...named, ...named]);
  });
});
