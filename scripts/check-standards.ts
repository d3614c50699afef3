/**
 * Holds the claims of `docs/STANDARDS.md` to the sources, their tests and their transcripts, and `docs/QUIRKS.md` to the
 * `Deviation:` and `Lenient:` comments. Prints one line for each claim that does not hold and then exits with status 1.
 *
 *     node scripts/check-standards.ts [--write] [folder of the checkout]
 *
 * With `--write` it writes `docs/QUIRKS.md` anew instead of finding it out of date.
 */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import { type Citation, citations, type Remark, remarks } from './source-claims.ts';
import { sourceTokens } from './source-tokens.ts';
import { unproved, unshown, type Shown } from './standards-proof.ts';
import {
  type AnnouncedRow,
  isClaimed,
  readStandards,
  type RfcRow,
  type Standards,
} from './standards-table.ts';

/** What one source says about standards. `path` is relative to the checkout. */
type Claims = {
  readonly path: string;
  readonly test: boolean;
  readonly citations: readonly Citation[];
  readonly remarks: readonly Remark[];
};

const standardsPath = 'docs/STANDARDS.md';
const quirksPath = 'docs/QUIRKS.md';

/** Where the words that a server announces are exported, the tables that must have a row for each, and how they are said. */
const announcements = [
  {
    file: 'src/smtp/extensions.ts',
    name: 'ehloKeywords',
    what: 'EHLO keyword',
    rows: 'ehloKeywords',
    announces: (line: string) => (/^S: 250[- ]/.test(line) ? line.slice('S: 250-'.length).split(' ', 1) : []),
  },
  {
    file: 'src/imap/capabilities.ts',
    name: 'imapCapabilities',
    what: 'IMAP capability',
    rows: 'imapCapabilities',
    // Behind `=` there may be what is different from server to server.
    announces: (line: string) =>
      /^S: .*\bCAPABILITY /.test(line)
        ? line.split(/[\s[\]]+/).flatMap((word) => [word, word.replace(/=.*/, '')])
        : [],
  },
  {
    file: 'src/pop3/capabilities.ts',
    name: 'pop3Capabilities',
    what: 'POP3 capability',
    rows: 'pop3Capabilities',
    // A line of the list that CAPA answers with; all other lines begin with the status of a reply.
    announces: (line: string) => (/^S: [A-Z]/.test(line) ? line.slice('S: '.length).split(' ', 1) : []),
  },
] as const;

/** Everything under `root` that does not hold, as `file:line: why`. */
export async function standardsViolations(root: string): Promise<string[]> {
  const sources = readClaims(root);
  const standards = readStandards(readIfThere(join(root, standardsPath)));
  const violations = standards.mistakes.map(({ line, why }) => `${standardsPath}:${line}: ${why}`);
  const complain = (line: number, why: string): unknown =>
    violations.push(`${standardsPath}:${line}: ${why}`);
  violations.push(...uncovered(sources, standards.rfcs));
  for (const row of standards.rfcs) {
    const what = `RFC ${row.rfc}`;
    const shown: Shown = { by: transcriptsOf(standards, row.rfc), name: what };
    for (const why of [...uncited(row, sources), ...unproved(root, row, shown)])
      complain(row.line, `${what} ${why}`);
  }
  for (const row of standards.extensions) {
    for (const why of unproved(root, row, { by: [], name: row.extension }))
      complain(row.line, `${row.extension} ${why}`);
  }
  violations.push(...twice(standards));
  for (const { file, name, what, rows, announces } of announcements) {
    violations.push(...(await unlisted(root, file, name, what, standards[rows])));
    for (const row of standards[rows]) {
      for (const why of unshown(root, row, announces)) complain(row.line, `${what} ${row.word} ${why}`);
      const defined = standards.rfcs.find(({ rfc }) => rfc === row.rfc);
      if (row.rfc !== null && defined === undefined)
        complain(row.line, `${what} ${row.word}: RFC ${row.rfc} has no row`);
      if (isClaimed(row) && defined !== undefined && !isClaimed(defined))
        complain(row.line, `${what} ${row.word} says ${row.status}, and RFC ${row.rfc} ${defined.status}`);
    }
  }
  if (readIfThere(join(root, quirksPath)) !== quirksText(sources)) {
    violations.push(`${quirksPath}:1: out of date (make standards writes it)`);
  }
  return violations;
}

/** Writes `docs/QUIRKS.md` from the comments of the sources. */
export function writeQuirks(root: string): void {
  writeFileSync(join(root, quirksPath), quirksText(readClaims(root)));
}

function readClaims(root: string): Claims[] {
  const paths = globSync('src/**/*.{ts,tsx,txt,sql}', { cwd: root }).toSorted();
  return paths.map((path) => {
    const source = readFileSync(join(root, path), 'utf8');
    const tokens = path.endsWith('.ts') ? sourceTokens(source) : [];
    const test = !/\.(?:ts|tsx|sql)$/.test(path) || /\.test\.tsx?$/.test(path);
    return { path, test, citations: citations(source), remarks: remarks(tokens) };
  });
}

/** Cited RFCs without a row, each once, at the first place that cites it. */
function uncovered(sources: readonly Claims[], rows: readonly RfcRow[]): string[] {
  const known = new Set(rows.map((row) => row.rfc));
  const found: string[] = [];
  for (const source of sources) {
    for (const { rfc, line } of source.citations) {
      if (known.has(rfc)) continue;
      known.add(rfc);
      found.push(`${source.path}:${line}: RFC ${rfc} is cited, and ${standardsPath} has no row for it`);
    }
  }
  return found;
}

