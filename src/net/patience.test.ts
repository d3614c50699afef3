import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { stoppedClock } from './clock.ts';
import { Patience, type Patient } from './patience.ts';

const waitMs = 300_000;
const minuteMs = 60_000;

/** Somebody who is waited for, and time that passes when it is told to. */
function waiting(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const clock = stoppedClock(0);
  const patience = new Patience(clock, waitMs);
  const patient = {
    progress: 0,
    letterBytes: 0,
    busy: false as boolean,
    timeOuts: 0,
    timeOut(): void {
      this.timeOuts += 1;
    },
  } satisfies Patient & { timeOuts: number };
  patience.add(patient);
  t.after(() => patience.remove(patient));
  /** So many minutes, in each of which `does` is done. */
  const pass = (minutes: number, does: () => void = () => undefined): void => {
    for (let minute = 0; minute < minutes; minute++) {
      does();
      clock.advance(minuteMs);
      t.mock.timers.tick(minuteMs);
    }
  };
  return { patient, pass };
}

test('silence is waited for so long', (t) => {
  const { patient, pass } = waiting(t);
  pass(5);
  assert.equal(patient.timeOuts, 0);
  pass(1);
  assert.equal(patient.timeOuts, 1);
});

test('whoever does something now and then, and whoever waits for this side, is not given up', (t) => {
  const { patient, pass } = waiting(t);
  pass(60, () => (patient.progress += 1));
  patient.busy = true;
  pass(60);
  assert.equal(patient.timeOuts, 0);
});

test('a letter that comes at a pace may take hours', (t) => {
  const { patient, pass } = waiting(t);
  pass(600, () => (patient.letterBytes += 60 * 512));
  assert.equal(patient.timeOuts, 0);
});

test('a letter of a few octets a second is given up', (t) => {
  const { patient, pass } = waiting(t);
  pass(10, () => (patient.letterBytes += 60 * 200));
  assert.equal(patient.timeOuts, 1);
});

test('octets that came fast buy no time for later', (t) => {
  const { patient, pass } = waiting(t);
  pass(1, () => (patient.letterBytes += 25_000_000));
  pass(6);
  assert.equal(patient.timeOuts, 1);
});
