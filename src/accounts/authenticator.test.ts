import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, test } from 'node:test';
import { Secret, type SaslVerdict } from '../sasl/exchange.ts';
import { clientExchange } from '../sasl/client-mechanisms.ts';
import { mechanismsByStrength, serverExchange } from '../sasl/mechanisms.ts';
import { openMemoryStore } from '../store/memory/store.ts';
import type { AccountName, Store, Verifiers } from '../store/port.ts';
import { Argon2Gate } from './argon2-gate.ts';
import { Authenticator, type AuthenticatorParts, type LoginOrigin, type Origin } from './authenticator.ts';
import { makeVerifiers } from './verifiers.ts';

const home: LoginOrigin = { address: '192.0.2.1', service: 'smtp' };
const abroad: LoginOrigin = { ...home, address: '198.51.100.9' };
const dayMs = 24 * 60 * 60 * 1000;
const nameOf = (text: string): AccountName => text as AccountName;
const owner = nameOf('nu1@447.edu');

let pencil: Verifiers;
let eraser: Verifiers;
before(async () => {
  [pencil, eraser] = await Promise.all([
    makeVerifiers(new Secret('pencil'), randomBytes),
    makeVerifiers(new Secret('eraser'), randomBytes),
  ]);
});

/** A house with one account, `nu1@447.edu` with the password `pencil`, and a clock that stands until it is set. */
const house = async (parts: Partial<AuthenticatorParts> = {}) => {
  const clock = { now: 1_800_000_000_000 };
  const store = parts.store ?? openMemoryStore();
  const created = await store.createAccount({ name: owner, verifiers: pencil, createdAt: clock.now });
  assert.ok(created.ok);
  const authenticator = new Authenticator({
    store,
    now: () => clock.now,
    random: randomBytes,
    secret: Buffer.alloc(32, 7),
    canonical: (user) => (user.includes('@') ? nameOf(user.toLowerCase()) : null),
    ...parts,
  });
  const guess = (
    password: string,
    from: Origin & Partial<LoginOrigin> = home,
    user = 'NU1@447.edu',
  ): Promise<SaslVerdict> =>
    authenticator.answer(
      { ask: 'password', user, password: new Secret(password) },
      { service: 'smtp', ...from },
    );
  const prove = (valid: boolean, from: Origin = home, user = 'NU1@447.edu'): Promise<SaslVerdict> =>
    authenticator.answer({ ask: 'proof', user, valid }, { service: 'smtp', ...from });
  const count = async (key: string): Promise<number> => (await store.tallies([key]))[0]?.count ?? 0;
  return { account: created.value, authenticator, clock, count, guess, prove, store };
};

const word = (verdict: SaslVerdict): string =>
  verdict.verdict === 'refused' ? verdict.why.why : verdict.verdict;
const waitOf = (verdict: SaslVerdict): number | null =>
  verdict.verdict === 'refused' && verdict.why.why === 'throttled' ? verdict.why.waitSeconds : null;
const tallyOf = (words: readonly string[]): Record<string, number> =>
  Object.fromEntries(
    Map.groupBy(words, (each) => each)
      .entries()
      .map(([each, all]) => [each, all.length]),
  );

