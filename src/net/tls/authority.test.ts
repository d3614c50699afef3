import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { X509Certificate, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { stoppedClock } from '../clock.ts';
import {
  ensureDevelopmentCertificates,
  explainAuthorityRefusal,
  makeClientCertificate,
} from './authority.ts';

const dayMs = 86_400_000;

async function freshFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'letterlock-authority-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'tls');
}

async function certificateAt(...path: string[]): Promise<X509Certificate> {
  return new X509Certificate(await readFile(join(...path)));
}

async function make(folder: string, host = 'mail.example.org', clock = stoppedClock(Date.UTC(2030, 0, 1))) {
  const made = await ensureDevelopmentCertificates(folder, { host, clock });
  assert.ok(made.ok, made.ok ? '' : explainAuthorityRefusal(made.refusal));
  return made.value;
}

test('an empty folder becomes an authority, a server and a client whose keys fit, private to their owner', async (t) => {
  const folder = await freshFolder(t);
  await make(folder);
  assert.deepEqual((await readdir(folder)).sort(), [
    'ca.key',
    'ca.pem',
    'client.key',
    'client.pem',
    'server.key',
    'server.pem',
  ]);
  if (process.platform !== 'win32') {
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    for (const name of await readdir(folder))
      assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600);
  }
  const authority = await certificateAt(folder, 'ca.pem');
  assert.equal(authority.ca, true);
  const years = (authority.validToDate.getTime() - Date.UTC(2030, 0, 1)) / dayMs;
  assert.equal(years, 3650);
  for (const name of ['server', 'client']) {
    const leaf = await certificateAt(folder, `${name}.pem`);
    assert.equal(leaf.ca, false);
    assert.ok(leaf.checkIssued(authority) && leaf.verify(authority.publicKey));
    assert.ok(leaf.checkPrivateKey(createPrivateKey(await readFile(join(folder, `${name}.key`)))));
    assert.equal((leaf.validToDate.getTime() - Date.UTC(2030, 0, 1)) / dayMs, 397);
    assert.match(leaf.serialNumber, /^[4-7][0-9A-F]{31}$/);
    assert.deepEqual(leaf.keyUsage, [name === 'server' ? '1.3.6.1.5.5.7.3.1' : '1.3.6.1.5.5.7.3.2']);
  }
  const server = await certificateAt(folder, 'server.pem');
  assert.equal(server.checkHost('mail.example.org'), 'mail.example.org');
  assert.equal(server.checkHost('localhost'), 'localhost');
  assert.equal(server.checkIP('127.0.0.1'), '127.0.0.1');
  assert.equal(server.checkIP('::1'), '::1');
  assert.equal((await certificateAt(folder, 'client.pem')).subjectAltName, undefined);
});

test('a second start changes nothing; an IP address can be the host', async (t) => {
  const folder = await freshFolder(t);
  await make(folder, '192.0.2.7');
  assert.equal((await certificateAt(folder, 'server.pem')).checkIP('192.0.2.7'), '192.0.2.7');
  const before = await snapshot(folder);
  await make(folder, '192.0.2.7');
  assert.deepEqual(await snapshot(folder), before);
});

test('a certificate is renewed under 30 days before its end and when a name is missing, its key is kept', async (t) => {
  const folder = await freshFolder(t);
  const clock = stoppedClock(Date.UTC(2030, 0, 1));
  await make(folder, 'a.example', clock);
  const first = await snapshot(folder);
  clock.advance(366 * dayMs);
  await make(folder, 'a.example', clock);
  assert.deepEqual(await snapshot(folder), first);
  clock.advance(2 * dayMs);
  await make(folder, 'a.example', clock);
  const renewed = await snapshot(folder);
  assert.notEqual(renewed.get('server.pem'), first.get('server.pem'));
  assert.notEqual(renewed.get('client.pem'), first.get('client.pem'));
  for (const name of ['ca.pem', 'ca.key', 'server.key', 'client.key'])
    assert.equal(renewed.get(name), first.get(name));
  await make(folder, 'b.example', clock);
  assert.equal((await certificateAt(folder, 'server.pem')).checkHost('b.example'), 'b.example');
  assert.equal((await snapshot(folder)).get('client.pem'), renewed.get('client.pem'));
});

