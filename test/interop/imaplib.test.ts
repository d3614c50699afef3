import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { letterFrom, withMailbox } from './mailbox.ts';
import { machineHas, succeed } from './programs.ts';

const program = join(import.meta.dirname, 'imaplib_client.py');

type Seen = Readonly<
  Record<
    'mailboxes' | 'count' | 'letters' | 'flags' | 'envelope' | 'told' | 'uids' | 'status',
    readonly string[]
  >
>;

test('Python keeps letters, reads, flags and expunges them with imaplib, by LOGIN and by AUTHENTICATE', async (t) => {
  if (!machineHas(t, 'python3')) return;
  for (const mechanism of ['LOGIN', 'PLAIN']) {
    await withMailbox(async ({ server, address, password }) => {
      const letters = ['one', 'two', 'three'].map((subject) => letterFrom(address, subject));
      const { authorityFile: authority } = server;
      const job = { authority, imap: server.port('imap'), address, password, mechanism, letters };
      const seen = JSON.parse(await succeed('python3', [program], JSON.stringify(job))) as Seen;
      assert(seen.mailboxes.includes('(\\HasNoChildren) "/" "INBOX"'), seen.mailboxes.join());
      assert.deepEqual(seen.count, ['3']);
      assert.deepEqual(seen.letters, letters);
      const date = 'INTERNALDATE "17-Jul-1996 09:44:25 +0000"';
      assert.deepEqual(seen.flags, [
        `1 (FLAGS (\\Seen) ${date})`,
        `2 (FLAGS () ${date})`,
        `3 (FLAGS () ${date})`,
      ]);
      const ada = '((NIL NIL "ada" "letters.example"))';
      assert.deepEqual(seen.envelope, [
        `1 (ENVELOPE (NIL "one" ${ada} ${ada} ${ada} ${ada} NIL NIL NIL NIL))`,
      ]);
      assert.deepEqual(seen.told, ['1']);
      assert.deepEqual(seen.uids, ['1 (UID 2)', '2 (UID 3)']);
      assert.deepEqual(seen.status, ['"INBOX" (MESSAGES 2 UIDNEXT 4)']);
      // imaplib takes ASCII only.
    }, 'pass phrase: with "signs"');
  }
});
