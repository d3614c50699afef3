import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Remembered } from './remembered.ts';

test('what was made is remembered until the directory changes', async () => {
  const directory = { version: 1 };
  const remembered = new Remembered<string>(
    { directoryVersion: () => directory.version },
    (value) => value !== 'not worth it',
  );
  const made: string[] = [];
  const get = (name: string, value: string): string | Promise<string> =>
    remembered.get(name, async () => {
      made.push(name);
      return value;
    });
  assert.equal(await get('a', 'one'), 'one');
  assert.equal(get('a', 'other'), 'one', 'at once, and not made again');
  assert.equal(await get('__proto__', 'two'), 'two');
  directory.version = 2;
  assert.equal(await get('a', 'three'), 'three');
  assert.equal(await get('b', 'not worth it'), 'not worth it');
  assert.equal(await get('b', 'four'), 'four');
  assert.deepEqual(made, ['a', '__proto__', 'a', 'b', 'b']);
});

test('what was made of a directory that changed meanwhile is given and forgotten', async () => {
  const directory = { version: 1 };
  const remembered = new Remembered<string>({ directoryVersion: async () => directory.version }, () => true);
  const early = remembered.get('a', async () => {
    directory.version = 2;
    await remembered.get('b', async () => 'of the new one');
    return 'of the old one';
  });
  assert.equal(await early, 'of the old one');
  assert.equal(await remembered.get('a', async () => 'of the new one'), 'of the new one');
});

test('no more is remembered than there is room for', async () => {
  const remembered = new Remembered<number>({ directoryVersion: () => 1 }, () => true);
  for (let name = 0; name < 5001; name++) await remembered.get(String(name), async () => name);
  assert.equal(await remembered.get('1', async () => -1), 1);
  assert.equal(await remembered.get('0', async () => -1), -1);
});