test('the authority is renewed before it could end ahead of a leaf, and the old copy still verifies the leaf', async (t) => {
  const folder = await freshFolder(t);
  const clock = stoppedClock(Date.UTC(2030, 0, 1));
  await make(folder, 'a.example', clock);
  const old = await certificateAt(folder, 'ca.pem');
  clock.advance(3300 * dayMs);
  await make(folder, 'a.example', clock);
  const renewed = await certificateAt(folder, 'ca.pem');
  assert.notEqual(renewed.fingerprint256, old.fingerprint256);
  assert.equal(renewed.subject, old.subject);
  assert.ok(renewed.ca);
  const server = await certificateAt(folder, 'server.pem');
  assert.ok(server.checkIssued(old) && server.verify(old.publicKey) && server.checkIssued(renewed));
});

test('what a person put there is left alone: a foreign pair is used as it is, an orphan certificate is refused', async (t) => {
  const elsewhere = await freshFolder(t);
  const folder = await freshFolder(t);
  await make(elsewhere);
  await make(folder);
  // A pair of somebody else's authority: the same organisation would count as ours, so the name is changed in the DER.
  const foreign = (await readFile(join(elsewhere, 'server.pem'), 'utf8')).replace(/-----[^-]+-----/g, '');
  const der = Buffer.from(foreign, 'base64');
  const at = der.indexOf('Letterlock development authority');
  der.write('Somebodyss', at, 'latin1');
  const pem = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
  await writeFile(join(folder, 'server.pem'), pem);
  await make(folder, 'other.example', stoppedClock(Date.UTC(2040, 0, 1)));
  assert.equal(await readFile(join(folder, 'server.pem'), 'utf8'), pem);
  await rm(join(folder, 'ca.key'));
  const refusal = await ensureDevelopmentCertificates(folder, { host: 'localhost' });
  assert.ok(!refusal.ok);
  assert.equal(refusal.refusal.why, 'key-missing');
  assert.ok(explainAuthorityRefusal(refusal.refusal).includes('ca.key'));
});

