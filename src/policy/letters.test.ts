import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { appPasswordDigest, generateAppPassword } from '../accounts/app-passwords.ts';
import { Authenticator } from '../accounts/authenticator.ts';
import { makeVerifiers } from '../accounts/verifiers.ts';
import { Secret } from '../sasl/exchange.ts';
import { openMemoryStore } from '../store/memory/store.ts';
import type { AccountName, Service } from '../store/port.ts';
import { LettersPolicy } from './letters.ts';
import { accountNamed } from './submission.ts';

const now = 1_800_000_000_000;
const domains = ['447.edu'];

const house = async () => {
  const store = openMemoryStore();
  const verifiers = await makeVerifiers(new Secret('pencil'), randomBytes);
  const made = await store.createAccount({ name: 'nu1@447.edu' as AccountName, verifiers, createdAt: now });
  assert.ok(made.ok);
  const authenticator = new Authenticator({
    store,
    now: () => now,
    random: randomBytes,
    secret: Buffer.alloc(32, 7),
    canonical: (user) => accountNamed(user, domains),
  });
  const appPassword = async (...scope: readonly Service[]): Promise<Secret> => {
    const password = generateAppPassword(randomBytes);
    const sha256 = appPasswordDigest(password) ?? '';
    const app = { label: scope.join(), sha256, scope, createdAt: now, expiresAt: null };
    assert.ok((await store.addAppPassword(made.value.id, app)).ok);
    return password;
  };
  return {
    account: made.value,
    appPassword,
    policy: new LettersPolicy({ store, authenticator, domains }),
    store,
  };
};

test('an app password reads letters over HTTPS where its scope says so', async () => {
  const { account, appPassword, policy } = await house();
  const from = { address: '192.0.2.1' };
  const reads = await policy.byPassword('nu1', await appPassword('https'), from);
  assert.deepEqual(reads, { ok: true, value: { accounts: [account] } });
  const sends = await policy.byPassword('nu1', await appPassword('smtp', 'imap', 'pop3'), from);
  assert.deepEqual(sends, { ok: false, refusal: { why: 'credentials' } });
});

test('a certificate that is bound to an account reads its letters, whatever names stand in it', async () => {
  const { account, policy, store } = await house();
  const sha256 = 'ab'.repeat(32);
  const certificate = { sha256, subject: 'CN=x', trusted: true, distrust: null, emails: [] };
  assert.equal(await policy.byCertificate(certificate), null);
  await store.bindCertificate(account.id, { sha256, subject: 'CN=x', boundAt: now });
  assert.deepEqual(await policy.byCertificate(certificate), { accounts: [account] });
  assert.equal(await policy.byCertificate({ ...certificate, trusted: false }), null);
});
