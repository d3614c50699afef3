import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId, AppPassword, BoundCertificate, Store } from '../port.ts';
import { MAX_CREDENTIALS } from '../rules.ts';
import {
  done,
  hashOf,
  letterBytes,
  makeAccount,
  nobody,
  T0,
  type Cases,
  type OpenedForTest,
} from './fixtures.ts';

/** A SHA-256 that tells its seed. */
export const sha256Of = (seed: number): string => hashOf(letterBytes(8, seed));

/** An app password as it is given to the store. */
export const appPasswordOf = (seed: number, changes: Partial<AppPassword> = {}) => ({
  label: `telephone ${seed}`,
  sha256: sha256Of(seed),
  scope: ['smtp', 'imap'] as const,
  createdAt: T0 + seed,
  expiresAt: null,
  ...changes,
});

/** A bound certificate as it is given to the store. */
export const certificateOf = (seed: number): BoundCertificate => ({
  sha256: sha256Of(seed),
  subject: `CN=laptop ${seed}`,
  boundAt: T0 + seed,
});

const labels = async (store: Store, account: AccountId): Promise<readonly string[]> =>
  (await store.appPasswords(account)).map(({ label }) => label);

/** What else than the password opens an account. */
export const credentialCases: Cases = new Map([
  ['an app password comes out as it was put in, and only for its account', appPasswordComesOut],
  [
    'an app password of the same label or SHA-256 is refused, in another account it is not',
    appPasswordExists,
  ],
  ['a removed app password is gone at once, and its label is free', appPasswordRemoved],
  ['the day of the last use only moves forward', lastUseMoves],
  ['an account has at most 100 app passwords and 100 certificates', credentialsAreBounded],
  ['an app password without a scope, or without a SHA-256, is a fault', appPasswordContradicts],
  ['a certificate is bound to the accounts that it was bound to, until it is not', certificatesAreBound],
]);

/** What a store that keeps things on disk promises beyond `credentialContract`. */
export const durableCredentialContract = (
  name: string,
  open: () => Promise<Required<OpenedForTest>>,
): void => {
  test(`durable store contract, credentials: ${name}`, async () => {
    const opened = await open();
    try {
      const { id } = await makeAccount(opened.store, 'nu1@447.edu');
      await opened.store.addAppPassword(id, appPasswordOf(1, { expiresAt: T0 + 9 }));
      await opened.store.noteAppPasswordUse(id, sha256Of(1), T0);
      await opened.store.bindCertificate(id, certificateOf(2));
      const before = await opened.store.appPasswords(id);
      const store = await opened.reopen();
      assert.deepEqual(await store.appPasswords(id), before);
      assert.equal(before[0]?.lastUsedOn, T0);
      assert.deepEqual(await store.boundCertificates(id), [certificateOf(2)]);
    } finally {
      await opened.cleanup();
    }
  });
};

async function appPasswordComesOut({ store }: OpenedForTest): Promise<void> {
  const one = await makeAccount(store, 'nu1@447.edu');
  const two = await makeAccount(store, 'nu2@447.edu');
  const all = appPasswordOf(2, {
    label: "__proto__'; \u{1f48c}",
    scope: ['smtp', 'imap', 'pop3', 'https'],
    expiresAt: T0 + 1,
  });
  assert.deepEqual(await store.addAppPassword(one.id, appPasswordOf(1)), done);
  assert.deepEqual(await store.addAppPassword(one.id, all), done);
  assert.deepEqual(await store.appPasswords(one.id), [
    { ...appPasswordOf(1), lastUsedOn: null },
    { ...all, lastUsedOn: null },
  ]);
  assert.deepEqual(await store.appPassword(one.id, all.sha256), { ...all, lastUsedOn: null });
  assert.equal(await store.appPassword(one.id, sha256Of(3)), null);
  assert.equal(await store.appPassword(one.id, all.sha256.toUpperCase()), null);
  assert.equal(await store.appPassword(one.id, ''), null);
  assert.equal(await store.appPassword(two.id, all.sha256), null);
  assert.deepEqual(await store.appPasswords(two.id), []);
  assert.deepEqual(await store.appPasswords(nobody), []);
}

async function appPasswordExists({ store }: OpenedForTest): Promise<void> {
  const one = await makeAccount(store, 'nu1@447.edu');
  const two = await makeAccount(store, 'nu2@447.edu');
  await store.addAppPassword(one.id, appPasswordOf(1));
  const exists = { ok: false, refusal: 'exists' };
  assert.deepEqual(await store.addAppPassword(one.id, appPasswordOf(1, { label: 'other' })), exists);
  assert.deepEqual(await store.addAppPassword(one.id, appPasswordOf(2, { label: 'telephone 1' })), exists);
  assert.deepEqual(await store.addAppPassword(two.id, appPasswordOf(1)), done);
  assert.deepEqual(await labels(store, one.id), ['telephone 1']);
  const refusal = { ok: false, refusal: 'no-account' };
  assert.deepEqual(await store.addAppPassword(nobody, appPasswordOf(1)), refusal);
}

