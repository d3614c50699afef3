import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stoppedClock, systemClock } from './clock.ts';

test('the system clock gives calendar time and a monotonic time that does not go back', () => {
  assert.ok(systemClock.now() > Date.UTC(2024, 0, 1));
  const before = systemClock.monotonic();
  assert.ok(systemClock.monotonic() >= before);
});

test('a stopped clock moves only when told, both times together', () => {
  const clock = stoppedClock(1000);
  assert.equal(clock.now(), 1000);
  assert.equal(clock.monotonic(), 0);
  clock.advance(250);
  assert.equal(clock.now(), 1250);
  assert.equal(clock.monotonic(), 250);
});
