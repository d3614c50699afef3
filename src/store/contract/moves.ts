import fc from 'fast-check';
import type {
  AccountId,
  AccountName,
  Arrangement,
  KeywordChange,
  Keywords,
  LetterId,
  MailboxId,
  MailboxRole,
  MailboxUpdate,
  ModSeq,
  ObjectChange,
  Quota,
  QueueId,
  Retention,
  Threading,
  Uid,
} from '../port.ts';

/** A delivery in small numbers. */
export type MovedDelivery = {
  readonly letter: number;
  readonly receivedAt: number;
  readonly threading: Threading | null;
  readonly omitted: boolean;
  readonly to: readonly {
    readonly account: number;
    readonly mailboxes: readonly number[] | null;
    readonly keywords: Keywords;
  }[];
};

type OfAccount = { readonly account: AccountId };
type Between = OfAccount & {
  readonly from: MailboxId;
  readonly uids: readonly Uid[];
  readonly to: MailboxId;
  readonly at: number;
};

/** One thing that a caller does, as data. */
export type Move =
  | { readonly do: 'create account'; readonly name: AccountName }
  | (OfAccount & { readonly do: 'remove account' })
  | (OfAccount & {
      readonly do: 'verifiers' | 'add password' | 'remove password' | 'use password' | 'bind' | 'unbind';
      readonly seed: number;
    })
  | (OfAccount & { readonly do: 'quota'; readonly quota: Quota })
  | { readonly do: 'tally' | 'forget tally'; readonly key: string; readonly at: number }
  | { readonly do: 'add domain' | 'remove domain'; readonly domain: string }
  | {
      readonly do: 'set alias' | 'remove alias';
      readonly name: AccountName;
      readonly targets: readonly AccountName[];
    }
  | (OfAccount & {
      readonly do: 'create mailbox';
      readonly name: string;
      readonly parent: MailboxId | null;
      readonly update: MailboxUpdate;
      readonly at: number;
    })
  | (OfAccount & {
      readonly do: 'update mailbox';
      readonly mailbox: MailboxId;
      readonly update: MailboxUpdate;
    })
  | (OfAccount & {
      readonly do: 'remove mailbox';
      readonly mailbox: MailboxId;
      readonly letters: 'refuse' | 'remove';
      readonly at: number;
    })
  | (OfAccount & { readonly do: 'forget subscription'; readonly path: string })
  | { readonly do: 'deliver'; readonly deliveries: readonly MovedDelivery[] }
  | { readonly do: 'deliver spooled'; readonly deliveries: readonly MovedDelivery[] }
  | (OfAccount & {
      readonly do: 'keywords';
      readonly mailbox: MailboxId;
      readonly uids: readonly Uid[];
      readonly change: KeywordChange;
      readonly unchangedSince: ModSeq | null;
    })
  | (Between & { readonly do: 'copy' | 'move' })
  | (OfAccount & {
      readonly do: 'expunge';
      readonly mailbox: MailboxId;
      readonly uids: readonly Uid[];
      readonly which: 'deleted' | 'any';
      readonly at: number;
    })
  | (OfAccount & {
      readonly do: 'arrange';
      readonly arrangements: readonly Arrangement[];
      readonly at: number;
    })
  | (OfAccount & {
      readonly do: 'remove letters' | 'undelete';
      readonly letters: readonly LetterId[];
      readonly at: number;
    })
  | (OfAccount & { readonly do: 'objects'; readonly changes: readonly ObjectChange[]; readonly at: number })
  | {
      readonly do: 'enqueue';
      readonly letter: number;
      readonly entries: readonly { readonly account: AccountId | null; readonly dueAt: number }[];
    }
  | { readonly do: 'lease'; readonly now: number; readonly forMs: number; readonly count: number }
  | {
      readonly do: 'settle';
      readonly id: QueueId;
      readonly leasedUntil: number;
      readonly outcome: { readonly state: string; readonly dueAt: number } | 'done';
    }
  | { readonly do: 'tidy'; readonly retention: Retention };

/** Numbers are small, so that accounts, mailboxes, letters and names meet again; some lead nowhere. */
const small = <Id extends number>(max: number): fc.Arbitrary<Id> =>
  fc.integer({ min: 1, max }).map((number) => number as Id);