/** What a row claims of the code, and the sources do not bear out. */
function uncited(row: RfcRow, sources: readonly Claims[]): string[] {
  const cites = (source: Claims): boolean =>
    !source.test && source.citations.some(({ rfc }) => rfc === row.rfc);
  if (!isClaimed(row)) return [];
  const found = sources.some(cites) ? [] : [`says ${row.status}, and no source cites it`];
  if (row.status !== 'yes') return found;
  for (const source of sources) {
    const late = source.remarks.find(
      ({ kind, text }) => kind === 'Not yet' && citations(text)[0]?.rfc === row.rfc,
    );
    if (late !== undefined) found.push(`says yes, and ${source.path}:${late.line} says not yet`);
  }
  return found;
}

/** The transcripts of the announced words that an RFC defines: they show the RFC as well. */
const transcriptsOf = (
  { ehloKeywords, imapCapabilities, pop3Capabilities }: Standards,
  rfc: number,
): readonly string[] =>
  [...ehloKeywords, ...imapCapabilities, ...pop3Capabilities].flatMap((row) =>
    row.rfc === rfc && row.transcript !== null ? [row.transcript] : [],
  );

/** Rows that stand there twice: one of them would be believed, nobody knows which. */
function twice(standards: Standards): string[] {
  const seen = new Set<string>();
  const rows = [
    ...standards.rfcs.map((row) => ({ word: `RFC ${row.rfc}`, line: row.line })),
    ...standards.ehloKeywords.map(({ word, line }) => ({ word: `EHLO keyword ${word}`, line })),
    ...standards.imapCapabilities.map(({ word, line }) => ({ word: `IMAP capability ${word}`, line })),
    ...standards.pop3Capabilities.map(({ word, line }) => ({ word: `POP3 capability ${word}`, line })),
    ...standards.extensions.map(({ extension, line }) => ({ word: extension, line })),
  ];
  return rows.flatMap(({ word, line }) => {
    if (seen.has(word)) return [`${standardsPath}:${line}: a second row for ${word}`];
    seen.add(word);
    return [];
  });
}

/** What the server announces and the table does not have, or has as something that is not there. */
async function unlisted(
  root: string,
  file: string,
  name: string,
  what: string,
  rows: readonly AnnouncedRow[],
): Promise<string[]> {
  if (!existsSync(join(root, file))) return [];
  const module: Record<string, unknown> = await import(pathToFileURL(join(root, file)).href);
  const list = module[name];
  if (!Array.isArray(list)) return [`${file}:1: it exports no list ${name}`];
  const words = new Set(list.map((entry: unknown) => announced(entry).word));
  const silent = rows.filter((row) => isClaimed(row) && !words.has(row.word));
  const unsaid = silent.map(
    ({ word, status, line }) =>
      `${standardsPath}:${line}: ${what} ${word} says ${status}, and ${file} does not announce it`,
  );
  const wrong = list.flatMap((entry: unknown) => {
    const { word, rfc } = announced(entry);
    if (word === null) return [`${file}:1: ${name} holds something without a keyword`];
    const row = rows.find((one) => one.word === word);
    if (row === undefined)
      return [`${file}:1: ${what} ${word} is announced, and ${standardsPath} has no row for it`];
    const at = `${standardsPath}:${row.line}: ${what} ${word}`;
    if (row.status === 'not yet' || row.status === 'no')
      return [`${at} is announced, and the row says ${row.status}`];
    return rfc === row.rfc || rfc === null
      ? []
      : [`${at} is of RFC ${rfc} in ${file}, and of another in the row`];
  });
  return [...unsaid, ...wrong];
}

/** An entry of a list of announced words: the word itself, or an object with it and the RFC that defines it. */
function announced(entry: unknown): { word: string | null; rfc: number | null } {
  if (typeof entry === 'string') return { word: entry, rfc: null };
  if (typeof entry !== 'object' || entry === null) return { word: null, rfc: null };
  const fields = new Map<string, unknown>(Object.entries(entry));
  const word = fields.get('keyword') ?? fields.get('capability');
  const source = fields.get('definedIn') ?? fields.get('rfc');
  const rfc =
    typeof source === 'number' ? source : typeof source === 'string' ? citations(source)[0]?.rfc : null;
  return { word: typeof word === 'string' ? word : null, rfc: rfc ?? null };
}

function quirksText(sources: readonly Claims[]): string {
  const section = (kind: Remark['kind'], title: string, none: string): string => {
    const lines = sources.flatMap((source) =>
      source.remarks
        .filter((remark) => remark.kind === kind)
        .map((remark) => `- \`${source.path}\`: ${remark.text}`),
    );
    return `## ${title}\n\n${lines.length === 0 ? none : lines.join('\n')}\n`;
  };
  return [
    '# Quirks\n',
    'Where Letterlock differs from a standard, and where it takes more than a standard allows. `make standards` writes this\npage from the `Deviation:` and `Lenient:` comments of the sources; change those.\n',
    section('Deviation', 'Deviations', 'None.'),
    section('Lenient', 'Leniency', 'None.'),
  ].join('\n');
}

const readIfThere = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { write: { type: 'boolean' } },
  });
  const root = resolve(positionals[0] ?? join(dirname(fileURLToPath(import.meta.url)), '..'));
  if (!existsSync(join(root, 'src'))) throw new Error(`${join(root, 'src')} is not there`);
  if (values.write === true) writeQuirks(root);
  const violations = await standardsViolations(root);
  for (const violation of violations) console.error(violation);
  if (violations.length > 0) process.exitCode = 1;
}

if (import.meta.main) await main();
