import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { startServer, withSite, type DoorName, type RunningServer, type Site } from '../support/server.ts';
import { machineHas, run } from './programs.ts';
import { explained, grave, readScan, type Finding } from './testssl-findings.ts';

const doors: readonly DoorName[] = ['submissions', 'submission', 'exchanger', 'pop3', 'https'];
const security = join(import.meta.dirname, '..', '..', 'docs', 'SECURITY.md');

/** How long a scan of one door may take, seconds; it takes about 40 by itself and 100 beside the others. */
const mostSeconds = '480';

/**
 * What testssl.sh finds at a door. It asks no DNS, calls nobody, and goes on where it would ask a person. `NXCONNECT` is
 * where it has its client fail to connect to while it finds out what that client can do; else it asks the DNS for a name.
 */
async function scan(site: Site, server: RunningServer, door: DoorName): Promise<readonly Finding[]> {
  const jsonFile = join(site.folder, `${door}.json`);
  const limits = ['--connect-timeout', '10', '--openssl-timeout', '20'];
  const options = ['--quiet', '--color', '0', '--nodns', 'none', '--warnings', 'off', ...limits];
  const startTls = door === 'submission' || door === 'exchanger' ? ['--starttls', 'smtp'] : [];
  const { status, out, complaints } = await run('env', [
    'NXCONNECT=127.0.0.1:0',
    'timeout',
    mostSeconds,
    'testssl',
    ...options,
    ...startTls,
    '--add-ca',
    server.authorityFile,
    '--jsonfile',
    jsonFile,
    `127.0.0.1:${server.port(door)}`,
  ]);
  assert.notEqual(status, 124, `${door}: the scan took longer than ${mostSeconds} s`);
  assert.doesNotMatch(out, /Fatal error/, complaints);
  return readScan(jsonFile);
}

function check(door: DoorName, found: readonly Finding[]): void {
  const known = explained(readFileSync(security, 'utf8')).get(door) ?? new Set();
  assert.deepEqual(
    [...new Set(grave(found))].toSorted(),
    [...known].toSorted(),
    'what is found (+) must be what docs/SECURITY.md explains (-)',
  );
  const words = new Map(found.map(({ id, finding }) => [id, finding]));
  const takes12 = door === 'exchanger';
  assert.equal(words.get('TLS1_3'), 'offered with final');
  assert.equal(words.get('TLS1_2'), takes12 ? 'offered' : 'not offered');
  assert.equal(words.get('TLS1_1'), 'not offered');
  const ciphers = found.filter(({ id }) => id.startsWith('cipher_x')).map(({ finding }) => finding);
  assert.equal(ciphers.length, takes12 ? 6 : 3, ciphers.join('\n'));
  for (const cipher of ciphers) assert.match(cipher, / TLS_(?:ECDHE_ECDSA_WITH_)?(?:AES_\d+_GCM|CHACHA20)_/);
}

test(
  'testssl.sh finds nothing graver than LOW that docs/SECURITY.md does not explain, and all that it does',
  { concurrency: doors.length },
  async (t) => {
    if (!machineHas(t, 'testssl', 'testssl.sh')) return;
    await withSite('', async (site) => {
      const server = await startServer(site);
      const scans = doors.map((door) =>
        t.test(door, async (here) => {
          const found = await scan(site, server, door);
          here.diagnostic(`${found.length} findings; ${found.at(-1)?.finding} s`);
          check(door, found);
        }),
      );
      await Promise.all(scans);
      await server.stop();
    });
  },
);
