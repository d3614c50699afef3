import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { packageHomes, parts } from './house.ts';

const checkout = join(dirname(fileURLToPath(import.meta.url)), '..');
const page = readFileSync(join(checkout, 'docs/ARCHITECTURE.md'), 'utf8');
const about = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));

test('every dependency stands in docs/ARCHITECTURE.md with its reason', () => {
  for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies']) {
    for (const name of Object.keys(about[kind])) assert.ok(page.includes(`\`${name}\``), name);
  }
});

test('every dependency has a part that it serves', () => {
  for (const name of Object.keys(about.dependencies)) assert.ok(packageHomes.has(name), name);
});

test('every version is pinned', () => {
  const versions = { ...about.dependencies, ...about.devDependencies, ...about.optionalDependencies };
  for (const [name, version] of Object.entries(versions))
    assert.match(String(version), /^\d+\.\d+\.\d+[\w.-]*$/, name);
});

test('every part stands in docs/ARCHITECTURE.md', () => {
  for (const name of parts.keys()) assert.ok(page.includes(name.split('/')[0] ?? name), name);
});
