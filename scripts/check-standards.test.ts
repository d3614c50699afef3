import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { standardsViolations, writeQuirks } from './check-standards.ts';

const program = fileURLToPath(new URL('./check-standards.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'letterlock-standards-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const page = `# Standards

| RFC | title | status | where | notes |
| --- | --- | --- | --- | --- |
| 1000 | One | yes | \`src/smtp/one.ts\` | |
| 2000 | Two | partly | \`src/smtp\` | half of it |
| 3000 | Three | not yet | | |

| keyword | RFC | status | transcript |
| --- | --- | --- | --- |
| SIZE | 1000 | yes | \`src/smtp/size.txt\` |
| \`XTHING\` | | partly | |
`;

const sound: Readonly<Record<string, string>> = {
  'docs/STANDARDS.md': page,
  'src/smtp/one.ts': `// RFC 1000 section 4\n// Lenient: a bare space (nobody).\n// RFC 2000`,
  'src/smtp/two.ts': `// Not yet: RFC 2000 section 9\n// Deviation: RFC 2000 section 1 is strange.`,
  'src/smtp/extensions.ts': `export const ehloKeywords = [{ keyword: 'SIZE', definedIn: 'RFC 1000 section 3' }, 'XTHING'];`,
  'src/smtp/size.txt': '',
};

let trees = 0;

function tree(files: Readonly<Record<string, string>>): string {
  trees += 1;
  const root = join(folder, String(trees));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  if (files['docs/QUIRKS.md'] === undefined) writeQuirks(root);
  return root;
}

test('sound claims have no violation', async () => {
  assert.deepEqual(await standardsViolations(tree(sound)), []);
});

test('the quirks are written from the comments', () => {
  const quirks = readFileSync(join(tree(sound), 'docs/QUIRKS.md'), 'utf8');
  assert.match(quirks, /## Deviations\n\n- `src\/smtp\/two\.ts`: RFC 2000 section 1 is strange\.\n/);
  assert.match(quirks, /## Leniency\n\n- `src\/smtp\/one\.ts`: a bare space \(nobody\)\. RFC 2000\n/);
});

const edited = (from: string, to: string): Record<string, string> => {
  assert.ok(page.includes(from));
  return { 'docs/STANDARDS.md': page.replace(from, to) };
};

/** What is changed in the sound tree, and the one line that must come of it. */
const broken: readonly (readonly [Record<string, string>, string])[] = [
  [
    { 'src/a.ts': '\n// RFC 4000 section 1' },
    'src/a.ts:2: RFC 4000 is cited, and docs/STANDARDS.md has no row for it',
  ],
  [
    { 'src/a.test.ts': '// RFC 4000' },
    'src/a.test.ts:1: RFC 4000 is cited, and docs/STANDARDS.md has no row for it',
  ],
  [
    edited('3000 | Three | not yet | |', '3000 | Three | yes | `src` |'),
    'docs/STANDARDS.md:7: RFC 3000 says yes, and no source cites it',
  ],
  [
    {
      ...edited('3000 | Three | not yet | |', '3000 | Three | partly | `src` |'),
      'src/a.test.ts': '// RFC 3000',
    },
    'docs/STANDARDS.md:7: RFC 3000 says partly, and no source cites it',
  ],
  [edited('`src/smtp/one.ts`', 'smtp'), 'docs/STANDARDS.md:5: RFC 1000 says yes, and not where'],
  [
    edited('`src/smtp/one.ts`', '`src/one.ts`'),
    'docs/STANDARDS.md:5: RFC 1000 names src/one.ts, which is not there',
  ],
  [
    edited('Two | partly', 'Two | yes'),
    'docs/STANDARDS.md:6: RFC 2000 says yes, and src/smtp/two.ts:1 says not yet',
  ],
  [
    edited('Two | partly', 'Two | perhaps'),
    'docs/STANDARDS.md:6: perhaps is no status (yes, partly, not yet, no)',
  ],
  [edited('3000 | Three', 'RFC 3000 | Three'), 'docs/STANDARDS.md:7: RFC 3000 is no RFC number'],
  [edited('| Three |', '|'), 'docs/STANDARDS.md:7: 4 cells, and not 5'],
  [edited('| 3000 | Three', '| 1000 | Three'), 'docs/STANDARDS.md:7: a second row for RFC 1000'],
  [
    edited('| SIZE', '| SIZES'),
    'src/smtp/extensions.ts:1: EHLO keyword SIZE is announced, and docs/STANDARDS.md has no row for it',
  ],
  [
    edited('1000 | yes | `src/smtp/size.txt`', '1000 | not yet |'),
    'docs/STANDARDS.md:11: EHLO keyword SIZE is announced, and the row says not yet',
  ],
  [
    edited('SIZE | 1000', 'SIZE | 2000'),
    'docs/STANDARDS.md:11: EHLO keyword SIZE is of RFC 1000 in src/smtp/extensions.ts, and of another in the row',
  ],
  [edited('| `XTHING` | |', '| `XTHING` | 4000 |'), 'docs/STANDARDS.md:12: XTHING: RFC 4000 has no row'],
  [
    edited('size.txt', 'sizes.txt'),
    'docs/STANDARDS.md:11: SIZE names src/smtp/sizes.txt, which is not there',
  ],
  [
    { 'src/smtp/extensions.ts': 'export const keywords = [];' },
    'src/smtp/extensions.ts:1: it exports no list ehloKeywords',
  ],
  [
    { 'src/smtp/extensions.ts': 'export const ehloKeywords = [1];' },
    'src/smtp/extensions.ts:1: ehloKeywords holds something without a keyword',
  ],
  [
    { 'src/imap/capabilities.ts': `export const imapCapabilities = ['IDLE'];` },
    'src/imap/capabilities.ts:1: IMAP capability IDLE is announced, and docs/STANDARDS.md has no row for it',
  ],
  [{ 'docs/QUIRKS.md': '# Quirks\n' }, 'docs/QUIRKS.md:1: out of date (make standards writes it)'],
];

for (const [change, line] of broken) {
  test(`is seen: ${line}`, async () => {
    const found = await standardsViolations(tree({ ...sound, ...change }));
    assert.ok(found.includes(line), found.join('\n'));
    const follow = found.filter(
      (one) =>
        one !== line &&
        !/: RFC \d+ (?:is cited, and docs|has no row)/.test(one) &&
        !/: \w+: RFC \d+ has no row$/.test(one),
    );
    assert.deepEqual(follow, []);
  });
}

test('the program exits with 1 until --write has written the quirks', () => {
  const root = tree({ ...sound, 'docs/QUIRKS.md': '' });
  const run = (...args: string[]): [number | null, string] => {
    const { status, stderr } = spawnSync(process.execPath, [program, ...args, root], { encoding: 'utf8' });
    return [status, stderr];
  };
  assert.deepEqual(run(), [1, 'docs/QUIRKS.md:1: out of date (make standards writes it)\n']);
  assert.deepEqual(run('--write'), [0, '']);
  assert.deepEqual(run(), [0, '']);
});
