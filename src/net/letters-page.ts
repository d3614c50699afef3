import type { LetterId, Uid } from '../store/port.ts';

/** Which letters of a mailbox are asked for. */
export type LettersPage = { readonly count: number; readonly before: Uid | null };

/** How many letters a page has by itself, and at the most. */
const defaultCount = 20;
const mostCount = 100;

/** Reads `count` and `before` of a query; a sentence for the client where one is wrong. */
export function parsePage(query: URLSearchParams): LettersPage | { readonly wrong: string } {
  const counts = query.getAll('count');
  const befores = query.getAll('before');
  if (counts.length > 1 || befores.length > 1) return { wrong: 'count and before may be given once each.' };
  const count = counts[0] === undefined ? defaultCount : parseCount(counts[0]);
  if (count === null) return { wrong: `count must be a whole number from 1 to ${mostCount}.` };
  const before = befores[0] === undefined ? null : parseCursor(befores[0]);
  if (befores[0] !== undefined && before === null) {
    return { wrong: 'before must be a cursor that this server gave with an earlier page.' };
  }
  return { count, before };
}

/** The query of a page. The reverse of `parsePage`. */
export function formatPage({ count, before }: LettersPage): string {
  return before === null ? `count=${count}` : `count=${count}&before=${formatCursor(before)}`;
}

/** The number of a letter as it stands in a path; null for what is none. */
export function parseLetterId(text: string): LetterId | null {
  const id = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(id) ? (id as LetterId) : null;
}

function parseCount(text: string): number | null {
  const count = /^[1-9]\d{0,2}$/.test(text) ? Number(text) : 0;
  return count >= 1 && count <= mostCount ? count : null;
}

const cursorMark = 'uid ';
/** RFC 9051 section 9, nz-number. */
const mostUid = 0xffff_ffff;

/** Opaque to clients, so that what it says may change. */
function formatCursor(before: Uid): string {
  return Buffer.from(`${cursorMark}${before}`).toString('base64url');
}

function parseCursor(text: string): Uid | null {
  const plain = text.length > 64 ? '' : Buffer.from(text, 'base64url').toString('latin1');
  if (!plain.startsWith(cursorMark)) return null;
  const number = parseLetterId(plain.slice(cursorMark.length));
  const before = number === null || number > mostUid ? null : (number as number as Uid);
  // Node's decoder takes several spellings of the same octets; there is one cursor for each place.
  return before !== null && formatCursor(before) === text ? before : null;
}
