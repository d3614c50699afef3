import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mailbox } from '../../store/port.ts';
import { byPath, pathsOf } from './paths.ts';

const mailbox = (id: number, name: string, parent: number | null): Mailbox =>
  ({ id, name, parent }) as Mailbox;

test('a mailbox has the names of all above it in its path, in whatever order they come', () => {
  const all = [
    mailbox(3, 'leaf', 2),
    mailbox(1, 'top', null),
    mailbox(2, 'middle', 1),
    mailbox(4, 'x', null),
  ];
  assert.deepEqual(
    [...pathsOf(all)].sort(([one], [other]) => one - other),
    [
      [1, 'top'],
      [2, 'top/middle'],
      [3, 'top/middle/leaf'],
      [4, 'x'],
    ],
  );
  assert.equal(byPath(all).get('top/middle')?.id, 2);
});

test('as many mailboxes as an account can have are named in no time', () => {
  const all = Array.from({ length: 10_000 }, (_, at) => mailbox(at + 1, `n${at}`, at % 32 === 0 ? null : at));
  const started = performance.now();
  assert.equal(byPath(all).size, 10_000);
  assert(performance.now() - started < 500);
});
