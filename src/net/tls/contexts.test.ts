import assert from 'node:assert/strict';
import { X509Certificate, createPrivateKey, randomBytes } from 'node:crypto';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { Secret } from '../../sasl/exchange.ts';
import { stoppedClock, systemClock } from '../clock.ts';
import { ensureDevelopmentCertificates } from './authority.ts';
import { explainCertificateRefusal, loadCertificate } from './certificate-files.ts';
import type { CertificateFiles } from './certificate-files.ts';
import { CertificateSource } from './contexts.ts';
import { tlsFacts } from './facts.ts';
import { bothEnds, testCertificates, testPolicy, testServer, testSource } from './loopback.ts';

async function encrypt(file: string, passphrase: string): Promise<void> {
  const key = createPrivateKey(await readFile(file));
  await writeFile(file, key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }));
}

async function whyNot(files: CertificateFiles, clock = systemClock): Promise<string> {
  const loaded = await loadCertificate(files, clock);
  assert.ok(!loaded.ok);
  const line = explainCertificateRefusal(loaded.refusal);
  assert.ok(line.includes(loaded.refusal.file) && !line.includes('\n'));
  return loaded.refusal.why;
}

test('an encrypted key opens with the pass phrase from each source, and only with the right one', async (t) => {
  const { server, folder } = await testCertificates(t);
  await encrypt(server.key, 'öffne dich');
  const right = join(folder, 'right');
  await writeFile(right, 'öffne dich\r\nsecond line\n');
  const asked: string[] = [];
  const sources: Partial<CertificateFiles>[] = [
    { passphrase: new Secret('öffne dich') },
    { passphraseFile: right },
    { ask: (file) => (asked.push(file), Promise.resolve(new Secret('öffne dich'))) },
  ];
  for (const source of sources) assert.ok((await loadCertificate({ ...server, ...source }, systemClock)).ok);
  assert.deepEqual(asked, [server.key]);
  assert.equal(await whyNot({ ...server, passphrase: new Secret('no') }), 'passphrase-wrong');
  assert.equal(await whyNot({ ...server, passphrase: new Secret('') }), 'passphrase-wrong');
  assert.equal(await whyNot({ ...server, passphraseFile: server.certificate }), 'passphrase-wrong');
  assert.equal(await whyNot({ ...server, passphraseFile: join(folder, 'none') }), 'unreadable');
  assert.equal(await whyNot({ ...server, ask: () => Promise.resolve(null) }), 'passphrase-missing');
  assert.equal(await whyNot(server), 'passphrase-missing');
});

test('files that are missing, damaged, swapped or out of their time are refused by name', async (t) => {
  const { server, client, folder } = await testCertificates(t);
  const rubbish = join(folder, 'rubbish');
  await writeFile(rubbish, 'rubbish');
  assert.equal(await whyNot({ ...server, certificate: join(folder, 'none') }), 'unreadable');
  assert.equal(await whyNot({ ...server, key: folder }), 'unreadable');
  assert.equal(await whyNot({ ...server, certificate: rubbish }), 'not-a-certificate');
  assert.equal(await whyNot({ ...server, certificate: server.key }), 'not-a-certificate');
  assert.equal(await whyNot({ ...server, key: rubbish }), 'not-a-key');
  assert.equal(await whyNot({ ...server, key: client.key }), 'mismatch');
  assert.equal(await whyNot(server, stoppedClock(Date.UTC(2001, 0, 1))), 'not-yet-valid');
  assert.equal(await whyNot(server, stoppedClock(Date.UTC(2150, 0, 1))), 'expired');
});

test('a door that asks for certificates needs its authorities to be readable', async (t) => {
  const certificates = await testCertificates(t);
  for (const clientAuthority of [join(certificates.folder, 'none'), certificates.server.key]) {
    const policy = testPolicy({ clientCertificates: 'ask', clientAuthority });
    const opened = await CertificateSource.open(certificates.server, policy);
    assert.ok(!opened.ok && opened.refusal.file === clientAuthority);
  }
});

