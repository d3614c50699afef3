import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Tally } from '../store/port.ts';
import { networkOf } from './network.ts';
import { classicPasswords } from './password.ts';
import {
  asOfNow,
  attemptKeys,
  defaultThrottleLimits as limits,
  delaySeconds,
  failureEvents,
  isKnown,
  judge,
  judgedKeys,
  loginChanges,
} from './throttle.ts';

const dayMs = 24 * 60 * 60 * 1000;
const now = 1_800_000_000_000;
const keys = attemptKeys('nu1@447.edu', networkOf('192.0.2.7'));
const elsewhere = judgedKeys(keys, 'elsewhere', limits);
const tally = (key: string, count: number, lastAt = now): Tally => ({ key, count, lastAt });

test('the delay doubles after the free failures, up to its bound', () => {
  for (const [slowdown, failures, seconds] of [
    [limits.accountNetwork, 4, 0],
    [limits.accountNetwork, 5, 1],
    [limits.accountNetwork, 6, 2],
    [limits.accountNetwork, 14, 512],
    [limits.accountNetwork, 15, 900],
    [limits.accountNetwork, 1e9, 900],
    [limits.network, 19, 0],
    [limits.network, 20, 1],
    [limits.account, 49, 0],
    [limits.account, 50, 1],
    [limits.account, 62, 3600],
  ] as const) {
    assert.equal(delaySeconds(slowdown, failures), seconds);
  }
});

test('an attempt is judged by the longest of its waits', () => {
  for (const [tallies, waitSeconds] of [
    [[], null],
    [[tally(keys.accountNetwork, 4)], null],
    [[tally(keys.accountNetwork, 5)], 1],
    [[tally(keys.accountNetwork, 5, now - 999)], 1],
    [[tally(keys.accountNetwork, 5, now - 1000)], null],
    [[tally(keys.accountNetwork, 8), tally(keys.network, 22), tally(keys.account, 52)], 8],
    [[tally(keys.accountNetwork, 5), tally(keys.network, 24)], 16],
    [[tally(keys.account, 99)], 3600],
    [[tally(keys.account, 99, now - dayMs - 1)], null],
    [[tally(keys.accountNetwork, 5, now + 30_000)], 1],
    [asOfNow([tally(keys.accountNetwork, 5, now + 60_000)], now), 1],
    [asOfNow([tally(keys.accountNetwork, 5, now + 5 * dayMs)], now), null],
    [[tally(keys.known, 99)], null],
    [[tally('failed:account:someone@else', 99)], null],
  ] as const) {
    const expected = waitSeconds === null ? { allowed: true } : { allowed: false, waitSeconds };
    assert.deepEqual(judge(elsewhere, tallies, limits, now), expected);
  }
});

test('a stranger cannot lock the owner out, nor the owner a stranger', () => {
  const strangers = [tally(keys.account, 1000), tally(keys.network, 1000)];
  const here = judgedKeys(keys, 'known-here', limits);
  assert.deepEqual(judge(here, strangers, limits, now), { allowed: true });
  assert.deepEqual(judge(here, [tally(keys.accountNetwork, 7)], limits, now), {
    allowed: false,
    waitSeconds: 4,
  });
  assert.deepEqual(
    failureEvents(here, limits, now).map(({ key }) => key),
    [keys.accountNetwork, keys.knownNetwork],
  );
  // One machine of the owner's network that goes from neighbour to neighbour is slowed down by what it did to all.
  const neighbour = attemptKeys('nu9@447.edu', networkOf('192.0.2.7'));
  assert.equal(neighbour.knownNetwork, keys.knownNetwork);
  assert.deepEqual(judge(here, [tally(keys.knownNetwork, 99)], limits, now), { allowed: true });
  assert.deepEqual(judge(here, [tally(keys.knownNetwork, 102)], limits, now), {
    allowed: false,
    waitSeconds: 4,
  });
  assert.equal(isKnown(keys, [tally(keys.known, 1, now - 90 * dayMs)], limits, now), true);
  assert.equal(isKnown(keys, [tally(keys.known, 1, now - 90 * dayMs - 1)], limits, now), false);
  assert.equal(
    isKnown(attemptKeys('nu2@447.edu', networkOf('192.0.2.7')), [tally(keys.known, 1)], limits, now),
    false,
  );
});

