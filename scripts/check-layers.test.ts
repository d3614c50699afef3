import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { layerViolations } from './check-layers.ts';
import { parts, partOf } from './house.ts';

const checkout = join(dirname(fileURLToPath(import.meta.url)), '..');
const program = join(checkout, 'scripts/check-layers.ts');
const folder = mkdtempSync(join(tmpdir(), 'letterlock-layers-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let trees = 0;

/** Writes a checkout with these files in `src`, and gives its folder. */
function tree(files: Readonly<Record<string, string>>): string {
  trees += 1;
  const root = join(folder, String(trees));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, 'src', path)), { recursive: true });
    writeFileSync(join(root, 'src', path), text);
  }
  return root;
}

/** A small house where every arrow is a right one. */
const sound: Readonly<Record<string, string>> = {
  'result.ts': `export type Result = 1;`,
  'bytes/line.ts': `import type { Result } from '../result.ts';\nexport type Line = Result;`,
  'mail/address.ts': `import { line } from '../bytes/line.ts';\nimport { toASCII } from 'tr46';\nnew Date(0); Date.UTC(1970);`,
  'mail/address.test.ts': `import '../net/listen.ts';\nimport fs from 'node:fs';\nDate.now(); process.env;\nimport './address.ts';`,
  'sasl/scram.ts': `import { createHmac, type Hmac } from 'node:crypto';\nimport '../bytes/line.ts';`,
  'smtp/session.ts': `import '../sasl/scram.ts';\nimport { reply } from './reply.ts';`,
  'smtp/reply.ts': `export const reply = 'process.env Date.now() import "node:net"'; // Math.random()`,
  'imap/fetch.ts': `export function fetch(uid: number): Date { return new Date(uid); }\ntype At = Date;`,
  'imap/session.ts': `import { fetch } from './fetch.ts';\nfetch(1); const f = (at: Date, b: Map<1, Date>) => at;`,
  'smtp/server/mail.ts': `import { reply } from '../reply.ts'; type Clock = { fetch(a: 1): void }; this.setTimeout();`,
  'passport/record.ts': `import type {} from '../mail/address.ts';`,
  'store/port.ts': `import type { R } from '../passport/record.ts';`,
  'store/contract.ts': `import { test } from 'node:test';\nimport './port.ts';`,
  'store/memory/memory.ts': `import '../port.ts';`,
  'store/sqlite/sqlite.ts': `import { DatabaseSync } from 'node:sqlite';\nimport '../port.ts';`,
  'store/sqlite/sqlite.test.ts': `import '../contract.ts';`,
  'store/sqlite/thread.ts': `import { Worker } from 'node:worker_threads';\nnew Worker(new URL('./writer.ts', import.meta.url));`,
  'store/sqlite/writer.ts': `import './sqlite.ts';\nimport '../rules.ts';`,
  'store/rules.ts': `import './port.ts';`,
  'net/tls/loopback.ts': `import type { TestContext } from 'node:test';\nDate.now();`,
  'accounts/accounts.ts': `import '../store/port.ts';\nimport { randomBytes, argon2 } from 'node:crypto';`,
  'queue/schedule.ts': `export const next = (at: Date): Date => new Date(at.getTime() + 1);`,
  'queue/outbound.ts': `import './schedule.ts';\nimport '../smtp/session.ts';`,
  'policy/policy.ts': `import '../accounts/accounts.ts';\nimport '../queue/outbound.ts';`,
  'net/clock.ts': `export const now = (): number => Date.now();`,
  'net/listen.ts': `import net from 'node:net';\nimport '../smtp/session.ts';\nimport '../store/memory/memory.ts';\nsetTimeout(f, 1);`,
  'net/exposed.ts': `import net from 'node:net';`,
  'net/tls/authority.ts': `import 'reflect-metadata';\nimport '../clock.ts';`,
  'app/config.ts': `import { z } from 'zod';\nprocess.env['HOME'];`,
  'app/config-defaults.ts': `process.env.HOME;`,
  'app/wiring.ts': `import './config.ts';\nimport '../net/listen.ts';\nimport about from '../../package.json' with { type: 'json' };`,
  'cli/main.ts': `import '../app/wiring.ts';\nimport { Command } from 'commander';\nprocess.exit(await import('./proof.ts'));`,
  'cli/proof.ts': `import '../net/exposed.ts';`,
  'webmail/page.ts': `import type { M } from '../jmap/mailbox.ts';\nfetch('/jmap'); setTimeout(f, Date.now());`,
  'jmap/mailbox.ts': `import type { S } from '../store/port.ts';`,
};

test('a sound house has no violation', () => {
  assert.deepEqual(layerViolations(tree(sound)), []);
});

