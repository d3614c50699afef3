import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { openMemoryStore } from '../store/memory/store.ts';
import type { Store } from '../store/port.ts';
import { SendingRates, waitForOne, type SendingRate } from './sending-rate.ts';

const hour = 3_600_000;
const day = 24 * hour;
/** The beginning of a day. */
const midnight = 20_000 * day;
const alice = 'alice@example.org';
const rate = (letters: number, recipients = 0): SendingRate => ({
  letters: { perHour: letters, perDay: 0 },
  recipients: { perHour: recipients, perDay: 0 },
});

type World = { store: Store; clock: { now: number }; open: (rate: SendingRate) => SendingRates };

function world(): World {
  const store = openMemoryStore();
  const clock = { now: midnight };
  return { store, clock, open: (limits) => new SendingRates(limits, store, () => clock.now) };
}

/** Sends a letter if it may: `sent`, or the reason with its seconds. */
async function send({ store }: World, rates: SendingRates, recipients = 1): Promise<string> {
  const admitted = await rates.admit(alice, { letters: 1, recipients });
  if (!admitted.ok) {
    const { what, per, most, waitSeconds } = admitted.refusal;
    return `${most} ${what} per ${per}: ${waitSeconds}`;
  }
  await store.tally(admitted.value.events);
  admitted.value.end('counted');
  return 'sent';
}

test('so many letters in an hour, then a wait until the oldest fade', async () => {
  const w = world();
  const rates = w.open(rate(3));
  for (let n = 0; n < 3; n += 1) assert.equal(await send(w, rates), 'sent');
  // In the next hour, after a third of it, a third of the three has faded.
  assert.equal(await send(w, rates), '3 letters per hour: 4800');
  w.clock.now += 4799_000;
  assert.equal(await send(w, rates), '3 letters per hour: 1');
  w.clock.now += 1000;
  assert.equal(await send(w, rates), 'sent');
  assert.equal(await send(w, rates), '3 letters per hour: 1200');
});

test('a restart, another thread and another account', async () => {
  const w = world();
  assert.equal(await send(w, w.open(rate(2))), 'sent');
  assert.equal(await send(w, w.open(rate(2))), 'sent');
  assert.match(await send(w, w.open(rate(2))), /^2 letters per hour/);
  const others = await w.open(rate(2)).judge('bob@example.org', { letters: 1, recipients: 1 });
  assert.equal(others, null);
});

test('recipients count one by one, and a letter to more than ever fit is told when to come again', async () => {
  const w = world();
  const rates = w.open(rate(0, 10));
  assert.equal(await send(w, rates, 8), 'sent');
  assert.equal(await send(w, rates, 3), '10 recipients per hour: 3960');
  assert.equal(await send(w, rates, 2), 'sent');
  const wait = await rates.judge(alice, { letters: 1, recipients: 5000 });
  assert.ok(wait !== null && wait.waitSeconds > 0 && Number.isFinite(wait.waitSeconds));
});

test('days are counted beside hours, and the longest wait is told', async () => {
  const w = world();
  const both: SendingRate = {
    letters: { perHour: 2, perDay: 3 },
    recipients: { perHour: 0, perDay: 0 },
  };
  const rates = w.open(both);
  assert.equal(await send(w, rates), 'sent');
  assert.equal(await send(w, rates), 'sent');
  assert.match(await send(w, rates), /^2 letters per hour/);
  w.clock.now += 3 * hour;
  assert.equal(await send(w, rates), 'sent');
  assert.match(await send(w, rates), /^3 letters per day/);
});

test('without a bound nothing is read and nothing is counted', async () => {
  const store: Pick<Store, 'tallies'> = { tallies: () => assert.fail('it was read') };
  const rates = new SendingRates(rate(0), store, () => midnight);
  const admitted = await rates.admit(alice, { letters: 1, recipients: 100 });
  assert.ok(admitted.ok);
  assert.deepEqual(admitted.value.events, []);
});

test('letters at the same moment are not more than one after the other', async () => {
  const w = world();
  const rates = w.open(rate(5, 20));
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => send(w, rates, 5)));
  assert.equal(outcomes.filter((outcome) => outcome === 'sent').length, 4);
  assert.equal(rates.keysUnderWay, 0);
});

