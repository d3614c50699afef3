import type { LetterFilter, MailboxId, SearchField, SearchSort } from '../port.ts';
import { queryTokens } from '../words.ts';
import { FLAG_BITS } from './keyword-columns.ts';

/** A piece of SQL with what is bound to it, in order. */
export type Sql = { readonly text: string; readonly values: readonly (string | number | bigint)[] };

const sql = (text: string, ...values: Sql['values']): Sql => ({ text, values });

/** The pieces one after the other, with `between` between them. */
export const joined = (pieces: readonly Sql[], between: string): Sql => ({
  text: pieces.map(({ text }) => text).join(between),
  values: pieces.flatMap(({ values }) => values),
});

/** The columns of the index, by the fields that are searched. */
export const WORD_COLUMNS: ReadonlyMap<Exclude<SearchField, 'anywhere'>, string> = new Map([
  ['subject', 'subject'],
  ['from', 'sender'],
  ['to', 'recipient'],
  ['cc', 'cc'],
  ['bcc', 'bcc'],
  ['body', 'body'],
  ['attachment', 'attachment'],
]);

/** What is searched: the places in one mailbox, each letter's one place, or what the places of a letter come to together. */
export type Searched = 'mailbox' | 'single' | 'shared';

/**
 * The filter as a condition on `c`, which has the columns of `placement` (together, where a letter has several places), and `l`,
 * which is the letter; `mailbox` is the one that is searched.
 */
export const conditionOf = (filter: LetterFilter, searched: Searched, account: number): Sql => {
  switch (filter.where) {
    case 'every':
      return every(filter.of.map((each) => conditionOf(each, searched, account)));
    case 'any':
      return any(filter.of.map((each) => conditionOf(each, searched, account)));
    case 'none': {
      const { text, values } = any(filter.of.map((each) => conditionOf(each, searched, account)));
      return { text: `NOT ${text}`, values };
    }
    case 'words':
      return hasWords(filter.field, filter.words);
    case 'mailbox':
      return isIn(filter.mailbox, searched, account);
    case 'uids':
      return searched === 'mailbox' ? among('c.uid', filter.uids) : NEVER;
    case 'letters':
      return among('c.letter', filter.letters);
    case 'thread':
      return sql('c.thread = ?', filter.thread);
    case 'keyword':
      return hasKeyword(filter.keyword);
    case 'received':
    case 'saved':
    case 'sent':
      return between(TIMES[filter.where], filter.from, filter.before);
    case 'size':
      return every([
        ...(filter.least === undefined ? [] : [sql('c.served_bytes >= ?', filter.least)]),
        ...(filter.most === undefined ? [] : [sql('c.served_bytes <= ?', filter.most)]),
      ]);
    case 'changed-since':
      return sql('c.mod_seq > ?', filter.modSeq);
  }
};

const ALWAYS = sql('1');
const NEVER = sql('0');

const every = (conditions: readonly Sql[]): Sql => together(conditions, 'AND') ?? ALWAYS;

const any = (conditions: readonly Sql[]): Sql => together(conditions, 'OR') ?? NEVER;

/** In halves, because SQLite counts how deep an expression is; null for none. */
const together = (conditions: readonly Sql[], by: 'AND' | 'OR'): Sql | null => {
  const half = conditions.length >> 1;
  if (half === 0) return conditions[0] ?? null;
  const halves = [conditions.slice(0, half), conditions.slice(half)];
  const both = joined(
    halves.flatMap((some) => together(some, by) ?? []),
    ` ${by} `,
  );
  return { text: `(${both.text})`, values: both.values };
};

const hasWords = (field: SearchField, words: string): Sql => {
  const tokens = queryTokens(words);
  if (tokens.length === 0) return ALWAYS;
  const column = field === 'anywhere' ? '' : `${WORD_COLUMNS.get(field)} : `;
  // Tokens are letters and digits: nothing in them ends the string or is FTS5's own.
  const match = `${column}"${tokens.join(' ')}" *`;
  return sql('c.letter IN (SELECT rowid FROM words WHERE words MATCH ?)', match);
};

const isIn = (mailbox: MailboxId, searched: Searched, account: number): Sql =>
  searched === 'single'
    ? sql('c.mailbox = ?', mailbox)
    : sql(
        'c.letter IN (SELECT letter FROM store.placement WHERE account = ? AND mailbox = ?)',
        account,
        mailbox,
      );

const among = (column: string, numbers: readonly number[]): Sql =>
  sql(`${column} IN (SELECT value FROM json_each(?))`, JSON.stringify(numbers));

const hasKeyword = (keyword: string): Sql => {
  const bit = FLAG_BITS.get(keyword);
  if (bit !== undefined) return sql(`c.flags & ${bit} <> 0`);
  // As they stand in the column: a space between two.
  return /^[^ ]+$/.test(keyword) ? sql(`instr(' ' || c.keywords || ' ', ?) > 0`, ` ${keyword} `) : NEVER;
};

const TIMES = {
  received: 'c.received_at',
  saved: 'c.saved_at',
  sent: 'coalesce(l.sent_at, c.received_at)',
} as const;

const between = (time: string, from: number | undefined, before: number | undefined): Sql =>
  every([
    ...(from === undefined ? [] : [sql(`${time} >= ?`, from)]),
    ...(before === undefined ? [] : [sql(`${time} < ?`, before)]),
  ]);

const ORDERS: Readonly<Record<SearchSort['by'], string>> = {
  ...TIMES,
  size: 'c.served_bytes',
  subject: 'subject_text(l.subject)',
  from: 'from_text(l.from_text)',
  uid: 'c.uid',
};

/** What is sorted by, the last being the number. */
export const sortKeys = (
  sort: readonly SearchSort[],
): readonly { readonly key: string; readonly down: boolean }[] => [
  ...sort.map(({ by, order }) => ({ key: ORDERS[by], down: order === 'descending' })),
  { key: 'c.uid', down: false },
  { key: 'c.letter', down: false },
];

/** Whether it takes more than the places to tell: the letter's own row. */
export const needsLetter = (text: string): boolean => text.includes('l.');

/** Whether words are looked for. */
export const looksForWords = (filter: LetterFilter | null): boolean => {
  if (filter === null) return false;
  if ('of' in filter) return filter.of.some(looksForWords);
  return filter.where === 'words' && queryTokens(filter.words).length > 0;
};
