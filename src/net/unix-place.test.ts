import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { listenAtPath, longestUnixPath } from './unix-place.ts';

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'letterlock-unix.'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A server that answers with a word; gone when the test ends. */
function server(t: TestContext, word: string): Server {
  const made = createServer((socket) => socket.on('error', () => undefined).end(word));
  t.after(() => made.close());
  return made;
}

async function said(path: string): Promise<string> {
  const socket = connect({ path });
  let heard = '';
  socket.on('data', (chunk: Buffer) => void (heard += String(chunk)));
  await once(socket, 'close');
  return heard;
}

test('a socket has its permissions from its first moment, and goes with its server', async (t) => {
  const folder = folderOf(t);
  const path = join(folder, 'lmtp');
  const leave = await listenAtPath(server(t, 'one'), { path, mode: 0o660 });
  assert.equal(lstatSync(path).mode & 0o7777, 0o660);
  assert.equal(await said(path), 'one');
  assert.deepEqual(readdirSync(folder), ['lmtp']);
  await leave();
  assert.deepEqual(readdirSync(folder), []);
});

test('what a killed server left is taken over, and a living one is not', async (t) => {
  const folder = folderOf(t);
  const path = join(folder, 'lmtp');
  // A server that ends without a chance to tidy up.
  const program = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', program, path]);
  assert(lstatSync(path).isSocket());
  const leave = await listenAtPath(server(t, 'second'), { path, mode: 0o600 });
  assert.equal(await said(path), 'second');
  await assert.rejects(listenAtPath(server(t, 'third'), { path, mode: 0o600 }), { code: 'EADDRINUSE' });
  assert.equal(await said(path), 'second');
  await leave();
  const next = await listenAtPath(server(t, 'third'), { path, mode: 0o600 });
  // Whoever left a path earlier does not take it from who has it now.
  await leave();
  assert.equal(await said(path), 'third');
  await next();
});

test('something else at the path is left alone, and a path too long is told', async (t) => {
  const folder = folderOf(t);
  const path = join(folder, 'file');
  writeFileSync(path, 'precious');
  await assert.rejects(listenAtPath(server(t, ''), { path, mode: 0o600 }), { code: 'EEXIST' });
  assert(lstatSync(path).isFile());
  const missing = join(folder, 'no', 'lmtp');
  await assert.rejects(listenAtPath(server(t, ''), { path: missing, mode: 0o600 }), {
    code: /^E(NOENT|ACCES)$/,
  });
  const long = join(folder, 'x'.repeat(200));
  await assert.rejects(listenAtPath(server(t, ''), { path: long, mode: 0o600 }));
  assert.deepEqual(readdirSync(folder), ['file']);
  const fits = join(folder, 'x'.repeat(longestUnixPath - folder.length - 1));
  const leave = await listenAtPath(server(t, 'fits'), { path: fits, mode: 0o600 });
  assert.equal(await said(fits), 'fits');
  await leave();
});