test('a letter that was not sent after all does not count', async () => {
  const w = world();
  const rates = w.open(rate(1));
  const admitted = await rates.admit(alice, { letters: 1, recipients: 1 });
  assert.ok(admitted.ok);
  assert.match(await send(w, rates), /^1 letters/);
  admitted.value.end('harmless');
  assert.equal(await send(w, rates), 'sent');
});

test('hours long ago, and a clock that was in the future once, stop nobody', async () => {
  const w = world();
  const rates = w.open(rate(2));
  for (const at of [midnight + 400 * day, midnight - 2 * hour, midnight - 48 * hour]) {
    w.clock.now = at;
    for (let n = 0; n < 2; n += 1) assert.equal(await send(w, rates), 'sent');
  }
  w.clock.now = midnight;
  assert.equal(await send(w, rates), 'sent');
});

test('at any pace, no window of an hour holds twice the bound, and who waits as told may send', async () => {
  const pauses = fc.array(fc.integer({ min: 0, max: hour }), { minLength: 20, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(pauses, fc.integer({ min: 1, max: 6 }), async (waits, most) => {
      const w = world();
      const rates = w.open(rate(most));
      const sent: number[] = [];
      for (const pause of waits) {
        w.clock.now += pause;
        const refusal = await rates.judge(alice, { letters: 1, recipients: 1 });
        if (refusal !== null) w.clock.now += refusal.waitSeconds * 1000;
        assert.equal(await send(w, rates), 'sent');
        sent.push(w.clock.now);
      }
      for (const end of sent)
        assert.ok(sent.filter((at) => at > end - hour && at <= end).length < 2 * most + 1);
    }),
    { interruptAfterTimeLimit: 2000, markInterruptAsFailure: false },
  );
});

test('a wait is as long as it must be, and no longer', () => {
  const used = fc.record({
    before: fc.integer({ min: 0, max: 500 }),
    current: fc.integer({ min: 0, max: 500 }),
    elapsedMs: fc.integer({ min: 0, max: hour - 1 }),
  });
  fc.assert(
    fc.property(used, fc.integer({ min: 1, max: 300 }), ({ before, current, elapsedMs }, most) => {
      const wait = waitForOne(most, hour, { before, current, elapsedMs });
      const estimate = (ms: number): number => {
        const at = elapsedMs + ms;
        return at < hour ? current + before * (1 - at / hour) : current * Math.max(0, 1 - (at - hour) / hour);
      };
      assert.ok(wait >= 0 && wait <= 2 * hour);
      assert.ok(estimate(wait) + 1 <= most + 1e-6);
      if (wait > 0) assert.ok(estimate(wait * 0.999) + 1 > most - 1e-6);
    }),
    { interruptAfterTimeLimit: 1500, markInterruptAsFailure: false },
  );
});

test('what another thread sent counts, in the same hour and in the one after it', async () => {
  const w = world();
  const [one, two] = [w.open(rate(6)), w.open(rate(6))];
  assert.equal(await send(w, one), 'sent');
  for (let n = 0; n < 5; n += 1) assert.equal(await send(w, two), 'sent');
  w.clock.now += hour + hour / 6;
  assert.equal(await send(w, one), 'sent');
  assert.equal(await send(w, two), '6 letters per hour: 600');
  assert.equal(await send(w, one), '6 letters per hour: 600');
});

test('a letter takes one read of what may have changed, and a recipient none', async () => {
  const w = world();
  const reads: number[] = [];
  const counting: Pick<Store, 'tallies'> = {
    tallies: (keys) => {
      reads.push(keys.length);
      return w.store.tallies(keys);
    },
  };
  const rates = new SendingRates({ ...rate(50, 500) }, counting, () => w.clock.now);
  w.clock.now += hour / 2;
  for (let n = 0; n < 3; n += 1) {
    assert.equal(await rates.judge(alice, { letters: 1, recipients: 1 }), null);
    assert.equal(await rates.judge(alice, { letters: 0, recipients: 2 }), null);
    assert.equal(await send(w, rates, 2), 'sent');
  }
  assert.deepEqual(reads, [4, 2, 2, 2]);
});