test('an IPv6 site is judged as a whole as well', () => {
  const site = attemptKeys('nu1@447.edu', networkOf('2001:db8:1:2::7'));
  assert.deepEqual(
    judge(judgedKeys(site, 'elsewhere', limits), [tally('failed:network:2001:db8:1::/48', 101)], limits, now),
    {
      allowed: false,
      waitSeconds: 2,
    },
  );
});

test('without an account only the network counts', () => {
  const nobody = attemptKeys(null, networkOf('2001:db8:1:2::7'));
  assert.deepEqual(
    [...judgedKeys(nobody, 'none', limits).keys()],
    ['failed:network:2001:db8:1:2::/64', 'failed:network:2001:db8:1::/48'],
  );
});

test('a login is a write once a day, and forgives once an hour', () => {
  const known = { key: keys.known, at: now, quietMs: limits.knownMs };
  const forgiven = { key: keys.forgiven, at: now, quietMs: limits.forgivingMs };
  const hourMs = 60 * 60 * 1000;
  for (const [tallies, events, forgotten] of [
    [[], [known], []],
    [[tally(keys.known, 1, now - dayMs)], [known], []],
    [[tally(keys.known, 1, now - dayMs + 1)], [], []],
    [[tally(keys.known, 1), tally(keys.accountNetwork, 1)], [forgiven], [keys.accountNetwork]],
    [
      [tally(keys.known, 1), tally(keys.accountNetwork, 1), tally(keys.forgiven, 1, now - hourMs + 1)],
      [],
      [],
    ],
    [
      [tally(keys.known, 1), tally(keys.accountNetwork, 1), tally(keys.forgiven, 1, now - hourMs)],
      [forgiven],
      [keys.accountNetwork],
    ],
  ] as const) {
    assert.deepEqual(loginChanges(keys, tallies, limits, now), { events, forgotten });
  }
});

/** Days that so many guesses at one account take from so many addresses; the guesser goes on as soon as it may. */
const daysToGuess = (guesses: number, addresses: number, pauses: 'never' | 'until-forgotten'): number => {
  const tallies = new Map<string, Tally>();
  let at = now;
  for (let guess = 0; guess < guesses; guess += 1) {
    const address = guess % addresses;
    const network = networkOf(`10.${address >> 16}.${(address >> 8) & 255}.${address & 255}`);
    const guessed = attemptKeys('nu1@447.edu', network);
    const judged = judgedKeys(guessed, 'elsewhere', limits);
    const seen = [...judged.keys()].flatMap((key) => tallies.get(key) ?? []);
    const judgement = judge(judged, seen, limits, at);
    if (!judgement.allowed) {
      at +=
        pauses === 'until-forgotten' && judgement.waitSeconds >= 600
          ? limits.quietMs + 1
          : judgement.waitSeconds * 1000;
    }
    for (const { key } of failureEvents(judged, limits, at)) {
      const before = tallies.get(key);
      const goesOn = before !== undefined && at - before.lastAt <= limits.quietMs;
      tallies.set(key, tally(key, goesOn ? before.count + 1 : 1, at));
    }
  }
  return (at - now) / dayMs;
};

test('how long a hundred thousand guesses take', () => {
  const years = 365;
  for (const [addresses, pauses, atLeastDays, atMostDays] of [
    [1, 'never', 11 * years, 12 * years],
    [1, 'until-forgotten', 16 * years, 20 * years],
    [10_000, 'never', 11 * years, 12 * years],
    [10_000, 'until-forgotten', 4 * years, 5 * years],
  ] as const) {
    const days = daysToGuess(classicPasswords, addresses, pauses);
    assert.ok(
      days >= atLeastDays && days <= atMostDays,
      `${addresses} addresses, pausing ${pauses}: ${days} days`,
    );
  }
});