/** The store with some of its verbs replaced. */
const storeWith = (store: Store, verbs: Partial<Store>): Store =>
  new Proxy(store, {
    get: (target, verb) => {
      const value: unknown = Reflect.get(verbs, verb) ?? Reflect.get(target, verb);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

test('the right password logs in under the canonical name, another does not', async () => {
  const { authenticator, count, guess } = await house();
  assert.deepEqual(await guess('pencil'), { verdict: 'login', account: owner });
  assert.deepEqual(await guess('Pencil'), { verdict: 'refused', why: { why: 'credentials' } });
  assert.equal(await count('failed:account-network:nu1@447.edu:192.0.2.1'), 1);
  assert.equal(
    word(await authenticator.checkPassword('nu1@447.edu', new Secret('pen\u00adcil'), home)),
    'login',
  );
  assert.equal(
    word(await authenticator.checkPassword('nu1@447.edu', new Secret('\u0007'), home)),
    'credentials',
  );
  assert.equal(word(await authenticator.checkPassword('', new Secret('pencil'), home)), 'credentials');
});

test('after the free failures even the right password waits, and then logs in', async () => {
  const { clock, guess } = await house();
  for (let failure = 0; failure < 5; failure += 1)
    assert.equal(word(await guess(`wrong ${failure}`)), 'credentials');
  assert.equal(waitOf(await guess('pencil')), 1);
  assert.equal(waitOf(await guess('wrong')), 1);
  clock.now += 1000;
  assert.equal(word(await guess('wrong')), 'credentials');
  assert.equal(waitOf(await guess('pencil')), 2);
  clock.now += 2000;
  assert.equal(word(await guess('pencil')), 'login');
  assert.equal(word(await guess('wrong')), 'credentials');
});

test('a clock that was set back keeps nobody out, and lets nobody guess', async () => {
  const { clock, guess } = await house();
  for (let failure = 0; failure < 9; failure += 1) {
    await guess(`wrong ${failure}`);
    clock.now += 60_000;
  }
  clock.now -= 10 * 3_600_000;
  const guesses = await Promise.all(Array.from({ length: 50 }, (_, index) => guess(`wrong ${index}`)));
  assert.deepEqual(tallyOf(guesses.map(word)), { credentials: 1, throttled: 49 });
  assert.equal(waitOf(await guess('pencil')), 32);
  clock.now += 32_000;
  assert.equal(word(await guess('pencil')), 'login');
});

test('nobody is throttled like somebody', async () => {
  const { clock, count, guess } = await house();
  const nobody = async (): Promise<string> => word(await guess('pencil', abroad, 'nobody@447.edu'));
  for (let failure = 0; failure < 5; failure += 1) assert.equal(await nobody(), 'credentials');
  assert.equal(await nobody(), 'throttled');
  assert.equal(await count('failed:account:nobody@447.edu'), 5);
  clock.now += 1000;
  assert.equal(await nobody(), 'credentials');
  assert.equal(word(await guess('pencil', home, '__proto__')), 'credentials');
  assert.equal(await count('failed:network:192.0.2.1'), 1);
  assert.equal(await count('failed:account:'), 0);
});

test('a thousand guesses at once are no more than five in turn', async () => {
  const { authenticator, count, guess } = await house();
  const guesses = Array.from({ length: 1000 }, (_, index) => guess(`wrong ${index}`));
  const verdicts = (await Promise.all(guesses)).map(word);
  assert.deepEqual(tallyOf(verdicts), { credentials: 5, throttled: 995 });
  assert.equal(await count('failed:account-network:nu1@447.edu:192.0.2.1'), 5);
  assert.equal(await count('failed:account:nu1@447.edu'), 5);
  assert.equal(authenticator.keysUnderWay, 0);
});

test('a thousand wrong proofs at once, over a slow store, are no more than five either', async () => {
  const memory = openMemoryStore();
  const slow = storeWith(memory, {
    tallies: async (keys) => {
      const read = await memory.tallies(keys);
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
      return read;
    },
  });
  const { count, prove } = await house({ store: slow });
  const verdicts: SaslVerdict[] = [];
  const waves: Promise<unknown>[] = [];
  for (let wave = 0; wave < 100; wave += 1) {
    for (let each = 0; each < 10; each += 1)
      waves.push(prove(false).then((verdict) => verdicts.push(verdict)));
    await Promise.resolve();
  }
  await Promise.all(waves);
  const { credentials = 0 } = tallyOf(verdicts.map(word));
  assert.ok(credentials >= 1 && credentials <= 5, `${credentials} proofs were looked at`);
  assert.equal(await count('failed:account-network:nu1@447.edu:192.0.2.1'), credentials);
});

test('many addresses at once are held by the account', async () => {
  const { count, prove } = await house();
  const proofs = Array.from({ length: 500 }, (_, index) =>
    prove(false, { address: `10.0.${index >> 8}.${index & 255}` }),
  );
  const verdicts = (await Promise.all(proofs)).map(word);
  assert.deepEqual(tallyOf(verdicts), { credentials: 50, throttled: 450 });
  assert.equal(await count('failed:account:nu1@447.edu'), 50);
});

test('equal guesses at once are one attempt', async () => {
  const { count, guess } = await house();
  const wrong = await Promise.all(Array.from({ length: 50 }, () => guess('wrong')));
  assert.deepEqual(tallyOf(wrong.map(word)), { credentials: 50 });
  assert.equal(await count('failed:account-network:nu1@447.edu:192.0.2.1'), 1);
  const right = await Promise.all(Array.from({ length: 50 }, () => guess('pencil')));
  assert.deepEqual(tallyOf(right.map(word)), { login: 50 });
});

test('the owner is not locked out by strangers', async () => {
  const { clock, guess, prove } = await house();
  assert.equal(word(await prove(true)), 'login');
  for (let index = 0; index < 60; index += 1) {
    await prove(false, { address: `10.0.0.${index}` });
    clock.now += 4_000_000;
    await prove(false, { address: `10.0.1.${index}` });
  }
  assert.equal(word(await prove(true, abroad)), 'throttled');
  assert.equal(word(await prove(true)), 'login');
  assert.equal(word(await guess('pencil')), 'login');
  clock.now += 91 * dayMs;
  assert.equal(word(await prove(true, abroad)), 'login');
});

test('the failures of a forgotten device stay with its network', async () => {
  const { clock, count, prove } = await house();
  await prove(true);
  for (let failure = 0; failure < 100; failure += 1) {
    await prove(false);
    clock.now += 900_000;
  }
  assert.equal(await count('failed:account:nu1@447.edu'), 0);
  assert.equal(await count('failed:network:192.0.2.1'), 0);
  assert.equal(word(await prove(true, abroad)), 'login');
});

test('a right proof logs in, a throttled one does not, and forged keys stay the same', async () => {
  const { authenticator, prove } = await house();
  const keysOf = async (user: string): Promise<SaslVerdict> =>
    authenticator.answer({ ask: 'scram-keys', user }, home);
  const real = await keysOf('Nu1@447.edu');
  assert.ok(real.verdict === 'scram-keys');
  assert.deepEqual(Buffer.from(real.keys.storedKey), Buffer.from(pencil.scram.storedKey));
  const forged = await keysOf('Nobody@447.edu');
  assert.equal(forged.verdict, 'scram-keys');
  assert.deepEqual(await keysOf('nobody@447.edu'), forged);
  assert.equal((await keysOf('not an address')).verdict, 'scram-keys');

  assert.deepEqual(await prove(true), { verdict: 'login', account: owner });
  assert.equal(word(await prove(true, home, 'nobody@447.edu')), 'credentials');
  for (let failure = 0; failure < 5; failure += 1) assert.equal(word(await prove(false)), 'credentials');
  assert.equal(waitOf(await prove(true)), 1);
  assert.equal(waitOf(await prove(false)), 1);
});

test('a password verified a moment ago is not computed again', async () => {
  const closed = new Argon2Gate({ running: 1, waiting: 0 });
  const { clock, guess } = await house({ gate: closed });
  assert.equal(word(await guess('pencil')), 'login');
  let finish = (): void => {};
  const busy = closed.pass(() => new Promise<void>((resolve) => (finish = resolve)));
  assert.equal(word(await guess('pencil')), 'login');
  assert.equal(waitOf(await guess('wrong')), 1, 'everything else finds the gate closed');
  assert.equal(waitOf(await guess('pencil', abroad)), 1, 'also the right one from elsewhere');
  clock.now += 600_000;
  assert.equal(waitOf(await guess('pencil')), 1, 'and the right one ten minutes later');
  finish();
  await busy;
  assert.equal(word(await guess('pencil')), 'login');
});

test('turned away at the gate is no failure', async () => {
  const gate = new Argon2Gate({ running: 1, waiting: 0 });
  const { count, guess } = await house({ gate });
  let finish = (): void => {};
  const busy = gate.pass(() => new Promise<void>((resolve) => (finish = resolve)));
  for (let attempt = 0; attempt < 20; attempt += 1) assert.equal(waitOf(await guess(`wrong ${attempt}`)), 1);
  finish();
  await busy;
  assert.equal(await count('failed:account-network:nu1@447.edu:192.0.2.1'), 0);
  assert.equal(word(await guess('pencil')), 'login');
});

test('a remembered password does not outlive its verifier, nor pass the throttle', async () => {
  const { account, guess, prove, store } = await house();
  assert.equal(word(await guess('pencil')), 'login');
  await store.setVerifiers(account.id, eraser);
  assert.equal(word(await guess('pencil')), 'credentials');
  assert.equal(word(await guess('eraser')), 'login');
  for (let failure = 0; failure < 5; failure += 1) await prove(false);
  assert.equal(word(await guess('eraser')), 'throttled');
});

test('a login is forgiven for its failures once an hour', async () => {
  const { clock, count, prove } = await house();
  const key = 'failed:account-network:nu1@447.edu:192.0.2.1';
  await prove(false);
  await prove(true);
  assert.equal(await count(key), 0);
  await prove(false);
  await prove(true);
  assert.equal(await count(key), 1);
  clock.now += 60 * 60 * 1000;
  await prove(true);
  assert.equal(await count(key), 0);
});

test('a login is a write once a day', async () => {
  const memory = openMemoryStore();
  let writes = 0;
  const counting = storeWith(memory, {
    tally: (events) => {
      writes += 1;
      return memory.tally(events);
    },
  });
  const { clock, prove } = await house({ store: counting });
  for (let login = 0; login < 5; login += 1) await prove(true);
  assert.equal(writes, 1);
  clock.now += dayMs;
  await prove(true);
  assert.equal(writes, 2);
});

test('a store that cannot count is a fault, and opens no door', async () => {
  const memory = openMemoryStore();
  const full = storeWith(memory, { tally: () => Promise.reject(new Error('disk full')) });
  const { clock, prove } = await house({ store: full });
  for (let failure = 0; failure < 5; failure += 1) await assert.rejects(prove(false), /disk full/);
  assert.equal(waitOf(await prove(false)), 1);
  assert.equal(waitOf(await prove(true)), 1);
  clock.now += 1000;
  await assert.rejects(prove(false), /disk full/);
  assert.equal(waitOf(await prove(true)), 2);
});

test('a store that cannot be read is a fault, and leaves nothing under way', async () => {
  const memory = openMemoryStore();
  let broken = true;
  const failing = storeWith(memory, {
    tallies: (keys) => (broken ? Promise.reject(new Error('no disk')) : memory.tallies(keys)),
  });
  const { authenticator, guess } = await house({ store: failing });
  for (let attempt = 0; attempt < 10; attempt += 1)
    await assert.rejects(guess(`wrong ${attempt}`), /no disk/);
  assert.equal(authenticator.keysUnderWay, 0);
  broken = false;
  assert.equal(word(await guess('pencil')), 'login');
});

test('failures outlive the process', async () => {
  const store = openMemoryStore();
  const first = await house({ store });
  for (let failure = 0; failure < 5; failure += 1) await first.prove(false);
  const second = new Authenticator({
    store,
    now: () => first.clock.now,
    random: randomBytes,
    secret: Buffer.alloc(32, 7),
    canonical: nameOf,
  });
  assert.equal(waitOf(await second.answer({ ask: 'proof', user: owner, valid: true }, home)), 1);
});

test('the exchanges and the authenticator make a login of every mechanism', async () => {
  const { authenticator } = await house();
  for (const mechanism of mechanismsByStrength) {
    for (const [password, expected] of [
      ['pencil', 'done'],
      ['wrong', 'failed'],
    ] as const) {
      const channelBinding = Buffer.alloc(32, 5);
      const server = serverExchange(mechanism, {
        channelBinding,
        nonce: randomBytes(18),
        plusAnnounced: true,
      });
      const client = clientExchange(
        mechanism,
        { user: 'NU1@447.edu', password: new Secret(password) },
        { channelBinding, nonce: randomBytes(18), announced: mechanismsByStrength },
      );
      assert.ok(client.ok);
      let step = server.start(client.value.start());
      while (step.step === 'ask' || step.step === 'challenge') {
        if (step.step === 'ask') step = server.decide(await authenticator.answer(step.question, home));
        else {
          const response = client.value.respond(step.challenge);
          assert.ok(response.ok);
          step = server.respond(response.value);
        }
      }
      assert.equal(step.step, expected, mechanism);
      if (step.step === 'done') assert.equal(step.account, owner);
    }
  }
});

test('a secret too short for forging is a fault', () => {
  const parts = { store: openMemoryStore(), now: () => 0, random: randomBytes, canonical: nameOf };
  assert.throws(() => new Authenticator({ ...parts, secret: new Uint8Array(31) }), /32 bytes/);
});