/** One file put into the sound house, and the one line that must come of it. */
const broken: readonly (readonly [string, string, string])[] = [
  [
    'bytes/a.ts',
    `import '../mail/address.ts';`,
    'src/bytes/a.ts:1: folder bytes may not import mail (it may import nothing)',
  ],
  [
    'mail/a.ts',
    `\nimport type { A } from '../smtp/session.ts';`,
    'src/mail/a.ts:2: folder mail may not import smtp (it may import bytes)',
  ],
  [
    'mail/a.ts',
    `export * from '../passport/record.ts';`,
    'src/mail/a.ts:1: folder mail may not import passport (it may import bytes)',
  ],
  [
    'sasl/a.ts',
    `type A = import('../mail/address.ts').A;`,
    'src/sasl/a.ts:1: folder sasl may not import mail (it may import bytes)',
  ],
  [
    'smtp/a.ts',
    `await import('../net/listen.ts');`,
    'src/smtp/a.ts:1: folder smtp may not import net (it may import bytes, mail, sasl)',
  ],
  [
    'accounts/a.ts',
    `import '../store/sqlite/sqlite.ts';`,
    'src/accounts/a.ts:1: folder accounts may not import store/sqlite (it may import sasl, store/port, mail)',
  ],
  [
    'policy/a.ts',
    `import '../store/memory/memory.ts';`,
    'src/policy/a.ts:1: folder policy may not import store/memory (it may import smtp, imap, pop3, mail, sasl, passport, accounts, store/port, queue, queue/schedule)',
  ],
  [
    'webmail/a.ts',
    `import { m } from '../jmap/mailbox.ts';`,
    'src/webmail/a.ts:1: folder webmail may not import jmap (types only: say import type)',
  ],
  [
    'smtp/a.ts',
    `import './reply.test.ts';`,
    'src/smtp/a.ts:1: folder smtp may not import ./reply.test.ts (no such file)',
  ],
  [
    'mail/a.ts',
    `import './address.test.ts';`,
    'src/mail/a.ts:1: folder mail may not import mail/address.test.ts (it serves tests only)',
  ],
  [
    'app/a.ts',
    `import '../store/contract.ts';`,
    'src/app/a.ts:1: folder app may not import store/contract.ts (it serves tests only)',
  ],
  [
    'app/a.ts',
    `import '../net/exposed.ts';`,
    'src/app/a.ts:1: folder app may not import net/exposed.ts (the plain door is for the proof alone)',
  ],
  [
    'cli/a.ts',
    `import '../net/exposed.ts';`,
    'src/cli/a.ts:1: folder cli may not import net/exposed.ts (the plain door is for the proof alone)',
  ],
  [
    'net/a.ts',
    `import '../../scripts/house.ts';`,
    'src/net/a.ts:1: folder net may not import ../../scripts/house.ts (it lies outside src)',
  ],
  [
    'net/a.ts',
    `import(door);`,
    'src/net/a.ts:1: an import must name its file in a plain string (no hidden arrows)',
  ],
  [
    'net/a.ts',
    `import { createRequire } from 'node:module';`,
    'src/net/a.ts:1: folder net may not import node:module (it belongs to app)',
  ],
  [
    'net/a.ts',
    `process.getBuiltinModule('sqlite');`,
    'src/net/a.ts:1: folder net may not use process.getBuiltinModule (no hidden arrows)',
  ],
  [
    'kitchen/a.ts',
    ``,
    'src/kitchen/a.ts:1: this place is not in the house (give it a line in scripts/house.ts)',
  ],
  ['a.ts', ``, 'src/a.ts:1: this place is not in the house (give it a line in scripts/house.ts)'],
  [
    'smtp/a.ts',
    `import net from 'node:net';`,
    'src/smtp/a.ts:1: folder smtp may not import node:net (the folder is pure)',
  ],
  [
    'smtp/a.ts',
    `import net from 'net';`,
    'src/smtp/a.ts:1: folder smtp may not import net (write it with node: before it)',
  ],
  [
    'smtp/a.ts',
    `import { createHash } from 'node:crypto';`,
    'src/smtp/a.ts:1: folder smtp may not import node:crypto (the folder is pure)',
  ],
  [
    'sasl/a.ts',
    `import { createHash, randomBytes } from 'node:crypto';`,
    'src/sasl/a.ts:1: folder sasl may not import node:crypto (the folder is pure: of node:crypto only createHash, createHmac, hash, pbkdf2Sync, timingSafeEqual, by name)',
  ],
  [
    'passport/a.ts',
    `import * as crypto from 'node:crypto';`,
    'src/passport/a.ts:1: folder passport may not import node:crypto (the folder is pure: of node:crypto only createHash, createHmac, hash, pbkdf2Sync, timingSafeEqual, by name)',
  ],
  [
    'queue/schedule/a.ts',
    `import 'node:timers';`,
    'src/queue/schedule/a.ts:1: folder queue/schedule may not import node:timers (the folder is pure)',
  ],
  [
    'app/a.ts',
    `import tls from 'node:tls';`,
    'src/app/a.ts:1: folder app may not import node:tls (it belongs to net)',
  ],
  [
    'cli/a.ts',
    `import type { Socket } from 'node:net';`,
    'src/cli/a.ts:1: folder cli may not import node:net (it belongs to net)',
  ],
  [
    'store/memory/a.ts',
    `import 'node:sqlite';`,
    'src/store/memory/a.ts:1: folder store/memory may not import node:sqlite (it belongs to store/sqlite)',
  ],
  [
    'store/sqlite/a.ts',
    `import pg from 'pg';`,
    'src/store/sqlite/a.ts:1: folder store/sqlite may not import pg (it belongs to store/postgres)',
  ],
  [
    'net/a.ts',
    `import assert from 'node:assert';`,
    'src/net/a.ts:1: folder net may not import node:assert (no production code may)',
  ],
  [
    'net/a.ts',
    `import './tls/loopback.ts';`,
    'src/net/a.ts:1: folder net may not import net/tls/loopback.ts (it serves tests only)',
  ],
  [
    'store/rules.ts',
    `import './sqlite/sqlite.ts';`,
    'src/store/rules.ts:1: folder store may not import store/sqlite (it may import store/port, mail, passport, sasl)',
  ],
  [
    'net/a.ts',
    `import fc from 'fast-check';`,
    'src/net/a.ts:1: folder net may not import fast-check (give the package a line in scripts/house.ts)',
  ],
  [
    'smtp/a.ts',
    `import { streamSSE } from 'hono/streaming';`,
    'src/smtp/a.ts:1: folder smtp may not import hono/streaming (it belongs to net)',
  ],
  [
    'sasl/a.ts',
    `import '@hono/node-server/x';`,
    'src/sasl/a.ts:1: folder sasl may not import @hono/node-server/x (it belongs to net)',
  ],
  [
    'smtp/a.ts',
    `const at = Date.now();`,
    'src/smtp/a.ts:1: folder smtp may not use Date.now (the folder is pure)',
  ],
  [
    'smtp/a.ts',
    `const now = Date['now'];`,
    'src/smtp/a.ts:1: folder smtp may not use Date.now (the folder is pure)',
  ],
  [
    'smtp/a.ts',
    `const at = globalThis.Date.now();`,
    'src/smtp/a.ts:1: folder smtp may not use Date.now (the folder is pure)',
  ],
  [
    'smtp/a.ts',
    `const { now } = Date;`,
    'src/smtp/a.ts:1: folder smtp may not use { … } = Date (the folder is pure)',
  ],
  ['smtp/a.ts', `const d = Date;`, 'src/smtp/a.ts:1: folder smtp may not use Date (the folder is pure)'],
  [
    'net/a.ts',
    `readFrom(process);`,
    'src/net/a.ts:1: folder net may not use process (the environment is read in app/config)',
  ],
  [
    'smtp/a.ts',
    `later(setTimeout, 5);`,
    'src/smtp/a.ts:1: folder smtp may not use setTimeout (the folder is pure)',
  ],
  [
    'webmail/a.tsx',
    `import { m } from '../jmap/mailbox.ts';\nexport const a = <p>It's</p>;`,
    'src/webmail/a.tsx:1: folder webmail may not import jmap (types only: say import type)',
  ],
  [
    'bytes/a.ts',
    `const at = new Date();`,
    'src/bytes/a.ts:1: folder bytes may not use new Date() (the folder is pure)',
  ],
  [
    'bytes/a.ts',
    `const at = +new Date;`,
    'src/bytes/a.ts:1: folder bytes may not use new Date() (the folder is pure)',
  ],
  [
    'mail/a.ts',
    `const id = Math.random();`,
    'src/mail/a.ts:1: folder mail may not use Math.random (the folder is pure)',
  ],
  [
    'mail/a.ts',
    `const id = crypto.randomUUID();`,
    'src/mail/a.ts:1: folder mail may not use crypto.randomUUID (the folder is pure)',
  ],
  [
    'smtp/a.ts',
    `setTimeout(() => 1, 5);`,
    'src/smtp/a.ts:1: folder smtp may not use setTimeout (the folder is pure)',
  ],
  [
    'smtp/a.ts',
    `const later = open ? setImmediate : null;`,
    'src/smtp/a.ts:1: folder smtp may not use setImmediate (the folder is pure)',
  ],
  [
    'smtp/a.ts',
    `process.nextTick(f);`,
    'src/smtp/a.ts:1: folder smtp may not use process.nextTick (the folder is pure)',
  ],
  ['smtp/a.ts', `await fetch(url);`, 'src/smtp/a.ts:1: folder smtp may not use fetch (the folder is pure)'],
  [
    'smtp/a.ts',
    `const a = b ? fetch(url) : c;`,
    'src/smtp/a.ts:1: folder smtp may not use fetch (the folder is pure)',
  ],
  [
    'imap/a.ts',
    `performance.now();`,
    'src/imap/a.ts:1: folder imap may not use performance.now (the folder is pure)',
  ],
  ['imap/a.ts', `console.log(1);`, 'src/imap/a.ts:1: folder imap may not use console (the folder is pure)'],
  [
    'net/a.ts',
    `const at = Date.now();`,
    'src/net/a.ts:1: folder net may not use Date.now (the clock is read in net/clock.ts)',
  ],
  [
    'cli/demo.ts',
    `performance.now();`,
    'src/cli/demo.ts:1: folder cli may not use performance.now (the clock is read in net/clock.ts)',
  ],
  [
    'cli/a.ts',
    `import { performance } from 'node:perf_hooks';`,
    'src/cli/a.ts:1: folder cli may not import node:perf_hooks (the clock is read in net/clock.ts)',
  ],
  [
    'store/sqlite/a.ts',
    `new Date();`,
    'src/store/sqlite/a.ts:1: folder store/sqlite may not use new Date() (the clock is read in net/clock.ts)',
  ],
  [
    'cli/a.ts',
    'const home = `${process.env.HOME}`;',
    'src/cli/a.ts:1: folder cli may not use process.env (the environment is read in app/config)',
  ],
  [
    'app/a.ts',
    `const { env } = process;`,
    'src/app/a.ts:1: folder app may not use process (the environment is read in app/config)',
  ],
  [
    'app/a.ts',
    `process['env'];`,
    'src/app/a.ts:1: folder app may not use process (the environment is read in app/config)',
  ],
  [
    'net/a.ts',
    `import { env } from 'node:process';`,
    'src/net/a.ts:1: folder net may not import node:process (the environment is read in app/config)',
  ],
  [
    'smtp/reply.ts',
    `import './session.ts';`,
    'src/smtp/reply.ts:1: circle of files: smtp/session.ts → smtp/reply.ts → smtp/session.ts (no circles)',
  ],
  [
    'smtp/reply.ts',
    `import type {} from './reply.ts';`,
    'src/smtp/reply.ts:1: circle of files: smtp/reply.ts → smtp/reply.ts (no circles)',
  ],
];

