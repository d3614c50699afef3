import type { LetterFilter, LetterId, MailboxId } from '../port.ts';
import { queryTokens } from '../words.ts';
import { FLAG_BITS } from './keyword-columns.ts';
import type { Roll } from './roll.ts';

/** The columns of the index, by the fields that are searched. */
export const WORD_COLUMNS: ReadonlyMap<WordField, string> = new Map([
  ['subject', 'subject'],
  ['from', 'sender'],
  ['to', 'recipient'],
  ['cc', 'cc'],
  ['bcc', 'bcc'],
  ['body', 'body'],
  ['attachment', 'attachment'],
]);

type WordField = Exclude<(LetterFilter & { where: 'words' })['field'], 'anywhere'>;

/** What is searched: the places in one mailbox, or the letters of all, each by its first place; in the order of the letters. */
export type Candidates = {
  readonly roll: Roll;
  readonly mailbox: MailboxId | null;
  readonly rows: Uint32Array;
};

/** The letters that have the words of an FTS5 query, lowest first. */
export type LookUp = (match: string) => readonly number[];

/** Which candidates there are. */
export const candidatesOf = (roll: Roll, mailbox: MailboxId | null): Candidates => {
  const { letter, mailbox: mailboxes } = roll.columns;
  const rows = new Uint32Array(roll.size);
  let count = 0;
  for (let row = 0; row < roll.size; row++)
    if (mailbox === null ? row === 0 || letter[row] !== letter[row - 1] : mailboxes[row] === mailbox)
      rows[count++] = row;
  return { roll, mailbox, rows: rows.subarray(0, count) };
};

/** A 1 for each candidate that passes, a 0 for each that does not. */
export const passing = (candidates: Candidates, filter: LetterFilter, lookUp: LookUp): Uint8Array => {
  const { roll, rows } = candidates;
  const { columns } = roll;
  const each = (passes: (row: number) => boolean): Uint8Array => marked(rows, passes);
  switch (filter.where) {
    case 'every':
      return every(
        filter.of.map((part) => passing(candidates, part, lookUp)),
        rows.length,
      );
    case 'any':
      return any(
        filter.of.map((part) => passing(candidates, part, lookUp)),
        rows.length,
      );
    case 'none':
      return any(
        filter.of.map((part) => passing(candidates, part, lookUp)),
        rows.length,
      ).map((bit) => 1 - bit);
    case 'words':
      return withWords(candidates, matchOf(filter), lookUp);
    case 'mailbox':
      return each((row) => roll.find((columns.letter[row] ?? 0) as LetterId, filter.mailbox) !== -1);
    case 'uids': {
      const uids = new Set<number>(candidates.mailbox === null ? [] : filter.uids);
      return each((row) => uids.has(columns.uid[row] ?? 0));
    }
    case 'letters': {
      const letters = new Set<number>(filter.letters);
      return each((row) => letters.has(columns.letter[row] ?? 0));
    }
    case 'thread':
      return each((row) => columns.thread[row] === filter.thread);
    case 'keyword':
      return eachPlace(candidates, hasKeyword(roll, filter.keyword));
    case 'changed-since': {
      const since = Number(filter.modSeq);
      return eachPlace(candidates, (row) => (columns.modSeq[row] ?? 0) > since);
    }
    case 'received':
    case 'saved':
    case 'sent': {
      const timeOf = valueOf(candidates, filter.where);
      const { from = -Infinity, before = Infinity } = filter;
      return each((row) => timeOf(row) >= from && timeOf(row) < before);
    }
    case 'size': {
      const { least = 0, most = Infinity } = filter;
      const { servedBytes } = columns;
      return each((row) => (servedBytes[row] ?? 0) >= least && (servedBytes[row] ?? 0) <= most);
    }
  }
};

const marked = (rows: Uint32Array, passes: (row: number) => boolean): Uint8Array => {
  const mask = new Uint8Array(rows.length);
  for (let at = 0; at < rows.length; at++) if (passes(rows[at] ?? 0)) mask[at] = 1;
  return mask;
};

