import assert from 'node:assert/strict';
import type { AccountId, LetterFilter, SearchField, SearchQuery, Store } from '../port.ts';
import { put, type LetterOptions } from './fixtures.ts';

/** What a letter for a search is written from. */
export type Written = {
  readonly subject?: string;
  readonly from?: string;
  readonly to?: string;
  readonly cc?: string;
  readonly bcc?: string;
  readonly body?: string;
  /** More of the header. */
  readonly fields?: readonly string[];
};

const write = ({ subject, from, to, cc, bcc, body = '', fields = [] }: Written): Uint8Array => {
  const named = [
    ['Subject', subject],
    ['From', from],
    ['To', to],
    ['Cc', cc],
    ['Bcc', bcc],
  ] as const;
  const lines = named.flatMap(([name, value]) => (value === undefined ? [] : `${name}: ${value}`));
  return Buffer.from(`${[...fields, ...lines].join('\r\n')}\r\n\r\n${body}\r\n`);
};

/** Delivers a letter that says that. */
export const send = async (store: Store, account: AccountId, written: Written, options: LetterOptions = {}) =>
  put(store, account, { bytes: write(written), ...options });

/** The numbers of the letters that are found, in their order. */
export const found = async (
  store: Store,
  account: AccountId,
  filter: LetterFilter | null,
  more: Partial<SearchQuery> = {},
): Promise<readonly number[]> => {
  const whole = {
    account,
    mailbox: null,
    filter,
    sort: [],
    threads: 'whole',
    offset: 0,
    count: 100,
  } as const;
  const { hits, total } = await store.search({ ...whole, ...more });
  if (more.count === undefined && more.offset === undefined) assert.equal(total, hits.length);
  return hits.map(({ letter }) => letter);
};

/** These words in that field. */
export const words = (text: string, field: SearchField = 'anywhere'): LetterFilter => ({
  where: 'words',
  field,
  words: text,
});
