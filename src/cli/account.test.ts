import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { appPasswordDigest } from '../accounts/app-passwords.ts';
import { HouseRefused } from '../app/house.ts';
import { ensureDevelopmentCertificates } from '../net/tls/authority.ts';
import { Secret } from '../sasl/exchange.ts';
import { openStore } from '../store/sqlite/open.ts';
import type { AccountName, Store } from '../store/port.ts';
import { parseDuration, parseLabel, parseScope } from './account-app-password.ts';
import { parseFingerprint } from './account-certificate.ts';

type Ended = { readonly status: number; readonly out: string; readonly complaint: string };

const main = path.join(import.meta.dirname, 'main.ts');

/** A fresh data folder with `nu1@447.edu`, and the program's `account` on it. */
const house = async (t: TestContext) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'letterlock-account-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const config = path.join(folder, 'a.toml');
  await writeFile(config, 'domains = ["447.edu"]\ndata = "data"\n');
  const run = (...words: readonly string[]): Promise<Ended> =>
    new Promise((resolve) => {
      const args = [main, 'account', ...words, '--config', config];
      execFile(process.execPath, args, (error, out, complaint) => {
        resolve({ status: typeof error?.code === 'number' ? error.code : 0, out, complaint });
      });
    });
  const look = async <Value>(use: (store: Store, name: AccountName) => Promise<Value>): Promise<Value> => {
    const opened = await openStore(path.join(folder, 'data'));
    assert.ok(opened.ok);
    try {
      return await use(opened.value, 'nu1@447.edu' as AccountName);
    } finally {
      await opened.value.close();
    }
  };
  assert.equal((await run('add', 'nu1@447.edu')).status, 0);
  return { folder, look, run };
};

const accountOf = async (store: Store, name: AccountName) => {
  const account = await store.account(name);
  assert.ok(account !== null);
  return account;
};

test('an app password is made, shown once, listed without itself, and removed', async (t) => {
  const { look, run } = await house(t);
  const scope = ['--scope', 'https,smtp'];
  const made = await run(
    'app-password',
    'add',
    'NU1@447.edu',
    '--label',
    'my telephone',
    ...scope,
    '--expires',
    '90d',
  );
  assert.equal(made.status, 0, made.complaint);
  const [, password = ''] = /Shown this once: (\S+)\n/.exec(made.out) ?? [];
  const kept = await look(async (store, name) => {
    const { id } = await accountOf(store, name);
    return store.appPassword(id, appPasswordDigest(new Secret(password)) ?? '');
  });
  assert.deepEqual(kept?.scope, ['smtp', 'https']);
  assert.equal((kept?.expiresAt ?? 0) - (kept?.createdAt ?? 0), 90 * 24 * 60 * 60 * 1000);
  const again = await run('app-password', 'add', 'nu1@447.edu', '--label', 'my telephone', ...scope);
  assert.equal(again.status, 1);
  assert.match(again.complaint, /^letterlock: nu1@447.edu has an app password "my telephone" already/);
  const listed = await run('app-password', 'list', 'nu1@447.edu');
  assert.match(listed.out, /^my telephone\tsmtp,https\tcreated .* UTC\tlast used never\texpires .* UTC\n$/);
  assert.ok(!listed.out.includes(password));
  const removed = await run('app-password', 'remove', 'nu1@447.edu', '--label', 'my telephone');
  assert.equal(removed.status, 0);
  assert.equal((await run('app-password', 'list', 'nu1@447.edu')).out, '');
  const nobody = await run('app-password', 'list', 'nu2@447.edu');
  assert.match(nobody.complaint, /there is no account nu2@447.edu/);
});

test('a certificate is bound, listed by its fingerprint, and unbound', async (t) => {
  const { folder, look, run } = await house(t);
  const made = await ensureDevelopmentCertificates(path.join(folder, 'tls'), { host: 'localhost' });
  assert.ok(made.ok);
  const file = made.value.server.certificate;
  const added = await run('certificate', 'add', 'nu1@447.edu', '--file', file);
  assert.equal(added.status, 0, added.complaint);
  const [, sha256 = ''] = /^Certificate ([0-9a-f]{64}) \(/.exec(added.out) ?? [];
  const names = await look(async (store) =>
    (await store.accountsOfCertificate(sha256)).map(({ name }) => name),
  );
  assert.deepEqual(names, ['nu1@447.edu']);
  assert.match((await run('certificate', 'list', 'nu1@447.edu')).out, new RegExp(`^${sha256}\t.*\tbound `));
  const wrong = await run('certificate', 'add', 'nu1@447.edu', '--file', path.join(folder, 'a.toml'));
  assert.match(wrong.complaint, /^letterlock: .*a.toml holds no certificate\n$/);
  const removed = await run('certificate', 'remove', 'nu1@447.edu', '--fingerprint', sha256.toUpperCase());
  assert.equal(removed.status, 0, removed.complaint);
  assert.equal((await run('certificate', 'list', 'nu1@447.edu')).out, '');
});

test('what the options of an app password and a fingerprint may be', () => {
  const dayMs = 24 * 60 * 60 * 1000;
  for (const [text, expected] of [
    ['12h', dayMs / 2],
    ['90d', 90 * dayMs],
    ['2w', 14 * dayMs],
    ['1y', 365 * dayMs],
    ['never', null],
  ] as const)
    assert.equal(parseDuration(text), expected);
  for (const text of ['', '0d', '-1d', '90', '1.5d', '10000d', '9D', 'd', '1m', ' 1d', '__proto__'])
    assert.throws(() => parseDuration(text), HouseRefused, text);
  assert.deepEqual(parseScope('imap, SMTP,imap'), ['smtp', 'imap']);
  for (const text of ['', 'smtp,', 'all', 'smtp imap', '__proto__'])
    assert.throws(() => parseScope(text), HouseRefused, text);
  assert.equal(parseLabel(' Zoë’s telephone '), 'Zoë’s telephone');
  for (const text of ['', ' ', 'a\nb', 'a\tb', '\u001b[31m', '\u202e', 'a'.repeat(101)])
    assert.throws(() => parseLabel(text), HouseRefused, JSON.stringify(text));
  const sha256 = 'ab'.repeat(32);
  assert.equal(parseFingerprint(sha256.toUpperCase().replaceAll(/..(?=.)/g, '$&:')), sha256);
  for (const text of ['', 'ab', `${sha256}ab`, `${sha256.slice(1)}g`])
    assert.throws(() => parseFingerprint(text), HouseRefused);
});

test('an account that nobody could log in to is not made', async (t) => {
  const { look, run } = await house(t);
  const made = await run('add', 'ﬁsh@447.edu');
  assert.equal(made.status, 1);
  assert.match(made.complaint, /^letterlock: nobody could log in as ﬁsh@447\.edu: SASLprep .*\n$/);
  assert.deepEqual(await look(async (store) => (await store.accounts()).map(({ name }) => name)), [
    'nu1@447.edu',
  ]);
  assert.equal((await run('add', 'عربي@447.edu')).status, 0);
});