async function appPasswordRemoved({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  for (const seed of [1, 2, 3]) await store.addAppPassword(id, appPasswordOf(seed));
  assert.deepEqual(await store.removeAppPassword(id, 'telephone 2'), done);
  assert.equal(await store.appPassword(id, sha256Of(2)), null);
  const gone = { ok: false, refusal: 'no-app-password' };
  assert.deepEqual(await store.removeAppPassword(id, 'telephone 2'), gone);
  assert.deepEqual(await store.removeAppPassword(nobody, 'telephone 1'), gone);
  assert.deepEqual(await store.addAppPassword(id, appPasswordOf(4, { label: 'telephone 2' })), done);
  assert.deepEqual(await labels(store, id), ['telephone 1', 'telephone 3', 'telephone 2']);
}

async function lastUseMoves({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await store.addAppPassword(id, appPasswordOf(1));
  await store.addAppPassword(id, appPasswordOf(2));
  for (const [usedOn, expected] of [
    [T0, T0],
    [T0 + 5, T0 + 5],
    [T0 + 4, T0 + 5],
  ] as const) {
    await store.noteAppPasswordUse(id, sha256Of(1), usedOn);
    assert.equal((await store.appPassword(id, sha256Of(1)))?.lastUsedOn, expected);
  }
  await store.noteAppPasswordUse(id, sha256Of(9), T0);
  await store.noteAppPasswordUse(nobody, sha256Of(1), T0);
  assert.equal((await store.appPassword(id, sha256Of(2)))?.lastUsedOn, null);
}

async function credentialsAreBounded({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const seeds = Array.from({ length: MAX_CREDENTIALS }, (_, seed) => seed);
  await Promise.all(seeds.map((seed) => store.addAppPassword(id, appPasswordOf(seed))));
  await Promise.all(seeds.map((seed) => store.bindCertificate(id, certificateOf(seed))));
  const refusal = { ok: false, refusal: 'too-many' };
  assert.deepEqual(await store.addAppPassword(id, appPasswordOf(MAX_CREDENTIALS)), refusal);
  assert.deepEqual(await store.bindCertificate(id, certificateOf(MAX_CREDENTIALS)), refusal);
  assert.equal((await store.appPasswords(id)).length, MAX_CREDENTIALS);
  assert.equal((await store.boundCertificates(id)).length, MAX_CREDENTIALS);
}

async function appPasswordContradicts({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  for (const changes of [
    { scope: [] },
    { scope: ['imap', 'smtp'] as const },
    { scope: ['smtp', 'smtp'] as const },
    { sha256: sha256Of(1).toUpperCase() },
    { sha256: '' },
  ])
    await assert.rejects(store.addAppPassword(id, appPasswordOf(1, changes)), { name: 'StoreFault' });
  await assert.rejects(store.bindCertificate(id, { ...certificateOf(1), sha256: 'ab' }), {
    name: 'StoreFault',
  });
  assert.deepEqual(await store.appPasswords(id), []);
}

async function certificatesAreBound({ store }: OpenedForTest): Promise<void> {
  const one = await makeAccount(store, 'nu1@447.edu');
  const two = await makeAccount(store, 'nu2@447.edu');
  assert.deepEqual(await store.bindCertificate(two.id, certificateOf(1)), done);
  assert.deepEqual(await store.bindCertificate(one.id, certificateOf(2)), done);
  assert.deepEqual(await store.bindCertificate(one.id, certificateOf(1)), done);
  assert.deepEqual(await store.boundCertificates(one.id), [certificateOf(2), certificateOf(1)]);
  assert.deepEqual(await store.accountsOfCertificate(sha256Of(1)), [one, two]);
  assert.deepEqual(await store.accountsOfCertificate(sha256Of(2)), [one]);
  assert.deepEqual(await store.accountsOfCertificate(sha256Of(2).toUpperCase()), []);
  assert.deepEqual(await store.accountsOfCertificate('__proto__'), []);
  const again = await store.bindCertificate(one.id, { ...certificateOf(1), subject: 'other' });
  assert.deepEqual(again, { ok: false, refusal: 'exists' });
  const refusal = { ok: false, refusal: 'no-account' };
  assert.deepEqual(await store.bindCertificate(nobody, certificateOf(1)), refusal);
  assert.deepEqual(await store.unbindCertificate(one.id, sha256Of(1)), done);
  const gone = { ok: false, refusal: 'not-bound' };
  assert.deepEqual(await store.unbindCertificate(one.id, sha256Of(1)), gone);
  assert.deepEqual(await store.accountsOfCertificate(sha256Of(1)), [two]);
}
