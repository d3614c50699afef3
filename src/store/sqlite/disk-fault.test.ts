import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreFault, StoreFull } from '../fault.ts';
import { diskFault } from './disk-fault.ts';

/** An error as `node:fs` and `node:sqlite` throw them. */
const thrown = (message: string, peculiarities: object): Error =>
  Object.assign(new Error(message), peculiarities);

test('what a disk says is told with the folder and what to do; a full one by a fault of its own', () => {
  for (const [cause, told, isFull] of [
    [
      thrown('ENOSPC: no space left', { code: 'ENOSPC' }),
      /^the disk of \/tmp is full \(ENOSPC.*make room/,
      true,
    ],
    [thrown('over quota', { code: 'EDQUOT' }), /^the disk of \/tmp is full/, true],
    [thrown('database or disk is full', { code: 'ERR_SQLITE_ERROR', errcode: 13 }), /is full/, true],
    [
      thrown('EROFS', { code: 'EROFS' }),
      /^\/tmp cannot be written to \(EROFS\): make its disk writable/,
      false,
    ],
    [thrown('attempt to write a readonly database', { errcode: 8 + 256 * 4 }), /cannot be written to/, false],
    [
      thrown('disk I/O error', { errcode: 10 + 256 * 3 }),
      /^the disk of \/tmp fails \(disk I\/O error\)/,
      false,
    ],
    [
      thrown('malformed', { errcode: 11 }),
      /^the database in \/tmp is damaged \(malformed\): .*backup$/,
      false,
    ],
    [thrown('not a database', { errcode: 26 }), /is damaged/, false],
    [thrown('ENOENT', { code: 'ENOENT' }), /^a file of \/tmp is missing/, false],
    [thrown('locked', { errcode: 5 }), /^another process does not let go of the database in \/tmp/, false],
  ] as const) {
    const fault = diskFault(cause, '/tmp');
    assert.match(fault.message, told);
    assert.equal(fault instanceof StoreFull, isFull, cause.message);
    assert.equal(fault.cause, cause);
  }
});

test('any other error stays what it was', () => {
  const own = new StoreFault('two lengths for one SHA-256');
  assert.equal(diskFault(own, '/tmp'), own);
  const mistake = new TypeError('x is not a function');
  assert.deepEqual(
    [diskFault(mistake, '/tmp').message, diskFault(mistake, '/tmp').cause],
    [mistake.message, mistake],
  );
  assert.equal(diskFault('a word', '/tmp').message, 'a word');
});
