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
| 5000 | Five | yes | \`src/smtp/one.ts\` \`src/smtp/one.test.ts\` | |

| keyword | RFC | status | transcript |
| --- | --- | --- | --- |
| SIZE | 1000 | yes | \`src/smtp/transcripts/size.txt\` |
| \`X-THING\` | | partly | \`src/smtp/transcripts/size.txt\` |

| extension | status | where | notes |
| --- | --- | --- | --- |
| The Strange Thing | yes | \`src/smtp/two.ts\` \`src/smtp/one.test.ts\` | |
| The Rest | no | | |
`;

const sound: Readonly<Record<string, string>> = {
  'docs/STANDARDS.md': page,
  'src/smtp/one.ts': `// RFC 1000 section 4\n// Lenient: a bare space (nobody).\n// RFC 2000, RFC 5000`,
  'src/smtp/one.test.ts': `// RFC 5000 section 1, The Strange Thing`,
  'src/smtp/two.ts': `// Not yet: RFC 2000 section 9\n// Deviation: RFC 2000 section 1 is strange.`,
  'src/smtp/extensions.ts': `export const ehloKeywords = [{ keyword: 'SIZE', definedIn: 'RFC 1000 section 3' }, 'X-THING'];`,
  'src/smtp/transcripts/size.txt': `S: 220 SIZE\nC: EHLO X\nS: 250-host\nS: 250-SIZE 1000\nS: 250 X-THING`,
  'src/smtp/transcripts.test.ts': '',
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
  assert.match(
    quirks,
    /## Leniency\n\n- `src\/smtp\/one\.ts`: a bare space \(nobody\)\. RFC 2000, RFC 5000\n/,
  );
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
    {
      ...edited('3000 | Three | not yet | |', '3000 | Three | yes | `src/a.test.ts` |'),
      'src/a.test.ts': '// RFC 3000',
    },
    'docs/STANDARDS.md:7: RFC 3000 says yes, and no source cites it',
  ],
  [
    {
      ...edited('3000 | Three | not yet | |', '3000 | Three | partly | `src` |'),
      'src/a.test.ts': '// RFC 3000',
    },
    'docs/STANDARDS.md:7: RFC 3000 says partly, and no source cites it',
  ],
  [
    edited('One | yes | `src/smtp/one.ts`', 'One | yes | smtp'),
    'docs/STANDARDS.md:5: RFC 1000 says yes, and not where',
  ],
  [
    edited('One | yes | `src/smtp/one.ts`', 'One | yes | `src/one.ts`'),
    'docs/STANDARDS.md:5: RFC 1000 names src/one.ts, which is not there',
  ],
  [
    edited(' `src/smtp/one.test.ts` | |\n\n| keyword', ' | |\n\n| keyword'),
    'docs/STANDARDS.md:8: RFC 5000 says yes, and names no transcript and no test that shows it',
  ],
  [
    edited(' `src/smtp/one.test.ts` | |\n\n| keyword', ' `src/smtp/two.test.ts` | |\n\n| keyword'),
    'docs/STANDARDS.md:8: RFC 5000 names src/smtp/two.test.ts, which is not there',
  ],
  [
    { 'src/smtp/one.test.ts': `// RFC 50001, The Strange Thing` },
    'docs/STANDARDS.md:8: RFC 5000 names src/smtp/one.test.ts, which does not name it',
  ],
  [
    { 'src/smtp/one.test.ts': `// RFC 5000, Strange Thing` },
    'docs/STANDARDS.md:17: The Strange Thing names src/smtp/one.test.ts, which does not name it',
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
  [edited('| The Rest |', '| |'), 'docs/STANDARDS.md:18: an extension has a name'],
  [
    edited('Rest | no', 'Rest | perhaps'),
    'docs/STANDARDS.md:18: perhaps is no status (yes, partly, not yet, no)',
  ],
  [edited('Rest | no', 'Rest | partly'), 'docs/STANDARDS.md:18: The Rest says partly, and not where'],
  [edited('The Rest', 'The Strange Thing'), 'docs/STANDARDS.md:18: a second row for The Strange Thing'],
  [edited('| 3000 | Three', '| 1000 | Three'), 'docs/STANDARDS.md:7: a second row for RFC 1000'],
  [
    edited('| SIZE | 1000 | yes | `src/smtp/transcripts/size.txt` |\n', ''),
    'src/smtp/extensions.ts:1: EHLO keyword SIZE is announced, and docs/STANDARDS.md has no row for it',
  ],
  [
    { 'src/smtp/extensions.ts': `export const ehloKeywords = ['SIZE'];` },
    'docs/STANDARDS.md:13: EHLO keyword X-THING says partly, and src/smtp/extensions.ts does not announce it',
  ],
  [
    edited('1000 | yes | `src/smtp/transcripts/size.txt`', '1000 | not yet |'),
    'docs/STANDARDS.md:12: EHLO keyword SIZE is announced, and the row says not yet',
  ],
  [
    edited('SIZE | 1000', 'SIZE | 2000'),
    'docs/STANDARDS.md:12: EHLO keyword SIZE is of RFC 1000 in src/smtp/extensions.ts, and of another in the row',
  ],
  [
    edited('X-THING` | |', 'X-THING` | 4000 |'),
    'docs/STANDARDS.md:13: EHLO keyword X-THING: RFC 4000 has no row',
  ],
  [
    edited('X-THING` | |', 'X-THING` | 3000 |'),
    'docs/STANDARDS.md:13: EHLO keyword X-THING says partly, and RFC 3000 not yet',
  ],
  [
    edited('1000 | yes | `src/smtp/transcripts/size.txt`', '1000 | yes |'),
    'docs/STANDARDS.md:12: EHLO keyword SIZE says yes, and names no transcript',
  ],
  [
    edited('| partly | `src/smtp/transcripts/size.txt`', '| partly |'),
    'docs/STANDARDS.md:13: EHLO keyword X-THING says partly, and names no transcript',
  ],
  [
    edited('| partly | `src/smtp/transcripts/size.txt`', '| partly | `src/smtp/transcripts/thing.txt`'),
    'docs/STANDARDS.md:13: EHLO keyword X-THING names src/smtp/transcripts/thing.txt, which is not there',
  ],
  [
    edited('| partly | `src/smtp/transcripts/size.txt`', '| partly | `src/smtp/one.ts`'),
    'docs/STANDARDS.md:13: EHLO keyword X-THING names src/smtp/one.ts, which no src/smtp.test.ts plays',
  ],
  [
    { 'src/smtp/transcripts/size.txt': 'S: 220 SIZE\nC: EHLO SIZE\nS: 250-SIZES\nS: 250 X-THING' },
    'docs/STANDARDS.md:12: EHLO keyword SIZE names src/smtp/transcripts/size.txt, in which the server does not announce it',
  ],
  [
    {
      'src/imap/capabilities.ts': `export const imapCapabilities = ['IDLE'];`,
      'src/imap/transcripts/idle.txt': 'C: IDLE\nS: * CAPABILITY IMAP4rev2 [NO-IDLE]',
      'src/imap/transcripts.test.ts': '',
      'docs/STANDARDS.md': `${page}\n| capability | RFC | status | transcript |\n| --- |\n| IDLE | | yes | \`src/imap/transcripts/idle.txt\` |\n`,
    },
    'docs/STANDARDS.md:22: IMAP capability IDLE names src/imap/transcripts/idle.txt, in which the server does not announce it',
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
        !/: [\w -]+: RFC \d+ has no row$/.test(one) &&
        !/(?:names no transcript and no test that shows it|extensions\.ts does not announce it)$/.test(one),
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
