import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { type AnnouncedRow, isClaimed, type ExtensionRow, type RfcRow } from './standards-table.ts';

/** What shows that a row is true besides the places that it names itself, and the name that a proof must have in it. */
export type Shown = { readonly by: readonly string[]; readonly name: string };

/**
 * What a row of a standard claims and its places do not bear out. A row that says yes names, beside the sources, a
 * transcript or a test that names the standard in its turn; the transcript of a word that it defines will do.
 */
export function unproved(root: string, row: RfcRow | ExtensionRow, { by, name }: Shown): string[] {
  if (!isClaimed(row)) return [];
  const places = [...row.where.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
  if (places.length === 0) return [`says ${row.status}, and not where`];
  const missing = places.filter((place) => !existsSync(join(root, place)));
  const found = missing.map((place) => `names ${place}, which is not there`);
  if (row.status !== 'yes' || by.length > 0) return found;
  const proofs = places.filter(isProof);
  if (proofs.length === 0) return [...found, 'says yes, and names no transcript and no test that shows it'];
  const silent = proofs.filter(
    (place) => !missing.includes(place) && !mentions(readFileSync(join(root, place), 'utf8'), name),
  );
  return [...found, ...silent.map((place) => `names ${place}, which does not name it`)];
}

/**
 * What the row of an announced word claims and its transcript does not bear out: there must be one, a test must play it,
 * and the server must announce the word in it. `announces` gives the words that a line of a transcript announces.
 */
export function unshown(
  root: string,
  row: AnnouncedRow,
  announces: (line: string) => readonly string[],
): string[] {
  if (!isClaimed(row)) return [];
  const { transcript, status, word } = row;
  if (transcript === null) return [`says ${status}, and names no transcript`];
  if (!existsSync(join(root, transcript))) return [`names ${transcript}, which is not there`];
  const folder = dirname(transcript);
  if (!isTranscript(transcript) || !existsSync(join(root, `${folder}.test.ts`)))
    return [`names ${transcript}, which no ${folder}.test.ts plays`];
  const lines = readFileSync(join(root, transcript), 'utf8').split('\n');
  return lines.some((line) => announces(line).includes(word))
    ? []
    : [`names ${transcript}, in which the server does not announce it`];
}

const isTranscript = (path: string): boolean => /(?:^|\/)transcripts\/[^/]+\.txt$/.test(path);
const isProof = (path: string): boolean => isTranscript(path) || /\.test\.tsx?$/.test(path);

/** Whether `name` stands in `text` as a word of its own: RFC 822 is not named by RFC 8221. */
function mentions(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + 1)) {
    if (!/\w/.test(text.charAt(at - 1)) && !/\w/.test(text.charAt(at + name.length))) return true;
  }
  return false;
}
