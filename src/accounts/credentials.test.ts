import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { generateKeyPair, exportJWK, SignJWT } from 'jose';
import { Secret, type SaslVerdict } from '../sasl/exchange.ts';
import { openMemoryStore } from '../store/memory/store.ts';
import type { Account, AccountName, AppPassword, Service, Store, Verifiers } from '../store/port.ts';
import { appPasswordDigest, generateAppPassword, newUse, opens } from './app-passwords.ts';
import { Argon2Gate } from './argon2-gate.ts';
import { Authenticator, type AuthenticatorParts } from './authenticator.ts';
import { accountsOfCertificate } from './certificates.ts';
import { TokenVerifier } from './tokens.ts';
import { makeVerifiers } from './verifiers.ts';

const address = '192.0.2.1';
const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;
const start = Date.UTC(2027, 0, 15, 8);
const word = (verdict: SaslVerdict): string => {
  if (verdict.verdict === 'refused') return verdict.why.why;
  return verdict.verdict === 'login' ? verdict.account : verdict.verdict;
};

let pencil: Verifiers;
before(async () => {
  pencil = await makeVerifiers(new Secret('pencil'), randomBytes);
});

/** A house with `nu1@447.edu` and `nu2@447.edu`, both with the password `pencil`. */
const house = async (parts: Partial<AuthenticatorParts> = {}) => {
  const clock = { now: start };
  const store: Store = parts.store ?? openMemoryStore();
  const account = async (name: string): Promise<Account> => {
    const made = await store.createAccount({
      name: name as AccountName,
      verifiers: pencil,
      createdAt: start,
    });
    assert.ok(made.ok);
    return made.value;
  };
  const [nu1, nu2] = [await account('nu1@447.edu'), await account('nu2@447.edu')];
  const authenticator = new Authenticator({
    store,
    now: () => clock.now,
    random: randomBytes,
    secret: Buffer.alloc(32, 7),
    canonical: (user) => (user.includes('@') ? (user.toLowerCase() as AccountName) : null),
    ...parts,
  });
  const guess = async (password: Secret | string, service: Service = 'smtp', user = 'nu1@447.edu') =>
    word(
      await authenticator.answer(
        { ask: 'password', user, password: typeof password === 'string' ? new Secret(password) : password },
        { address, service },
      ),
    );
  const appPassword = async (changes: Partial<AppPassword> = {}): Promise<Secret> => {
    const password = generateAppPassword(randomBytes);
    const sha256 = appPasswordDigest(password) ?? '';
    const made = {
      label: sha256,
      sha256,
      scope: ['smtp', 'imap'] as const,
      createdAt: start,
      expiresAt: null,
    };
    assert.ok((await store.addAppPassword(nu1.id, { ...made, ...changes })).ok);
    return password;
  };
  return { appPassword, authenticator, clock, guess, nu1, nu2, store };
};

test('an app password is long, without look-alikes, and kept as the hash of its letters', () => {
  const password = generateAppPassword(randomBytes);
  assert.match(password.reveal(), /^[a-km-np-z2-9]{4}(?:-[a-km-np-z2-9]{4}){6}$/);
  assert.equal(
    generateAppPassword((size) => new Uint8Array(size)).reveal(),
    'aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaaa',
  );
  const digest = appPasswordDigest(password);
  assert.match(digest ?? '', /^[0-9a-f]{64}$/);
  const typed = password.reveal().replaceAll('-', ' ').toUpperCase();
  for (const text of [typed, password.reveal().replaceAll('-', ''), ` ${password.reveal()} `])
    assert.equal(appPasswordDigest(new Secret(text)), digest);
  for (const text of [
    '',
    'pencil',
    `${password.reveal()}a`,
    password.reveal().slice(1),
    'a'.repeat(27),
    'l'.repeat(28),
  ])
    assert.equal(appPasswordDigest(new Secret(text)), null, text);
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      const found = appPasswordDigest(new Secret(text));
      assert.ok(found === null || /^[0-9a-f]{64}$/.test(found));
    }),
    { interruptAfterTimeLimit: 500 },
  );
});

