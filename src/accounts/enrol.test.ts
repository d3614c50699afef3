import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { openMemoryStore } from '../store/memory/store.ts';
import type { AccountName, Tally } from '../store/port.ts';
import { Argon2Gate } from './argon2-gate.ts';
import { Authenticator } from './authenticator.ts';
import { Enroller, type EnrollerParts } from './enrol.ts';
import { isReservedName } from './reserved-names.ts';

const nameOf = (text: string): AccountName => text as AccountName;
const home = { address: '192.0.2.1' };
const clock = { now: 1_800_000_000_000 };
const few = { perNetwork: 3, perSite: 5, restMs: 3_600_000 };

const house = (parts: Partial<EnrollerParts> = {}) => {
  const store = openMemoryStore();
  const enroller = new Enroller({ store, now: () => clock.now, random: randomBytes, ...parts });
  const enrol = async (name: string, from = home): Promise<string> => {
    const result = await enroller.enrol({ name: nameOf(name), kind: 'strong', from });
    return result.ok ? 'enrolled' : result.refusal;
  };
  return { enrol, enroller, store };
};

test('who is enrolled can log in with the password shown, in whatever letters', async () => {
  for (const name of ['nu1@447.edu', 'ß@447.edu', 'عربي@447.edu', '"a b"@447.edu', '🔒@447.edu'])
    await enrolAndLogIn(nameOf(name));
});

test('a name that no login could find is not enrolled', async () => {
  const { enrol, store } = house();
  for (const name of [
    'ﬁsh',
    'a\u00adb',
    'ｆull',
    'x²',
    'z\u200bw',
    'rtl\u202eevil',
    'عa',
    'post\u00admaster',
    'ſ',
  ])
    assert.equal(await enrol(`${name}@447.edu`), 'unusable', name);
  assert.deepEqual(await store.accounts(), []);
});

async function enrolAndLogIn(name: AccountName): Promise<void> {
  const { enroller, store } = house();
  const enrolled = await enroller.enrol({ name, kind: 'classic', from: home });
  assert.ok(enrolled.ok, name);
  assert.match(enrolled.value.password.reveal(), /^[0-9]{5}447$/);
  assert.deepEqual(await store.account(name), enrolled.value.account);
  const authenticator = new Authenticator({
    store,
    now: () => clock.now,
    random: randomBytes,
    secret: randomBytes(32),
    canonical: nameOf,
  });
  const from = { ...home, service: 'https' } as const;
  assert.deepEqual(await authenticator.checkPassword(name, enrolled.value.password, from), {
    verdict: 'login',
    account: name,
  });
}

test('a name is enrolled once, also by two at once', async () => {
  const { enrol } = house();
  assert.deepEqual((await Promise.all([enrol('nu1@447.edu'), enrol('nu1@447.edu')])).toSorted(), [
    'enrolled',
    'exists',
  ]);
  assert.equal(await enrol('nu1@447.edu'), 'exists');
});

test('names of a role are not for everybody', async () => {
  const { enrol } = house();
  assert.equal(await enrol('postmaster@447.edu'), 'reserved');
  for (const name of [
    'abuse@x',
    'Root@x',
    '"webmaster"@x',
    '"post\\master"@x',
    'admin+x@x',
    'ｐｏｓｔｍａｓｔｅｒ@x',
    'no-reply@x',
    '@x',
    '""@x',
    '+x@x',
    'x',
  ]) {
    assert.equal(isReservedName(nameOf(name)), true, name);
  }
  for (const name of ['nu1@447.edu', 'rooted@x', '__proto__@x', 'constructor@x', '"a@b"@x', 'abuse.me@x']) {
    assert.equal(isReservedName(nameOf(name)), false, name);
  }
});

test('a network that enrols too many has to rest', async () => {
  const { enrol } = house({ limits: few });
  for (let index = 0; index < 3; index += 1) assert.equal(await enrol(`a${index}@447.edu`), 'enrolled');
  assert.equal(await enrol('b@447.edu'), 'throttled');
  assert.equal(await enrol('b@447.edu', { address: '192.0.2.2' }), 'enrolled');
  assert.equal(await enrol('a0@447.edu'), 'exists');
  clock.now += few.restMs + 1;
  assert.equal(await enrol('c@447.edu'), 'enrolled');
});

test('many at once are no way round that', async () => {
  const { enrol } = house({ limits: few });
  const verdicts = await Promise.all(Array.from({ length: 50 }, (_, index) => enrol(`a${index}@447.edu`)));
  assert.equal(verdicts.filter((verdict) => verdict === 'enrolled').length, 3);
  assert.equal(verdicts.filter((verdict) => verdict === 'throttled').length, 47);
});

test('nor where the store answers late', async () => {
  const memory = openMemoryStore();
  const tallies = async (keys: readonly string[]): Promise<readonly Tally[]> => {
    const read = await memory.tallies(keys);
    // Late enough for an enrolment to come to its end between the reading and the answer.
    await lateness;
    return read;
  };
  let answer = (): void => {};
  let lateness: Promise<void> = Promise.resolve();
  const store = new Proxy(memory, {
    get: (target, verb) => {
      const value: unknown = verb === 'tallies' ? tallies : Reflect.get(target, verb);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const enroller = new Enroller({
    store,
    now: () => clock.now,
    random: randomBytes,
    limits: { ...few, perNetwork: 1 },
  });
  const enrol = (name: string) => enroller.enrol({ name: nameOf(name), kind: 'strong', from: home });
  const first = enrol('a@447.edu');
  await new Promise(setImmediate);
  lateness = new Promise((resolve) => (answer = resolve));
  const second = enrol('b@447.edu');
  assert.equal((await first).ok, true);
  answer();
  assert.deepEqual(await second, { ok: false, refusal: 'throttled' });
  assert.equal(enroller.keysUnderWay, 0);
});

test('nor are the many networks of one site', async () => {
  const { enrol } = house({ limits: few });
  const from = (index: number): { address: string } => ({ address: `2001:db8:1:${index.toString(16)}::1` });
  const verdicts = await Promise.all(
    Array.from({ length: 20 }, (_, index) => enrol(`a${index}@447.edu`, from(index))),
  );
  assert.equal(verdicts.filter((verdict) => verdict === 'enrolled').length, 5);
});

test('where too many are computing, it is refused and not counted', async () => {
  const gate = new Argon2Gate({ running: 1, waiting: 0 });
  const { enrol, store } = house({ gate });
  let finish = (): void => {};
  const busy = gate.pass(() => new Promise<void>((resolve) => (finish = resolve)));
  assert.equal(await enrol('nu1@447.edu'), 'throttled');
  assert.deepEqual(await store.tallies(['enrolled:network:192.0.2.1']), []);
  finish();
  await busy;
  assert.equal(await enrol('nu1@447.edu'), 'enrolled');
});
