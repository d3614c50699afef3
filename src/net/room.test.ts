import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Room } from './room.ts';

test('what is taken is given back, and nothing is taken beyond the limit', () => {
  const room = new Room(100);
  assert.ok(room.take(60));
  assert.ok(!room.take(41));
  assert.ok(room.fits(40));
  room.give(60);
  assert.ok(room.take(100));
});

test('a holder has its share and no more, and the rest is for others', () => {
  const room = new Room(100, 50);
  assert.ok(room.take(30, 'a'));
  assert.ok(!room.take(21, 'a'));
  assert.ok(room.take(20, 'a'));
  assert.ok(!room.fits(1, 'a'));
  assert.ok(room.take(50, 'b'));
  assert.ok(!room.take(1, 'c'));
  room.give(20, 'a');
  assert.ok(room.take(20, 'c'));
  room.give(30, 'a');
  assert.ok(room.fits(30, 'a'));
});