test('an app password opens its scope until it ends, and its use is written once a day', () => {
  const kept: AppPassword = {
    label: 'x',
    sha256: '',
    scope: ['imap'],
    createdAt: start,
    lastUsedOn: null,
    expiresAt: start + 1,
  };
  assert.equal(opens(kept, 'imap', start), true);
  assert.equal(opens(kept, 'imap', start + 1), false);
  assert.equal(opens({ ...kept, expiresAt: null }, 'imap', Number.MAX_SAFE_INTEGER), true);
  for (const service of ['smtp', 'pop3', 'https'] as const) assert.equal(opens(kept, service, start), false);
  const day = Date.UTC(2027, 0, 15);
  assert.equal(newUse(kept, start), day);
  assert.equal(newUse({ ...kept, lastUsedOn: day }, day + dayMs - 1), null);
  assert.equal(newUse({ ...kept, lastUsedOn: day }, day + dayMs), day + dayMs);
  assert.equal(newUse({ ...kept, lastUsedOn: day }, day - 1), null, 'a clock that was set back');
});

test('an app password logs in to the services of its scope, beside the password', async () => {
  const { appPassword, guess, nu1, nu2, store } = await house();
  const password = await appPassword();
  assert.equal(await guess(password), nu1.name);
  assert.equal(await guess(password, 'imap'), nu1.name);
  assert.equal(await guess(password.reveal().replaceAll('-', '').toUpperCase()), nu1.name);
  assert.equal(await guess(password, 'https'), 'credentials');
  assert.equal(await guess(password, 'smtp', nu2.name), 'credentials');
  assert.equal(await guess(password, 'smtp', 'nobody@447.edu'), 'credentials');
  for (const service of ['smtp', 'imap', 'pop3', 'https'] as const)
    assert.equal(await guess('pencil', service), nu1.name);
  const [kept] = await store.appPasswords(nu1.id);
  assert.equal(kept?.lastUsedOn, Date.UTC(2027, 0, 15));
});

test('an app password that has ended, or was removed a moment ago, opens nothing', async () => {
  const { appPassword, clock, guess, nu1, store } = await house();
  const password = await appPassword({ label: 'telephone', expiresAt: start + hourMs });
  const other = await appPassword();
  assert.equal(await guess(password), nu1.name);
  clock.now += hourMs;
  assert.equal(await guess(password), 'credentials');
  assert.equal(await guess(other), nu1.name);
  clock.now -= hourMs;
  assert.equal(await guess(password), nu1.name);
  await store.removeAppPassword(nu1.id, 'telephone');
  assert.equal(await guess(password), 'credentials');
});

test('one app password at two services at once is two attempts', async () => {
  const { appPassword, guess, nu1 } = await house();
  const password = await appPassword();
  const services = ['smtp', 'https', 'smtp', 'https'] as const;
  const verdicts = await Promise.all(services.map((service) => guess(password, service)));
  assert.deepEqual(verdicts, [nu1.name, 'credentials', nu1.name, 'credentials']);
});

test('app passwords cost no Argon2, and are throttled like any guess', async () => {
  const gate = new Argon2Gate({ running: 1, waiting: 0 });
  const { appPassword, clock, guess, nu1 } = await house({ gate });
  let finish = (): void => {};
  const busy = gate.pass(() => new Promise<void>((resolve) => (finish = resolve)));
  const [password, ended] = [await appPassword(), await appPassword({ expiresAt: start })];
  assert.equal(await guess(password), nu1.name);
  assert.equal(await guess('pencil'), 'throttled', 'the gate is closed');
  for (let failure = 0; failure < 5; failure += 1) assert.equal(await guess(ended), 'credentials');
  assert.equal(await guess(password), 'throttled');
  clock.now += 1000;
  assert.equal(await guess(password), nu1.name);
  finish();
  await busy;
});

