import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ensurePrivateFolder } from './durable-file.ts';

test('a private folder is made with its parents, whatever the umask, and one that is there is left', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'letterlock-private-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
  const umask = process.umask(0o000);
  t.after(() => process.umask(umask));
  const deep = join(folder, 'a', 'b', 'c');
  await Promise.all([ensurePrivateFolder(deep), ensurePrivateFolder(deep)]);
  for (const made of [join(folder, 'a'), join(folder, 'a', 'b'), deep]) assert.equal(await mode(made), 0o700);
  await chmod(deep, 0o750);
  await ensurePrivateFolder(deep);
  assert.equal(await mode(deep), 0o750);
});

test('where no folder can be, making one ends with why', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'letterlock-private-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'file'), '');
  await symlink(join(folder, 'gone'), join(folder, 'link'));
  await assert.rejects(ensurePrivateFolder(join(folder, 'file')), { code: 'EEXIST' });
  await assert.rejects(ensurePrivateFolder(join(folder, 'file', 'in')), { code: 'ENOTDIR' });
  await assert.rejects(ensurePrivateFolder(join(folder, 'link')), { code: 'EEXIST' });
  await assert.rejects(ensurePrivateFolder('/proc/letterlock/data'), { syscall: 'mkdir' });
  await assert.rejects(ensurePrivateFolder(''), { code: 'ENOENT' });
});