const account = fc.oneof({ weight: 9, arbitrary: small<AccountId>(2) }, small<AccountId>(4));
const mailbox = fc.oneof({ weight: 4, arbitrary: small<MailboxId>(3) }, small<MailboxId>(10));
const uids = fc.array(small<Uid>(5), { maxLength: 5, size: 'max' });
const letters = fc.array(small<LetterId>(14), { maxLength: 5, size: 'max' });
const at = fc.nat(40);
const name = fc.constantFrom('x', 'y', 'z', 'constructor') as unknown as fc.Arbitrary<AccountName>;
const keywords = fc.subarray(['$seen', '\\deleted', '__proto__', 'a', 'b']);
const keywordChange = fc.record({ how: fc.constantFrom('add', 'remove', 'replace'), keywords });
const key = fc.constantFrom('a', 'b', '__proto__');
const role = fc.constantFrom<MailboxRole | null>('inbox', 'sent', 'all', null);
const mailboxName = fc.constantFrom('a', 'b', 'inbox', 'Sent', 'a/b', '__proto__', '\u{1f48c}', '\uff5e');
const parent = fc.option(mailbox, { nil: null });

const mailboxUpdate: fc.Arbitrary<MailboxUpdate> = fc.record(
  { role, subscribed: fc.boolean(), sortOrder: fc.nat(3) },
  { requiredKeys: [] },
);

const threading: fc.Arbitrary<Threading> = fc.record({
  messageIds: fc.array(fc.constantFrom('a@x', 'b@x', 'c@x', 'd@x'), { maxLength: 3 }),
  baseSubject: fc.constantFrom('s', 's', 't'),
});

