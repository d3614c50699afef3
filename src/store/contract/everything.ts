import assert from 'node:assert/strict';
import type {
  AccountId,
  AccountName,
  ChangedKind,
  Change,
  LetterFilter,
  LetterId,
  MailboxId,
  ModSeq,
  QueueId,
  SearchQuery,
  SearchSort,
  Store,
  ThreadId,
} from '../port.ts';
import { sha256Of } from './credentials.ts';
import { hashOf } from './fixtures.ts';
import { prepared } from './perform.ts';
import type { Move } from './moves.ts';

/** Numbers that are asked for, whether they are there or not. */
const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

const KINDS: readonly ChangedKind[] = ['letter', 'thread', 'mailbox', 'identity', 'sieve-script'];

/** One after the other, so that one failed read is one error. */
const each = async <Key, Value>(
  keys: readonly Key[],
  read: (key: Key) => Value | Promise<Value>,
): Promise<readonly Value[]> => {
  const values: Value[] = [];
  for (const key of keys) values.push(await read(key));
  return values;
};

const gathered = async (pieces: AsyncIterable<Uint8Array> | null): Promise<string | null> => {
  if (pieces === null) return null;
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return hashOf(Buffer.concat(all));
};

/** Everything that can be read but by a search, in one value to compare. Accounts that are gone are asked for as well. */
export const everything = async (store: Store): Promise<unknown> => {
  const tallies = await store.tallies(['a', 'b', '__proto__']);
  return {
    accounts: await store.accounts(),
    byName: await each(['x', 'constructor', '__proto__'] as AccountName[], (name) => store.account(name)),
    ofCertificate: await each([0, 1, 2], (seed) => store.accountsOfCertificate(sha256Of(seed))),
    domains: await store.domains(),
    aliases: await store.aliases(),
    tallies: [...tallies].sort((x, y) => (x.key < y.key ? -1 : 1)),
    queued: await store.queued({ count: 100, after: null }),
    queuedAfter: await store.queued({ count: 2, after: 2 as QueueId }),
    queuedBytes: await each(upTo(8) as readonly QueueId[], async (id) =>
      gathered(await store.queuedPieces(id)),
    ),
    boxes: await each(upTo(5) as readonly AccountId[], (account) => everythingOf(store, account)),
  };
};

const everythingOf = async (store: Store, account: AccountId): Promise<unknown> => {
  const all = { account, count: 100, before: null };
  const some = { account, count: 2, before: 4 as LetterId };
  return {
    verifiers: await store.verifiers(account),
    appPasswords: await store.appPasswords(account),
    certificates: await store.boundCertificates(account),
    quota: await store.quota(account),
    mailboxes: await store.mailboxes(account),
    lostSubscriptions: await store.lostSubscriptions(account),
    byId: await store.lettersById(account, (upTo(20) as readonly LetterId[]).toReversed()),
    places: await store.placesOf(account, upTo(20) as readonly LetterId[]),
    threads: await each(upTo(20) as readonly ThreadId[], (thread) => store.thread(account, thread)),
    removed: await store.removedLetters(all),
    removedPage: await store.removedLetters(some),
    blobs: await each(upTo(20) as readonly LetterId[], async (letter) => {
      const bytes = await store.blob(account, letter);
      return bytes === null ? null : hashOf(bytes);
    }),
    identities: await store.objects(account, 'identity'),
    script: await store.object(account, 'sieve-script', '__proto__'),
    inMailboxes: await each(upTo(10) as readonly MailboxId[], (mailbox) =>
      everythingIn(store, account, mailbox),
    ),
    changes: await everyChange(store, account),
  };
};

const everythingIn = async (store: Store, account: AccountId, mailbox: MailboxId): Promise<unknown> => ({
  mailbox: await store.mailbox(account, mailbox),
  uids: [...(await store.uids(account, mailbox))],
  placed: await store.placed({ account, mailbox }),
  parsed: await store.placedParsed({ account, mailbox }),
  parsedPage: await store.placedParsed({ account, mailbox, from: 2 as never, to: 6 as never, count: 2 }),
  changed: await each([0n, 5n, 9n, 14n] as ModSeq[], (changedSince) =>
    store.placed({ account, mailbox, changedSince }),
  ),
  page: await store.placed({ account, mailbox, changedSince: 3n as ModSeq, from: 2 as never, count: 2 }),
  newest: await store.placed({ account, mailbox, to: 5 as never, count: 3, order: 'descending' }),
});