test('damaged and unsuitable files are refused by name, never replaced', async (t) => {
  const folder = await freshFolder(t);
  await make(folder);
  for (const name of ['ca.pem', 'ca.key', 'server.pem']) {
    const whole = await readFile(join(folder, name));
    await writeFile(join(folder, name), 'rubbish');
    const made = await ensureDevelopmentCertificates(folder, { host: 'localhost' });
    assert.ok(!made.ok);
    assert.ok(explainAuthorityRefusal(made.refusal).includes(name));
    assert.equal(await readFile(join(folder, name), 'utf8'), 'rubbish');
    await writeFile(join(folder, name), whole);
  }
  const { privateKey } = generateKeyPairSync('ed25519');
  await writeFile(join(folder, 'ca.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const made = await ensureDevelopmentCertificates(folder, { host: 'localhost' });
  assert.ok(!made.ok && made.refusal.why === 'cannot-issue');
});

test('client certificates name an address; two addresses never share a file; what has no rfc822Name is refused', async (t) => {
  const folder = await freshFolder(t);
  const clock = stoppedClock(Date.UTC(2030, 0, 1));
  const files = new Set<string>();
  const long = `${'x'.repeat(64)}@${'y'.repeat(60)}.${'z'.repeat(60)}.${'z'.repeat(60)}.example`;
  const addresses = [
    'nu1@447.edu',
    'NU1@447.edu',
    '"a, email:b"@c.example',
    '../../etc/passwd@x.example',
    long,
  ];
  for (const address of addresses) {
    const made = await makeClientCertificate(folder, address, clock);
    assert.ok(made.ok);
    files.add(made.value.key.toLowerCase());
    const certificate = await certificateAt(made.value.certificate);
    assert.equal(certificate.checkEmail(address), address);
    assert.ok(certificate.checkPrivateKey(createPrivateKey(await readFile(made.value.key))));
    const again = await makeClientCertificate(folder, address, clock);
    assert.deepEqual(again, made);
  }
  assert.equal(files.size, addresses.length);
  for (const file of files)
    assert.ok(file.startsWith(`${folder.toLowerCase()}/client-`) || process.platform === 'win32');
  for (const address of [
    '',
    'nobody',
    '@x.example',
    'jür@x.example',
    'a@bücher.example',
    'a\n@x.example',
    'a@-',
  ]) {
    const made = await makeClientCertificate(folder, address, clock);
    assert.ok(!made.ok && made.refusal.why === 'address', address);
  }
});

test('a host that cannot stand in a certificate is refused before anything is made', async (t) => {
  const folder = await freshFolder(t);
  for (const host of ['', 'a b', 'bücher.example', 'x'.repeat(64), 'a..b', '-a']) {
    const made = await ensureDevelopmentCertificates(folder, { host });
    assert.ok(!made.ok && made.refusal.why === 'host-name', host);
  }
  await assert.rejects(stat(folder));
});

test('a key without a certificate (a kill between the two) gets one; old leftovers are swept, young ones kept', async (t) => {
  const folder = await freshFolder(t);
  await make(folder);
  const key = await readFile(join(folder, 'server.key'), 'utf8');
  await rm(join(folder, 'server.pem'));
  await writeFile(join(folder, '.unfinished-old'), 'x');
  await writeFile(join(folder, '.unfinished-young'), 'x');
  const clock = stoppedClock(Date.UTC(2030, 0, 1));
  await utimes(join(folder, '.unfinished-old'), clock.now() / 1000 - 7200, clock.now() / 1000 - 7200);
  await utimes(join(folder, '.unfinished-young'), clock.now() / 1000, clock.now() / 1000);
  await make(folder, 'localhost', clock);
  assert.equal(await readFile(join(folder, 'server.key'), 'utf8'), key);
  assert.ok((await certificateAt(folder, 'server.pem')).checkPrivateKey(createPrivateKey(key)));
  const names = await readdir(folder);
  assert.ok(!names.includes('.unfinished-old') && names.includes('.unfinished-young'));
});

test('several processes that start at once and are killed at any moment leave only pairs that fit', async (t) => {
  const folder = await freshFolder(t);
  const script = `const { ensureDevelopmentCertificates } = await import(${JSON.stringify(new URL('./authority.ts', import.meta.url).href)});
    process.stdout.write('ready');
    const made = await ensureDevelopmentCertificates(${JSON.stringify(folder)}, { host: 'localhost' });
    if (!made.ok) throw new Error(JSON.stringify(made.refusal));`;
  const start = () =>
    spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const doomed = [start(), start()];
  // Killed as soon as files appear: the first thing that a process writes after it said that it is ready.
  await Promise.all(
    doomed.map(async (child) => {
      const exited = once(child, 'exit');
      await once(child.stdout, 'data');
      setImmediate(() => child.kill('SIGKILL'));
      await exited;
    }),
  );
  const whole = [start(), start(), start()];
  for (const [code] of await Promise.all(whole.map((child) => once(child, 'exit')))) assert.equal(code, 0);
  const authority = await certificateAt(folder, 'ca.pem');
  for (const name of ['ca', 'server', 'client']) {
    const certificate = await certificateAt(folder, `${name}.pem`);
    assert.ok(certificate.checkPrivateKey(createPrivateKey(await readFile(join(folder, `${name}.key`)))));
    assert.ok(certificate.verify(authority.publicKey));
  }
});

async function snapshot(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const name of await readdir(folder)) files.set(name, await readFile(join(folder, name), 'utf8'));
  return files;
}