const delivery: fc.Arbitrary<MovedDelivery> = fc.record({
  letter: fc.nat(7),
  receivedAt: at,
  threading: fc.option(threading, { nil: null }),
  omitted: fc.boolean(),
  to: fc.array(
    fc.record({
      account,
      mailboxes: fc.option(fc.uniqueArray(mailbox, { minLength: 1, maxLength: 3 }), { nil: null }),
      keywords,
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

const objectChange: fc.Arbitrary<ObjectChange> = fc.record({
  do: fc.constantFrom('put', 'remove'),
  kind: fc.constantFrom('identity', 'sieve-script'),
  name: key,
  value: fc.constantFrom('', 'x'),
});

const arrangement: fc.Arbitrary<Arrangement> = fc.record(
  {
    letter: small<LetterId>(14),
    mailboxes: fc.array(mailbox, { minLength: 1, maxLength: 3 }),
    keywords: keywordChange,
  },
  { requiredKeys: ['letter'] },
);

const one = <Do extends Move['do']>(...names: readonly Do[]): fc.Arbitrary<Do> => fc.constantFrom(...names);

const aboutAccounts: readonly fc.Arbitrary<Move>[] = [
  fc.record({ do: one('create account'), name }),
  fc.record({ do: one('remove account'), account: small<AccountId>(9) }),
  fc.record({
    do: one('verifiers', 'add password', 'remove password', 'use password', 'bind', 'unbind'),
    account,
    seed: fc.nat(2),
  }),
  fc.record({
    do: one('quota'),
    account,
    quota: fc.record({
      bytes: fc.option(fc.constantFrom(0, 1000, 10_000, 500_000), { nil: null }),
      letters: fc.option(fc.nat(6), { nil: null }),
    }),
  }),
  fc.record({ do: one('tally', 'forget tally'), key, at: fc.nat(300) }),
  fc.record({ do: one('add domain', 'remove domain'), domain: key }),
  fc.record({
    do: one('set alias', 'remove alias'),
    name,
    targets: fc.uniqueArray(name, { minLength: 1, maxLength: 3 }),
  }),
];

const aboutMailboxes: readonly fc.Arbitrary<Move>[] = [
  fc.record({ do: one('create mailbox'), account, name: mailboxName, parent, update: mailboxUpdate, at }),
  fc.record({
    do: one('update mailbox'),
    account,
    mailbox,
    update: fc.record(
      { name: mailboxName, parent, role, subscribed: fc.boolean(), sortOrder: fc.nat(3) },
      { requiredKeys: [] },
    ),
  }),
  fc.record({
    do: one('remove mailbox'),
    account,
    mailbox,
    letters: fc.constantFrom('refuse', 'remove'),
    at,
  }),
  fc.record({ do: one('forget subscription'), account, path: fc.constantFrom('a', 'b', 'Sent', 'a/b') }),
];

const aboutLetters: readonly fc.Arbitrary<Move>[] = [
  fc.record({
    do: one('deliver', 'deliver', 'deliver', 'deliver spooled'),
    deliveries: fc.array(delivery, { minLength: 1, maxLength: 2 }),
  }),
  fc.record({
    do: one('keywords'),
    account,
    mailbox,
    uids,
    change: keywordChange,
    unchangedSince: fc.option(fc.bigInt({ min: 0n, max: 20n }) as unknown as fc.Arbitrary<ModSeq>, {
      nil: null,
    }),
  }),
  fc.record({ do: one('copy', 'move'), account, from: mailbox, uids, to: mailbox, at }),
  fc.record({ do: one('expunge'), account, mailbox, uids, which: fc.constantFrom('deleted', 'any'), at }),
  fc.record({ do: one('arrange'), account, arrangements: fc.array(arrangement, { maxLength: 3 }), at }),
  fc.record({ do: one('remove letters', 'undelete'), account, letters, at }),
];

const aboutTheRest: readonly fc.Arbitrary<Move>[] = [
  fc.record({ do: one('objects'), account, changes: fc.array(objectChange, { maxLength: 4 }), at }),
  fc.record({
    do: one('enqueue'),
    letter: fc.nat(7),
    entries: fc.array(fc.record({ account: fc.option(account, { nil: null }), dueAt: at }), { maxLength: 2 }),
  }),
  fc.record({
    do: one('lease'),
    now: fc.constantFrom(20, 40),
    forMs: fc.constant(20),
    count: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({
    do: one('settle'),
    id: small<QueueId>(2),
    leasedUntil: fc.constantFrom(40, 60),
    outcome: fc.oneof(fc.constant('done' as const), fc.record({ state: key, dueAt: at })),
  }),
  fc.record({
    do: one('tidy'),
    retention: fc.record({ now: fc.nat(60), removedMs: fc.nat(30), tombstonesMs: fc.nat(30) }),
  }),
];

const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 2, arbitrary: fc.oneof(...aboutAccounts) },
  { weight: 3, arbitrary: fc.oneof(...aboutMailboxes) },
  { weight: 9, arbitrary: fc.oneof(...aboutLetters) },
  { weight: 3, arbitrary: fc.oneof(...aboutTheRest) },
);

const to = (who: number, ...mailboxes: readonly number[]): MovedDelivery['to'][number] => ({
  account: who,
  mailboxes,
  keywords: ['$seen'],
});
const first = (letter: number, ...recipients: MovedDelivery['to']): MovedDelivery => ({
  letter,
  receivedAt: letter,
  threading: { messageIds: ['a@x'], baseSubject: 's' },
  omitted: false,
  to: recipients,
});

const due = (dueAt: number) => ({ account: null, dueAt });

/** Two accounts with letters, some in several mailboxes and in one thread, so that whatever follows meets something. */
const begin: readonly (readonly Move[])[] = [
  ['x', 'y'].map((text) => ({ do: 'create account', name: text as AccountName })),
  [
    { do: 'deliver', deliveries: [first(3, to(1, 1, 2)), first(4, to(1, 1), to(2, 1), to(1, 3))] },
    { do: 'deliver', deliveries: [first(0, to(1, 1)), first(6, to(2, 2, 1), to(1, 1, 3))] },
    { do: 'enqueue', letter: 4, entries: [due(0), due(10)] },
  ],
];

/** What callers do, turn by turn, those of one turn at once. */
export const turnsOfMoves: fc.Arbitrary<readonly (readonly Move[])[]> = fc
  .array(fc.array(move, { minLength: 1, maxLength: 6, size: 'max' }), { maxLength: 12, size: 'max' })
  .map((turns) => [...begin, ...turns]);