/** What changed since every moment that there was, by pages of several sizes. */
const everyChange = async (store: Store, account: AccountId): Promise<unknown> => {
  const modSeq = await store.modSeq(account);
  const moments = Array.from({ length: Number(modSeq ?? 0n) + 2 }, (_, since) => BigInt(since) as ModSeq);
  return {
    modSeq,
    changes: await each(moments, (since) =>
      each(KINDS, (kind) => each([1, 3, 100], (most) => store.changesSince(account, kind, since, most))),
    ),
    vanished: await each(moments, (since) =>
      each(upTo(8) as readonly MailboxId[], (mailbox) => store.vanishedSince(account, mailbox, since)),
    ),
  };
};

const FILTERS: readonly (LetterFilter | null)[] = [
  null,
  { where: 'words', field: 'anywhere', words: 'plan' },
  { where: 'words', field: 'subject', words: 'the pla' },
  { where: 'words', field: 'body', words: 'GRUSSE' },
  { where: 'words', field: 'anywhere', words: '\u4eac\u90fd' },
  { where: 'words', field: 'from', words: 'nu4@447' },
  { where: 'words', field: 'to', words: 'all of' },
  { where: 'words', field: 'cc', words: 'all' },
  { where: 'words', field: 'anywhere', words: '' },
  { where: 'mailbox', mailbox: 2 as MailboxId },
  { where: 'uids', uids: [1, 3, 99] as never },
  { where: 'letters', letters: [2, 3] as never },
  { where: 'thread', thread: 1 as ThreadId },
  { where: 'keyword', keyword: '__proto__' },
  { where: 'received', from: 10, before: 30 },
  { where: 'saved', from: 15 },
  { where: 'sent', before: 25 },
  { where: 'size', least: 100, most: 300_000 },
  { where: 'changed-since', modSeq: 8n as ModSeq },
  { where: 'any', of: [] },
  {
    where: 'none',
    of: [
      { where: 'keyword', keyword: 'a' },
      { where: 'mailbox', mailbox: 3 as MailboxId },
    ],
  },
  {
    where: 'every',
    of: [
      {
        where: 'any',
        of: [
          { where: 'keyword', keyword: '$seen' },
          { where: 'size', most: 200 },
        ],
      },
      { where: 'none', of: [{ where: 'words', field: 'subject', words: 'plan' }] },
    ],
  },
];

const SORTS: readonly (readonly SearchSort[])[] = [
  [],
  [{ by: 'subject', order: 'descending' }],
  [
    { by: 'size', order: 'ascending' },
    { by: 'received', order: 'descending' },
  ],
  [{ by: 'from', order: 'ascending' }],
  [
    { by: 'saved', order: 'descending' },
    { by: 'sent', order: 'ascending' },
    { by: 'uid', order: 'descending' },
  ],
];

/** What every kind of search finds, in each account and in its first mailboxes. */
export const everythingFound = async (store: Store): Promise<unknown> => {
  const queries: SearchQuery[] = [];
  for (const account of upTo(3) as readonly AccountId[])
    for (const mailbox of [null, 1, 2, 3] as (MailboxId | null)[])
      for (const [index, filter] of FILTERS.entries()) {
        const sort = SORTS[index % SORTS.length] ?? [];
        const whole = { account, mailbox, filter, sort, threads: 'whole', offset: 0, count: 100 } as const;
        queries.push(whole, { ...whole, threads: 'first-letter', offset: 1, count: 2 });
      }
  return each(queries, (query) => store.search(query));
};

/** What some searches find, for those who ask again and again while letters come and go. */
const somethingFound = async (store: Store): Promise<unknown> => {
  const queries: SearchQuery[] = [];
  for (const account of [1, 2] as AccountId[])
    for (const mailbox of [null, 1, 2] as (MailboxId | null)[])
      for (const [index, sort] of SORTS.entries())
        queries.push({
          account,
          mailbox,
          filter: index === 1 ? { where: 'words', field: 'anywhere', words: 'plan' } : null,
          sort,
          threads: index === 2 ? 'first-letter' : 'whole',
          offset: 0,
          count: 100,
        });
  return each(queries, (query) => store.search(query));
};

/** Makes the moves in both stores, and asserts that both give the same answers, tell the same, and are the same in the end. */
export const areAlike = async (
  one: Store,
  other: Store,
  turns: readonly (readonly Move[])[],
): Promise<void> => {
  const told: [Change[], Change[]] = [[], []];
  one.onChange((change) => told[0].push(change));
  other.onChange((change) => told[1].push(change));
  const answers = async (store: Store, turn: readonly Move[]): Promise<readonly unknown[]> => {
    const ready = await Promise.all(turn.map((move) => prepared(store, move)));
    return Promise.all(ready.map((make) => make()));
  };
  for (const turn of turns) {
    assert.deepEqual(await answers(one, turn), await answers(other, turn));
    assert.deepEqual(await somethingFound(one), await somethingFound(other));
  }
  assert.deepEqual(await everything(one), await everything(other));
  assert.deepEqual(await everythingFound(one), await everythingFound(other));
  assert.deepEqual(told[0], told[1]);
};
