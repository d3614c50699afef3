import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../sasl/exchange.ts';
import { Argon2Gate } from './argon2-gate.ts';
import { AttemptsInFlight } from './in-flight.ts';
import { VerifiedPasswords } from './verified-passwords.ts';

test('attempts under way count, until they turn out harmless', () => {
  const inFlight = new AttemptsInFlight();
  inFlight.begin(['a', 'b'], 10);
  inFlight.begin(['a'], 20);
  const reading = inFlight.beginReading(['a', 'b', 'c']);
  const stored = [{ key: 'a', count: 3, lastAt: 5 }];
  assert.deepEqual(inFlight.addTo(stored, reading), [
    { key: 'a', count: 5, lastAt: 20 },
    { key: 'b', count: 1, lastAt: 10 },
  ]);
  inFlight.end(['a'], 'harmless');
  inFlight.end(['b'], 'harmless');
  assert.deepEqual(inFlight.addTo(stored, reading), [{ key: 'a', count: 4, lastAt: 20 }]);
  inFlight.endReading(reading);
  inFlight.end(['a'], 'harmless');
  assert.equal(inFlight.size, 0);
});

test('a failure that ends between reading and judging is not lost', () => {
  const inFlight = new AttemptsInFlight();
  inFlight.begin(['a'], 10);
  const reading = inFlight.beginReading(['a']);
  inFlight.end(['a'], 'counted');
  assert.deepEqual(inFlight.addTo([], reading), [{ key: 'a', count: 1, lastAt: 10 }]);
  const later = inFlight.beginReading(['a']);
  assert.deepEqual(inFlight.addTo([], later), []);
  inFlight.endReading(reading);
  inFlight.endReading(later);
  assert.equal(inFlight.size, 0);
});

test('the gate lets some through, keeps some waiting in turn, and turns the rest away', async () => {
  const gate = new Argon2Gate({ running: 2, waiting: 2 });
  const begun: number[] = [];
  const finish: (() => void)[] = [];
  const work = (number: number) => () => {
    begun.push(number);
    return new Promise<number>((resolve) => finish.push(() => resolve(number)));
  };
  const passes = [1, 2, 3, 4, 5].map((number) => gate.pass(work(number)));
  assert.deepEqual(begun, [1, 2]);
  assert.equal(await passes[4], null);
  finish[0]?.();
  assert.equal(await passes[0], 1);
  await new Promise(setImmediate);
  assert.deepEqual(begun, [1, 2, 3]);
  for (const index of [1, 2]) finish[index]?.();
  assert.deepEqual(await Promise.all([passes[1], passes[2]]), [2, 3]);
  await new Promise(setImmediate);
  finish[3]?.();
  assert.equal(await passes[3], 4);
  await assert.rejects(
    gate.pass(() => Promise.reject(new Error('fault'))),
    /fault/,
  );
  const again = [6, 7].map((number) => gate.pass(work(number)));
  assert.deepEqual(begun, [1, 2, 3, 4, 6, 7]);
  for (const end of finish) end();
  assert.deepEqual(await Promise.all(again), [6, 7]);
});

test('verified passwords are forgotten after ten minutes, and the oldest where there are too many', () => {
  const verified = new VerifiedPasswords((size) => new Uint8Array(size));
  const keyOf = (account: string, phc = 'phc', password = 'p', network = 'n'): string =>
    verified.keyOf(account, network, phc, new Secret(password));
  assert.equal(
    new Set([
      keyOf('a'),
      keyOf('b'),
      keyOf('a', 'q'),
      keyOf('a', 'phc', 'q'),
      keyOf('a', 'phc', 'p', 'm'),
      keyOf('a","n'),
    ]).size,
    6,
  );
  assert.equal(keyOf('a'), keyOf('a'));
  verified.add(keyOf('a'), 1000);
  assert.equal(verified.has(keyOf('b'), 1000), false);
  assert.equal(verified.has(keyOf('a'), 1000 + 600_000 - 1), true);
  assert.equal(verified.has(keyOf('a'), 1000 + 600_000), false);
  assert.equal(verified.size, 0);
  verified.add(keyOf('a'), 1000);
  assert.equal(verified.has(keyOf('a'), 0), false);
  for (let index = 0; index <= 10_000; index += 1) verified.add(String(index), 0);
  assert.equal(verified.size, 10_000);
  assert.equal(verified.has('0', 0), false);
  assert.equal(verified.has('1', 0), true);
});

test('attempts that can never be counted, as on a full disk, do not fill the memory', () => {
  const inFlight = new AttemptsInFlight();
  for (let index = 0; index < 50_000; index += 1) inFlight.begin([`key ${index}`], index);
  assert.equal(inFlight.size, 20_000);
  inFlight.end(['key 0'], 'harmless');
  const reading = inFlight.beginReading(['key 0', 'key 49999']);
  assert.deepEqual(inFlight.addTo([], reading), [{ key: 'key 49999', count: 1, lastAt: 49_999 }]);
});
