import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { keptPieces } from '../mail/omitted-ranges.ts';
import { auditFolder } from '../store/sqlite/audit.ts';
import type { Mailbox, Store } from '../store/port.ts';
import { accountNamed, careHouse } from './care-loopback.ts';

type Kept = { readonly text: string; readonly receivedAt: number; readonly keywords: readonly string[] };

/** What an account has in a mailbox, as it is served. */
const kept = async (store: Store, name = 'INBOX'): Promise<readonly Kept[]> => {
  const { id } = await accountNamed(store, 'nu1@447.edu');
  const mailbox = (await store.mailboxes(id)).find((one: Mailbox) => one.name === name);
  assert.ok(mailbox, name);
  const found: Kept[] = [];
  for (const { letter: number, keywords, receivedAt } of await store.placed({
    account: id,
    mailbox: mailbox.id,
  })) {
    const letter = await store.letter(id, number);
    const blob = await store.blob(id, number);
    assert.ok(letter && blob);
    const text = Buffer.concat([letter.prefix, ...keptPieces(blob, letter.omitted)]).toString('latin1');
    found.push({ text, receivedAt, keywords });
  }
  return found;
};

const at = Date.UTC(2020, 6, 3, 1, 3, 5);
const separator = 'From a@b.example Fri Jul  3 01:03:05 2020';
const letter = (number: number, body = 'Hello\n>From me\n'): string =>
  `From: a@b.example\nSubject: ${number}\nMessage-ID: <${number}@b.example>\n\n${body}`;
const crlf = (text: string): string => text.replaceAll('\n', '\r\n');

test('an mbox comes in with flags and dates, once however often, and goes out again as it was', async (t) => {
  const { run, look, folder, data } = await careHouse(t);
  await run('account', 'add', 'nu1@447.edu');
  const file = path.join(folder, 'old.mbox');
  const large = letter(3, `${'x'.repeat(70)}\n`.repeat(30_000));
  const entries = [`Status: RO\nX-Status: AF\n${letter(1)}`, letter(2), letter(2), large];
  fs.writeFileSync(
    file,
    entries
      .map(
        (one) =>
          `${separator}\n${one.replaceAll(/^(>*From )/gm, (quoted) => (quoted.startsWith('>') ? `>${quoted}` : quoted))}\n`,
      )
      .join(''),
  );
  await look(async (store) => {
    const first = await run('import', 'nu1@447.edu', '--from', file, '--mailbox', 'Archive/Old');
    assert.deepEqual(
      [first.complaint, first.out],
      ['', '4 letters imported into Archive/Old of nu1@447.edu.\n'],
    );
    const letters = await kept(store, 'Old');
    assert.deepEqual(
      letters.map(({ text }) => text),
      [letter(1), letter(2), letter(2), large].map(crlf),
    );
    assert.ok(letters.every(({ receivedAt }) => receivedAt === at));
    assert.deepEqual(letters[0]?.keywords, ['$answered', '$flagged', '$seen']);
    const again = await run('import', 'nu1@447.edu', '--from', file, '--mailbox', 'Archive/Old');
    assert.equal(again.out, '0 letters imported into Archive/Old of nu1@447.edu; 4 had been before.\n');
    fs.appendFileSync(file, `${separator}\n${letter(4)}\n`);
    const grown = await run('import', 'nu1@447.edu', '--from', file, '--mailbox', 'Archive/Old');
    assert.match(grown.out, /^1 letter imported .*; 4 had been before\.\n$/);
    for (const format of ['mbox', 'maildir', 'eml']) {
      const place = path.join(folder, `out.${format}`);
      const out = await run(
        'export',
        'nu1@447.edu',
        '--to',
        place,
        '--format',
        format,
        '--mailbox',
        'Archive/Old',
      );
      assert.deepEqual([out.complaint, out.status], ['', 0]);
      const back = await run('import', 'nu1@447.edu', '--from', place, '--mailbox', format);
      assert.match(back.out, /^5 letters imported/, back.complaint);
      const flags = (one: Kept): Kept => (format === 'eml' ? { ...one, keywords: [] } : one);
      const inOrder = (some: readonly Kept[]): readonly string[] =>
        some.map((one) => JSON.stringify({ ...one, receivedAt: Math.floor(one.receivedAt / 1000) })).sort();
      assert.deepEqual(
        inOrder(await kept(store, format)),
        inOrder((await kept(store, 'Old')).map(flags)),
        format,
      );
      const refused = await run('export', 'nu1@447.edu', '--to', place);
      assert.match(refused.complaint, /is there already/);
    }
  });
  assert.deepEqual(auditFolder(data), []);
});