for (const [path, source, line] of broken) {
  test(`${path} with ${JSON.stringify(source)} breaks the house`, () => {
    assert.deepEqual(layerViolations(tree({ ...sound, [path]: source })), [line]);
  });
}

test('the program exits with 0 for a sound house, with 1 and the line for a broken one', () => {
  const run = (root: string): { status: number | null; stderr: string } =>
    spawnSync(process.execPath, [program, root], { encoding: 'utf8' });
  assert.deepEqual([run(tree(sound)).status, run(tree(sound)).stderr], [0, '']);
  const red = run(tree({ ...sound, 'smtp/a.ts': `import 'node:net';` }));
  assert.equal(red.status, 1);
  assert.match(
    red.stderr,
    /^src\/smtp\/a\.ts:1: folder smtp may not import node:net \(the folder is pure\)$/m,
  );
});

test('breaking one rule in a copy of the real sources is seen', () => {
  const root = join(folder, 'copy');
  cpSync(join(checkout, 'src'), join(root, 'src'), { recursive: true });
  const before = new Set(layerViolations(root));
  writeFileSync(
    join(root, 'src/sasl/intruder.ts'),
    `import type { Store } from '../store/port.ts';\nDate.now();\n`,
  );
  const added = layerViolations(root).filter((line) => !before.has(line));
  assert.deepEqual(added, [
    'src/sasl/intruder.ts:1: folder sasl may not import store/port (it may import bytes)',
    'src/sasl/intruder.ts:2: folder sasl may not use Date.now (the folder is pure)',
  ]);
});

test('arrows point up the table, so no circle of parts is possible', () => {
  const above = new Set<string>();
  for (const [name, { knows }] of parts) {
    for (const known of knows)
      assert.ok(above.has(known), `${name} knows ${known}, which does not stand above it`);
    above.add(name);
  }
});

test('the most particular part has a file', () => {
  const places = {
    'store/port.ts': 'store/port',
    'store/portal.ts': 'store',
    'store/sqlite/a/b.ts': 'store/sqlite',
    'queue/schedule.ts': 'queue/schedule',
    'queue/schedule.test.ts': 'queue/schedule',
    'queue/schedules.ts': 'queue',
    'app/config-x.ts': 'app/config',
    'app/configure.ts': 'app',
    'smtp.ts': null,
  };
  for (const [path, part] of Object.entries(places)) assert.equal(partOf(path), part, path);
});