test('reload: a good pair reaches new connections, open ones stay; a bad one changes nothing', async (t) => {
  const certificates = await testCertificates(t);
  const clock = stoppedClock(systemClock.now());
  const opened = await CertificateSource.open(certificates.server, testPolicy(), clock);
  assert.ok(opened.ok);
  const source = opened.value;
  const at = await testServer(t, source);
  const first = await bothEnds(t, at, { ca: certificates.ca });
  const before = source.certificate.sha256;
  assert.equal(await source.changed(), false);

  await writeFile(certificates.server.certificate, 'rubbish');
  assert.equal(await source.changed(), true);
  const bad = await source.reload();
  assert.ok(!bad.ok && bad.refusal.why === 'not-a-certificate');
  assert.equal(await source.changed(), false);
  const still = await bothEnds(t, at, { ca: certificates.ca });
  assert.equal(tlsFacts(still.server, 'server').ownCertificate, before);

  await copyFile(certificates.client.certificate, certificates.server.certificate);
  const half = await source.reload();
  assert.ok(!half.ok && half.refusal.why === 'mismatch');

  await rm(certificates.server.certificate);
  await ensureDevelopmentCertificates(certificates.folder, { host: 'new.example' });
  assert.equal(await source.changed(), true);
  assert.equal(source.knownFingerprint, before);
  const good = await source.reload();
  assert.ok(good.ok);
  assert.equal(source.knownFingerprint, undefined);
  clock.advance(61_000);
  assert.equal(source.knownFingerprint, good.value.sha256);
  const after = await bothEnds(t, at, { ca: certificates.ca, servername: 'new.example' });
  assert.equal(tlsFacts(after.server, 'server').ownCertificate, good.value.sha256);
  assert.notEqual(good.value.sha256, before);
  first.client.write('x');
  assert.equal(tlsFacts(first.server, 'server').ownCertificate, before);
});

test('reloads that are asked for at once come one after the other, and the newest files win', async (t) => {
  const certificates = await testCertificates(t);
  const source = await testSource(certificates);
  const first = source.reload();
  await copyFile(certificates.client.certificate, certificates.server.certificate);
  await copyFile(certificates.client.key, certificates.server.key);
  const second = await source.reload();
  await first;
  assert.ok(second.ok);
  assert.equal(source.certificate.sha256, second.value.sha256);
  assert.equal(await source.changed(), false);
});

test('a typed pass phrase is asked once and serves the reloads', async (t) => {
  const { server } = await testCertificates(t);
  await encrypt(server.key, 'sesame');
  let asked = 0;
  const ask = () => (asked++, Promise.resolve(new Secret('sesame')));
  const opened = await CertificateSource.open({ ...server, ask }, testPolicy());
  assert.ok(opened.ok);
  assert.ok((await opened.value.reload()).ok);
  assert.equal(asked, 1);
});

test('servers with the same ticket keys resume each other; other keys, authorities or "off" do not', async (t) => {
  const certificates = await testCertificates(t);
  const tickets = randomBytes(48);
  const at = async (changes: Parameters<typeof testSource>[1]) =>
    testServer(t, await testSource(certificates, changes));
  const first = await bothEnds(t, await at({ tickets }), { ca: certificates.ca });
  const session = await first.session;
  const resumes = async (changes: Parameters<typeof testSource>[1]) => {
    const ends = await bothEnds(t, await at(changes), { ca: certificates.ca, session });
    return tlsFacts(ends.server, 'server').resumed;
  };
  assert.equal(await resumes({ tickets }), true);
  assert.equal(await resumes({}), false);
  assert.equal(await resumes({ tickets: 'off' }), false);
  assert.equal(
    await resumes({ tickets, clientCertificates: 'ask', clientAuthority: certificates.authority }),
    false,
  );
});

test('client certificates: off never asks, ask takes none and any, an unknown authority is no trust', async (t) => {
  const certificates = await testCertificates(t);
  const shown = await clientOptions(certificates);
  const off = await bothEnds(t, await testServer(t, await testSource(certificates)), shown);
  assert.equal(tlsFacts(off.server, 'server').peerCertificate, null);
  const nobody = await testServer(t, await testSource(certificates, { clientCertificates: 'ask' }));
  const ends = await bothEnds(t, nobody, shown);
  const peer = tlsFacts(ends.server, 'server').peerCertificate;
  assert.equal(peer?.trusted, false);
  assert.equal(
    peer?.sha256,
    new X509Certificate(shown.cert).fingerprint256.replaceAll(':', '').toLowerCase(),
  );
});

async function clientOptions(certificates: Awaited<ReturnType<typeof testCertificates>>) {
  const { client, ca } = certificates;
  return { ca, cert: await readFile(client.certificate), key: await readFile(client.key) };
}

test('the options name the groups in order and the least version', async (t: TestContext) => {
  const { options } = await testSource(await testCertificates(t));
  assert.equal(options.ecdhCurve, 'X25519MLKEM768/X25519:P-256:P-384');
  assert.equal(options.minVersion, 'TLSv1.3');
  assert.equal(options.honorCipherOrder, true);
  // Left out, every public authority could vouch for a client.
  assert.deepEqual(options.ca, []);
});
