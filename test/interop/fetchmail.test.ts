import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { kept, lettersLeft, lines, withMaildrop } from './maildrop.ts';
import { machineHas, run } from './programs.ts';

/** Statuses of fetchmail: 0 for letters, 1 for none. */
const statuses = new Set([0, 1]);

test('fetchmail fetches over TLS and by STLS, keeps what it is told to, and removes the rest', async (t) => {
  if (!machineHas(t, 'fetchmail')) return;
  await withMaildrop(async (mailbox) => {
    const { server, address, folder, password } = mailbox;
    const inbox = join(folder, 'inbox');
    const fetch = async (how: string, startTls: boolean): Promise<string> => {
      const file = join(folder, 'fetchmailrc');
      // A text has quotes of one kind around it, and none of that kind inside.
      const quoted = (text: string): string => `'${text}'`;
      const tls = startTls ? 'sslproto TLS1.3+' : 'ssl';
      const port = server.port(startTls ? 'pop3_stls' : 'pop3');
      const settings = `set no bouncemail
set invisible
poll localhost protocol POP3 uidl port ${port}
  user ${quoted(address)} password ${quoted(password)} is root here
  ${tls} sslcertck sslcertfile ${quoted(server.authorityFile)}
  mda ${quoted(`cat >> ${inbox}`)} ${how}
`;
      writeFileSync(file, settings, { mode: 0o600 });
      writeFileSync(inbox, '');
      const args = [
        '--fetchmailrc',
        file,
        '--idfile',
        join(folder, 'ids'),
        '--pidfile',
        join(folder, 'pid'),
        '--nodetach',
        '--nosyslog',
      ];
      // It wants to know who it is, and asks the environment.
      const { status, out, complaints } = await run('fetchmail', args, '', {
        HOME: folder,
        FETCHMAILHOME: folder,
      });
      assert(status !== null && statuses.has(status), `${status}: ${complaints}${out}`);
      return readFileSync(inbox, 'utf8');
    };
    assert.equal(asFetched(await fetch('keep', false)), lines.map(asFetched).join(''));
    assert.equal(await fetch('keep', true), '', 'letters came twice');
    assert.equal(await lettersLeft(mailbox), kept.length);
    assert.equal(asFetched(await fetch('fetchall nokeep', true)), lines.map(asFetched).join(''));
    assert.equal(await lettersLeft(mailbox), 0);
  });
});

/** It rewrites header fields, so that what is compared is the rest. */
const asFetched = (text: string): string => text.replaceAll(/^(?:From|To): .*\n/gm, '');
