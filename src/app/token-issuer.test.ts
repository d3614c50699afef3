import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { testJournal } from '../net/https-loopback.ts';
import { Secret } from '../sasl/exchange.ts';
import { loadConfig } from './config.ts';
import { tokenIssuerSetup, tokenVerifier } from './token-issuer.ts';

test('an issuer of the configuration, with its keys in a file, verifies tokens', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'letterlock-oauth-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  await writeFile(join(folder, 'keys.json'), JSON.stringify({ keys: [await exportJWK(publicKey)] }));
  await writeFile(join(folder, 'ca.pem'), 'PEM');
  const environment = { variables: {}, folder };
  const setupOf = async (toml: string) => {
    await writeFile(join(folder, 'a.toml'), toml);
    const loaded = await loadConfig('a.toml', environment);
    assert.ok(loaded.ok);
    return tokenIssuerSetup(loaded.value.oauth);
  };
  assert.equal(await setupOf(''), null);
  const oauth = '[oauth]\nissuer = "https://issuer.example"\naudience = ["mail"]\naddress_claim = "sub"\n';
  const remote = await setupOf(`${oauth}keys_url = "https://issuer.example/keys"\nkeys_ca = "ca.pem"`);
  const source = { from: 'url', url: 'https://issuer.example/keys', authorities: 'PEM' };
  assert.deepEqual(remote?.keys, source);
  assert.deepEqual(structuredClone(remote), remote, 'it crosses to a thread');

  const setup = await setupOf(`${oauth}keys_file = "keys.json"`);
  const journal = testJournal();
  const now = 1_800_000_000_000;
  assert.equal(await tokenVerifier(null, journal, () => now), null);
  const verifier = await tokenVerifier(setup, journal, () => now);
  const token = async (aud: string): Promise<Secret> => {
    const claims = { iss: 'https://issuer.example', aud, exp: now / 1000 + 60, sub: 'nu1@447.edu' };
    return new Secret(await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(privateKey));
  };
  assert.deepEqual(await verifier?.verify(await token('mail')), { ok: true, value: 'nu1@447.edu' });
  const other = await token('other');
  assert.equal((await verifier?.verify(other))?.ok, false);
  assert.equal(journal.of('oauth.refused').length, 1);
  assert.ok(!JSON.stringify(journal.lines).includes(other.reveal()));
});