test('a use is a write once a day', async () => {
  const memory = openMemoryStore();
  let writes = 0;
  const counting = new Proxy(memory, {
    get: (target, verb) => {
      if (verb === 'noteAppPasswordUse') writes += 1;
      const value: unknown = Reflect.get(target, verb);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const { appPassword, clock, guess } = await house({ store: counting });
  const password = await appPassword();
  for (let login = 0; login < 5; login += 1) await guess(password);
  assert.equal(writes, 1);
  clock.now += dayMs;
  await guess(password);
  assert.equal(writes, 2);
});

const certificate = { sha256: 'ab'.repeat(32), trusted: true, emails: ['NU1@447.edu'] };

test('a trusted certificate speaks for the accounts that it names and is bound to', async () => {
  const { nu1, nu2, store } = await house();
  const names = async (changes: Partial<typeof certificate> = {}): Promise<readonly string[]> =>
    (await accountsOfCertificate(store, { ...certificate, ...changes })).map(({ name }) => name);
  assert.deepEqual(await names(), [nu1.name]);
  assert.deepEqual(await names({ emails: ['nobody@447.edu', 'not an address', '__proto__'] }), []);
  await store.bindCertificate(nu2.id, { sha256: certificate.sha256, subject: 'CN=x', boundAt: start });
  assert.deepEqual(await names(), [nu2.name, nu1.name]);
  assert.deepEqual(await names({ emails: [nu2.name, nu2.name] }), [nu2.name]);
  assert.deepEqual(await names({ emails: [] }), [nu2.name]);
  assert.deepEqual(await names({ emails: [], sha256: 'cd'.repeat(32) }), []);
  assert.deepEqual(await names({ trusted: false }), []);
  await store.unbindCertificate(nu2.id, certificate.sha256);
  assert.deepEqual(await names(), [nu1.name]);
});

test('a certificate logs in to its one account, or to the one of several that is asked for', async () => {
  const { authenticator, nu1, nu2 } = await house();
  const from = { address, service: 'smtp' } as const;
  const login = async (user: string | null, changes: Partial<typeof certificate> = {}): Promise<string> =>
    word(
      await authenticator.answer(
        { ask: 'certificate', user, certificate: { ...certificate, ...changes } },
        from,
      ),
    );
  assert.equal(await login(null), nu1.name);
  assert.equal(await login('Nu1@447.edu'), nu1.name);
  for (const user of ['nu2@447.edu', 'nobody@447.edu', 'not an address', '__proto__'])
    assert.equal(await login(user), 'credentials');
  const both = { emails: [nu1.name, nu2.name] };
  assert.equal(await login(null, both), 'credentials', 'which of them nobody said');
  assert.equal(await login(nu2.name, both), nu2.name);
  assert.equal(await login(null, { trusted: false }), 'credentials');
  assert.equal(await login(nu1.name, { emails: [] }), 'credentials');
});

/** Tokens of an issuer that can be reached as long as `reachable` says so. */
const issuing = async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwk = await exportJWK(publicKey);
  const state = { reachable: true };
  const tokens = new TokenVerifier({
    issuers: [
      {
        issuer: 'https://issuer.example',
        audience: ['letterlock'],
        algorithms: ['ES256'],
        addressClaim: 'sub',
        scope: null,
        fetchKeys: () =>
          state.reachable ? Promise.resolve({ keys: [jwk] }) : Promise.reject(new Error('no route')),
      },
    ],
    now: () => start,
  });
  const tokenOf = async (sub: string, exp = start / 1000 + 60): Promise<Secret> => {
    const claims = { iss: 'https://issuer.example', aud: 'letterlock', exp, sub };
    return new Secret(await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(privateKey));
  };
  return { state, tokenOf, tokens };
};

test('a token logs in to the account that it names, and to no other', async () => {
  const { tokenOf, tokens } = await issuing();
  const { authenticator, nu1, nu2, store } = await house({ tokens });
  assert.equal(authenticator.takesTokens, true);
  const login = async (user: string | null, token: Secret): Promise<string> =>
    word(await authenticator.answer({ ask: 'token', user, token }, { address, service: 'imap' }));
  const own = await tokenOf('Nu1@447.edu');
  assert.equal(await login(null, own), nu1.name);
  assert.equal(await login('NU1@447.edu', own), nu1.name);
  for (const user of [nu2.name, 'nu1', '__proto__']) assert.equal(await login(user, own), 'credentials');
  assert.equal(await login(null, await tokenOf('nobody@447.edu')), 'credentials');
  for (let failure = 0; failure < 30; failure += 1)
    assert.equal(await login(null, await tokenOf(nu1.name, 1)), 'credentials');
  assert.equal(await login(null, own), nu1.name, 'nobody is throttled by expired tokens');
  assert.deepEqual(await store.tallies([`failed:network:${address}`]), []);
});

test('an issuer that cannot be reached is no failure of the person', async () => {
  const { state, tokenOf, tokens } = await issuing();
  state.reachable = false;
  const { authenticator } = await house({ tokens });
  const question = { ask: 'token', user: null, token: await tokenOf('nu1@447.edu') } as const;
  assert.deepEqual(await authenticator.answer(question, { address, service: 'smtp' }), {
    verdict: 'refused',
    why: { why: 'unavailable', waitSeconds: 30 },
  });
});

test('without an issuer no token is taken', async () => {
  const { tokenOf } = await issuing();
  const { authenticator } = await house();
  assert.equal(authenticator.takesTokens, false);
  const question = { ask: 'token', user: null, token: await tokenOf('nu1@447.edu') } as const;
  assert.equal(word(await authenticator.answer(question, { address, service: 'smtp' })), 'credentials');
});