const every = (masks: readonly Uint8Array[], size: number): Uint8Array => {
  const all = new Uint8Array(size).fill(1);
  for (const mask of masks) for (let at = 0; at < size; at++) all[at] = (all[at] ?? 0) & (mask[at] ?? 0);
  return all;
};

const any = (masks: readonly Uint8Array[], size: number): Uint8Array => {
  const all = new Uint8Array(size);
  for (const mask of masks) for (let at = 0; at < size; at++) all[at] = (all[at] ?? 0) | (mask[at] ?? 0);
  return all;
};

/** Where the whole account is searched, one of the letter's places is enough. */
const eachPlace = ({ roll, mailbox, rows }: Candidates, passes: (row: number) => boolean): Uint8Array => {
  if (mailbox !== null) return marked(rows, passes);
  return marked(rows, (first) => {
    const end = roll.end(first);
    for (let row = first; row < end; row++) if (passes(row)) return true;
    return false;
  });
};

const hasKeyword = ({ columns, keywordTexts }: Roll, keyword: string): ((row: number) => boolean) => {
  const bit = FLAG_BITS.get(keyword);
  if (bit !== undefined) return (row) => ((columns.flags[row] ?? 0) & bit) !== 0;
  const having = Uint8Array.from(keywordTexts, (text) => (text.split(' ').includes(keyword) ? 1 : 0));
  return keyword === '' ? () => false : (row) => having[columns.keywords[row] ?? 0] === 1;
};

/** What a candidate is sorted by or compared with, of those that are numbers. */
export type Valued = 'received' | 'saved' | 'sent' | 'size' | 'uid';

/** Gives a candidate's value. It was saved when it first came to where it is searched. */
export const valueOf = ({ roll, mailbox }: Candidates, by: Valued): ((row: number) => number) => {
  const { receivedAt, savedAt, sentAt, servedBytes, uid } = roll.columns;
  switch (by) {
    case 'received':
      return (row) => receivedAt[row] ?? 0;
    case 'saved':
      if (mailbox !== null) return (row) => savedAt[row] ?? 0;
      return (first) => savedAt.subarray(first, roll.end(first)).reduce((one, other) => Math.min(one, other));
    case 'sent':
      return (row) => sentAt[row] ?? 0;
    case 'size':
      return (row) => servedBytes[row] ?? 0;
    case 'uid':
      return mailbox === null ? () => 0 : (row) => uid[row] ?? 0;
  }
};

const withWords = ({ roll, rows }: Candidates, match: string | null, lookUp: LookUp): Uint8Array => {
  if (match === null) return new Uint8Array(rows.length).fill(1);
  const { letter } = roll.columns;
  const mask = new Uint8Array(rows.length);
  let at = 0;
  for (const hit of lookUp(match)) {
    while (at < rows.length && (letter[rows[at] ?? 0] ?? 0) < hit) at++;
    if (at < rows.length && letter[rows[at] ?? 0] === hit) mask[at] = 1;
  }
  return mask;
};

/** What FTS5 is asked; null where every letter has the words. */
const matchOf = ({ field, words }: LetterFilter & { where: 'words' }): string | null => {
  const tokens = queryTokens(words);
  if (tokens.length === 0) return null;
  const column = field === 'anywhere' ? '' : `${WORD_COLUMNS.get(field)} : `;
  // Tokens are letters and digits: nothing in them ends the string or is FTS5's own.
  return `${column}"${tokens.join(' ')}" *`;
};

/** Whether words are looked for. */
export const looksForWords = (filter: LetterFilter | null): boolean => {
  if (filter === null) return false;
  if ('of' in filter) return filter.of.some(looksForWords);
  return filter.where === 'words' && queryTokens(filter.words).length > 0;
};

/** Whether the letters' own dates are compared. */
export const looksAtSent = (filter: LetterFilter | null): boolean => {
  if (filter === null) return false;
  return 'of' in filter ? filter.of.some(looksAtSent) : filter.where === 'sent';
};
