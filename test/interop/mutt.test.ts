import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { withEveryLogin, type EveryLogin } from './every-login.ts';
import { assertReadable, assertReported, mechanismsUsed, written } from './mailbox.ts';
import { machineHas, succeed } from './programs.ts';

const doors = ['submissions', 'submission'] as const;

/** A configuration that has mutt verify the server and log in with this mechanism. */
function configuration(mailbox: EveryLogin, door: (typeof doors)[number], mechanism: string): string {
  const { server, address, password, folder } = mailbox;
  const scheme = door === 'submissions' ? 'smtps' : 'smtp';
  const quoted = password.replaceAll(/["\\]/g, String.raw`\$&`);
  return `set smtp_url="${scheme}://${encodeURIComponent(address)}@localhost:${server.port(door)}"
set smtp_authenticators="${mechanism}"
set smtp_pass="${quoted}"
set smtp_oauth_refresh_command="cat ${join(folder, 'token')}"
set ssl_client_cert="${join(folder, 'client.pem')}"
set ssl_force_tls=yes
set ssl_ca_certificates_file="${server.authorityFile}"
set certificate_file="${server.authorityFile}"
set from="${address}"
set charset=utf-8
set copy=no
`;
}

/*
 * Where GNU SASL chooses, it chooses SCRAM-SHA-256-PLUS as the strongest that the server has, and then mutt has no
 * channel binding for it: a person has to name the mechanism. neomutt takes the -PLUS variant for the plain one too.
 */
const programs = [
  ['mutt', ['PLAIN', 'LOGIN', 'SCRAM-SHA-256', 'EXTERNAL', 'OAUTHBEARER', 'XOAUTH2']],
  ['neomutt', ['PLAIN', 'LOGIN', 'OAUTHBEARER', 'XOAUTH2']],
] as const;

for (const [program, mechanisms] of programs) {
  test(`${program} sends over TLS and by STARTTLS, by each mechanism that it can be told to use`, async (t) => {
    if (!machineHas(t, program)) return;
    await withEveryLogin(async (mailbox) => {
      const { address, folder, token, certificate } = mailbox;
      writeFileSync(join(folder, 'token'), token);
      const { certificate: chain, key } = certificate;
      writeFileSync(
        join(folder, 'client.pem'),
        [chain, key].map((file) => readFileSync(file, 'utf8')).join(''),
      );
      const subjects: string[] = [];
      for (const door of doors) {
        for (const mechanism of mechanisms) {
          const file = join(folder, 'muttrc');
          writeFileSync(file, configuration(mailbox, door, mechanism.toLowerCase()));
          const subject = `Grüße ${mechanism} ${door}`;
          const variables = { HOME: folder, LC_ALL: 'C.UTF-8' };
          await succeed(program, ['-n', '-F', file, '-s', subject, '--', address], written, variables);
          subjects.unshift(subject);
        }
      }
      await assertReadable(mailbox, subjects);
      assert.deepEqual(mechanismsUsed(mailbox.server), [...mechanisms, ...mechanisms]);
    });
  });
}

test('mutt asks for a report of success, and it comes', async (t) => {
  if (!machineHas(t, 'mutt')) return;
  await withEveryLogin(async (mailbox) => {
    const { address, folder } = mailbox;
    const file = join(folder, 'muttrc');
    const asking = 'set dsn_notify="success,failure"\nset dsn_return=hdrs\n';
    writeFileSync(file, `${configuration(mailbox, 'submissions', 'plain')}unset ssl_client_cert\n${asking}`);
    const variables = { HOME: folder, LC_ALL: 'C.UTF-8' };
    await succeed('mutt', ['-n', '-F', file, '-s', 'a report', '--', address], written, variables);
    await assertReported(mailbox);
  });
});
