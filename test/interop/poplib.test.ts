import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { kept, lettersLeft, lines, withMaildrop } from './maildrop.ts';
import { machineHas, succeed } from './programs.ts';

const program = join(import.meta.dirname, 'poplib_client.py');

/** What one session of the program got. */
type Session = {
  readonly size: number;
  readonly sizes: readonly number[];
  readonly ids: readonly string[];
  readonly one: readonly string[];
  readonly letters: readonly string[];
  readonly top: string;
};

test('Python fetches over TLS and by STLS, alone, and removes what it says', async (t) => {
  if (!machineHas(t, 'python3')) return;
  await withMaildrop(async (mailbox) => {
    const { server, address, password } = mailbox;
    const job = {
      authority: server.authorityFile,
      pop3: server.port('pop3'),
      pop3_stls: server.port('pop3_stls'),
      address,
      // poplib writes UTF-8.
      password,
      remove: [1, 3],
    };
    const got = JSON.parse(await succeed('python3', [program], JSON.stringify(job))) as {
      readonly capabilities: Readonly<Record<string, readonly string[]>>;
      readonly implicit: Session;
      readonly stls: Session;
      readonly in_use: string;
      readonly quit: string;
      readonly left: number;
    };
    assert.deepEqual(got.capabilities['EXPIRE'], ['NEVER']);
    assert(got.capabilities['SASL']?.includes('SCRAM-SHA-256-PLUS'));
    const { implicit, stls } = got;
    assert.deepEqual(implicit.letters, lines);
    const sizes = kept.map((letter) => Buffer.byteLength(letter));
    assert.deepEqual(implicit.sizes, sizes);
    assert.equal(
      implicit.size,
      sizes.reduce((sum, size) => sum + size, 0),
    );
    assert.match(implicit.one[0] ?? '', new RegExp(`^\\+OK 1 ${sizes[0]}$`));
    assert.equal(implicit.one[1], `+OK ${implicit.ids[0]}`);
    assert.equal(implicit.top, lines[0]?.replace('x.\n...three\n', ''));
    assert.deepEqual(stls, implicit);
    assert.match(got.in_use, /^-ERR \[IN-USE\] /);
    assert.match(got.quit, /^\+OK 2 letters removed/);
    assert.equal(got.left, kept.length - 2);
    assert.equal(await lettersLeft(mailbox), kept.length - 2);
  });
});