test('a Maildir comes in with its flags and dates, and nothing that a link leads to', async (t) => {
  const { run, look, folder } = await careHouse(t);
  await run('account', 'add', 'nu1@447.edu');
  const maildir = path.join(folder, 'Maildir');
  for (const part of ['cur', 'new', 'tmp']) fs.mkdirSync(path.join(maildir, part), { recursive: true });
  const put = (name: string, text: string): void => {
    fs.writeFileSync(path.join(maildir, name), text);
    fs.utimesSync(path.join(maildir, name), at / 1000, at / 1000);
  };
  put('cur/1.a.host:2,RS', letter(1));
  put('cur/2.b.host:2,', crlf(letter(2)));
  put('new/3.c.host', letter(3));
  put('tmp/4.d.host', letter(4));
  put('secret', 'Subject: secret\n\n');
  fs.symlinkSync(path.join(maildir, 'secret'), path.join(maildir, 'cur', '5.e.host:2,S'));
  fs.mkdirSync(path.join(maildir, 'cur', '6.f.host:2,S'));
  const done = await run('import', 'nu1@447.edu', '--from', maildir);
  assert.equal(done.out, '3 letters imported into INBOX of nu1@447.edu.\n', done.complaint);
  await look(async (store) => {
    assert.deepEqual(await kept(store), [
      { text: crlf(letter(1)), receivedAt: at, keywords: ['$answered', '$seen'] },
      { text: crlf(letter(2)), receivedAt: at, keywords: [] },
      { text: crlf(letter(3)), receivedAt: at, keywords: [] },
    ]);
  });
});

test('an import that is killed loses nothing and doubles nothing when it runs again', async (t) => {
  const { run, look, folder, data, config } = await careHouse(t);
  await run('account', 'add', 'nu1@447.edu');
  const file = path.join(folder, 'many.mbox');
  const many = 3000;
  fs.writeFileSync(
    file,
    Array.from({ length: many }, (_, number) => `${separator}\n${letter(number % 2900)}\n`).join(''),
  );
  const memory = path.join(data, 'imports');
  for (let round = 0; round < 4; round++) {
    // The journal of the lock comes and goes meanwhile.
    const sizeOf = (name: string): number =>
      fs.statSync(path.join(memory, name), { throwIfNoEntry: false })?.size ?? 0;
    const size = (): number =>
      fs.existsSync(memory) ? fs.readdirSync(memory).reduce((sum, name) => sum + sizeOf(name), 0) : 0;
    const before = size();
    const main = path.join(import.meta.dirname, 'main.ts');
    const child = spawn(
      process.execPath,
      [main, 'import', 'nu1@447.edu', '--from', file, '--config', config],
      { stdio: 'ignore' },
    );
    const ended = new Promise((resolve) => child.once('exit', resolve));
    // As soon as something is begun, and a little later in each round.
    while (child.exitCode === null && size() <= before + 10)
      await new Promise((resolve) => setImmediate(resolve));
    for (let turn = 0; turn < round * 40; turn++) await new Promise((resolve) => setImmediate(resolve));
    child.kill('SIGKILL');
    await ended;
  }
  const done = await run('import', 'nu1@447.edu', '--from', file);
  assert.equal(done.status, 0, done.complaint);
  await look(async (store) => {
    const subjects = (await kept(store)).map(({ text }) => Number(/Subject: (\d+)/.exec(text)?.[1]));
    assert.equal(subjects.length, many);
    assert.deepEqual(
      subjects.sort((one, other) => one - other),
      Array.from({ length: many }, (_, number) => number % 2900).sort((one, other) => one - other),
    );
  });
  assert.deepEqual(auditFolder(data), []);
});

test('what cannot be imported is said, and an import goes on when the quota was raised', async (t) => {
  const { run, look, folder } = await careHouse(t);
  await run('account', 'add', 'nu1@447.edu');
  const file = path.join(folder, 'a.mbox');
  fs.writeFileSync(file, [1, 2, 3].map((number) => `${separator}\n${letter(number)}\n`).join(''));
  const noMbox = await run(
    'import',
    'nu1@447.edu',
    '--from',
    path.join(folder, 'a.toml'),
    '--format',
    'mbox',
  );
  assert.match(noMbox.complaint, /a\.toml is no mbox file/);
  assert.match(
    (await run('import', 'nu1@447.edu', '--from', path.join(folder, 'no'))).complaint,
    /there is no such file/,
  );
  assert.match(
    (await run('import', 'nu1@447.edu', '--from', folder)).complaint,
    /has no file that ends in \.eml/,
  );
  for (const name of ['a/../b/..//x', 'INBOX/', `x/${'y'.repeat(300)}`])
    assert.match(
      (await run('import', 'nu1@447.edu', '--from', file, '--mailbox', name)).complaint,
      /is no name of a mailbox/,
    );
  await run('account', 'quota', 'nu1@447.edu', '--letters', '2');
  const full = await run('import', 'nu1@447.edu', '--from', file);
  assert.deepEqual([full.status, /the quota of the account has no room/.test(full.complaint)], [1, true]);
  await run('account', 'quota', 'nu1@447.edu', '--letters', 'none');
  assert.equal(
    (await run('import', 'nu1@447.edu', '--from', file)).out,
    '3 letters imported into INBOX of nu1@447.edu.\n',
  );
  await look(async (store) => assert.equal((await kept(store)).length, 3));
});
