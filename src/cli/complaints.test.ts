import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { HouseRefused } from '../app/house.ts';
import { ensureDevelopmentCertificates } from '../net/tls/authority.ts';
import { StoreFault } from '../store/fault.ts';
import { explainFailure } from './complain.ts';
import { shellWord } from './serve.ts';

type Ended = { readonly status: number; readonly out: string; readonly complaint: string };

/** A fresh folder, and the program in it. */
const place = async (t: TestContext) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'letterlock-complaints-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const main = path.join(import.meta.dirname, 'main.ts');
  const run = (...args: readonly string[]): Promise<Ended> =>
    new Promise((resolve) => {
      execFile(
        process.execPath,
        [main, ...args],
        { cwd: folder, timeout: 20_000 },
        (error, out, complaint) => {
          resolve({ status: error === null ? 0 : Number(error.code), out, complaint });
        },
      );
    });
  const configure = (text: string): Promise<void> => writeFile(path.join(folder, 'a.toml'), text);
  return { folder, run, configure };
};

test('what a person must change is a line, and a fault keeps its stack', () => {
  const system = (code: string): Error =>
    Object.assign(new Error(`${code}: no`), { code, syscall: 'open', path: '/d/x' });
  assert.equal(explainFailure(new HouseRefused('not so')), 'not so');
  assert.equal(explainFailure(system('ENOSPC')), '/d/x: the disk is full (ENOSPC, open)');
  assert.equal(explainFailure(system('ENOENT')), '/d/x: there is no such file (ENOENT, open)');
  assert.equal(explainFailure(system('EROFS')), '/d/x: the file system is read-only (EROFS, open)');
  assert.equal(explainFailure(system('ELOOP')), 'ELOOP: no');
  assert.equal(explainFailure(new StoreFault('database or disk is full\nmore')), 'database or disk is full');
  assert.equal(explainFailure(new StoreFault('no', { cause: new TypeError('x is undefined') })), null);
  for (const fault of [new Error('a fault'), new TypeError('x is undefined'), 'a text', null])
    assert.equal(explainFailure(fault), null);
});

test('a word of a command that is shown works in a shell', () => {
  assert.equal(shellWord('etc/a-b_c.toml'), 'etc/a-b_c.toml');
  assert.equal(shellWord("it's $HOME"), "'it'\\''s $HOME'");
  assert.equal(shellWord(''), "''");
});

test('a command that reads accounts makes no data folder, and one that makes them says so', async (t) => {
  const { folder, run, configure } = await place(t);
  await configure('domains = ["447.edu"]\ndata = "data"\n');
  const config = ['--config', 'a.toml'];
  const data = path.join(folder, 'data');
  for (const words of [
    ['list'],
    ['password', 'nu1@447.edu'],
    ['app-password', 'list', 'nu1@447.edu'],
    ['certificate', 'list', 'nu1@447.edu'],
  ]) {
    const ended = await run('account', ...words, ...config);
    assert.equal(ended.status, 1);
    assert.equal(
      ended.complaint,
      `letterlock: there is no data folder at ${data}; serve or account add makes one\n`,
    );
    assert.ok(!existsSync(data));
  }
  const added = await run('account', 'add', 'nu1@447.edu', ...config);
  assert.ok(
    added.out.startsWith(`A new data folder is made at ${data}.\nAccount nu1@447.edu is made in ${data}.\n`),
    added.out + added.complaint,
  );
  assert.equal((await run('account', 'list', ...config)).out, 'nu1@447.edu\t0 letters, 0 B\n');
});

test('config says what serve would say, and makes nothing', async (t) => {
  const { folder, run, configure } = await place(t);
  assert.equal((await run('config')).out, 'Without a file the defaults hold; they are right.\n');
  assert.deepEqual(await readdir(folder), []);
  const complaint = async (text: string): Promise<string> => {
    await configure(text);
    const ended = await run('config', '--config', 'a.toml');
    assert.equal(ended.status, 1, ended.out);
    assert.match(ended.complaint, /^letterlock: [^\n]+\n$/);
    return ended.complaint;
  };
  await symlink(path.join(folder, 'gone'), path.join(folder, 'dead'));
  assert.match(await complaint('data = "dead"'), /is a link to a place that does not exist/);
  assert.match(await complaint('data = "a.toml"'), /is not a folder/);
  const disabled = '{ enabled = false }';
  assert.match(
    await complaint(
      `listen = { submissions = ${disabled}, submission = ${disabled}, https = ${disabled}, exchanger = ${disabled}, imap = ${disabled}, pop3 = ${disabled} }`,
    ),
    /every door is disabled/,
  );
  const made = await ensureDevelopmentCertificates(path.join(folder, 'tls'), { host: 'localhost' });
  assert.ok(made.ok);
  const { certificate, key } = made.value.server;
  const tls = (keyFile: string): string => `tls = { certificate = '${certificate}', key = '${keyFile}' }`;
  assert.match(await complaint(tls(path.join(folder, 'tls', 'client.key'))), /client\.key/);
  await configure(tls(key));
  assert.equal((await run('config', '--config', 'a.toml')).out, 'The configuration is right.\n');
});

test('a configuration that is no file, and options that are wrong, are told in the words of the command', async (t) => {
  const { folder, run, configure } = await place(t);
  assert.match(
    (await run('config', '--config', '')).complaint,
    /^letterlock: --config names no file[^\n]+\n$/,
  );
  assert.match(
    (await run('config', '--config', '.')).complaint,
    /^letterlock: \.: .*it is a folder[^\n]+\n$/,
  );
  const classic = async (...words: readonly string[]): Promise<string> =>
    (await run('senderserver', '--port', '0', '--data', 'classic', ...words)).complaint;
  assert.match(await classic('--host', 'nonsense'), /^letterlock: --host: expected an IP address\n$/);
  assert.match(await classic('--key', 'a.toml'), /^letterlock: --key: needs --certificate beside it/m);
  assert.match(await classic('--certificate', 'none.pem'), /--certificate: .*there is no such file/);
  assert.match(
    await classic('--passphrase-env', 'NOT_THERE_447'),
    /^letterlock: --passphrase-env: .*NOT_THERE_447/,
  );
  assert.match(await classic('--passphrase-file', 'none'), /^letterlock: --passphrase-file: /);
  await mkdir(path.join(folder, 'data', 'secrets'), { recursive: true });
  await writeFile(path.join(folder, 'data', 'secrets', 'server.secret'), 'zz\n');
  const doors = ['submissions', 'submission', 'imap', 'pop3', 'https']
    .map((door) => `${door} = { port = 0 }`)
    .join(', ');
  await configure(`data = "data"\nlisten = { ${doors} }\n`);
  const broken = await run('serve', '--config', 'a.toml');
  assert.equal(broken.status, 1);
  assert.match(broken.complaint, /^letterlock: .*server\.secret does not hold 32 bytes in hex[^\n]+\n$/);
});
