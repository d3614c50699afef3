import type {
  Account,
  AccountId,
  AccountName,
  Alias,
  AppPassword,
  Arrangement,
  BlobHash,
  BoundCertificate,
  Change,
  Copied,
  DeliveryRecipient,
  DeliveryRefusal,
  KeywordChange,
  KeywordsSet,
  LetterId,
  LetterSummary,
  Mailbox,
  MailboxId,
  MailboxRefusal,
  MailboxUpdate,
  ModSeq,
  NewAccount,
  NewMailbox,
  NewQueued,
  ObjectChange,
  Placement,
  Queued,
  QueueId,
  Quota,
  Retention,
  SpoolId,
  TallyEvent,
  Tidied,
  Uid,
  Verifiers,
} from '../port.ts';
import { ok, type Result } from '../../result.ts';
import type { SearchDoor } from './search-messages.ts';

/** A letter as it crosses to the store thread: what is JSON in the database is JSON, the bytes are views of moved buffers. */
export type LetterWrite = {
  readonly hash: BlobHash;
  readonly sizeBytes: number;
  readonly chunks: readonly Uint8Array[];
  /** How long the chunks are together where they are compressed; null where they are the letter. */
  readonly zstdBytes: number | null;
  readonly spool: SpoolId | null;
  readonly summary: LetterSummary;
  readonly parsed: Uint8Array | null;
  /** The keys of its message identifiers, 8 bytes each (`thread-keys.ts`); empty for a thread of its own. */
  readonly threadKeys: Uint8Array;
  readonly transport: string;
  readonly receivedAt: number;
  /** As the column has it. */
  readonly omitted: string | null;
  /** Bytes of the letter without what is omitted. */
  readonly keptBytes: number;
};

export type DeliveryWrite = LetterWrite & {
  readonly savedAt: number;
  readonly recipients: readonly DeliveryRecipient[];
};

type OfAccount = { readonly account: AccountId };
type InMailbox = OfAccount & { readonly mailbox: MailboxId; readonly uids: readonly Uid[] };
type Between = OfAccount & {
  readonly from: MailboxId;
  readonly uids: readonly Uid[];
  readonly to: MailboxId;
  readonly at: number;
};

/** The writes of the port: what each is given, and what it gives when it is on disk. */
type Verbs = {
  'create-account': [{ readonly wanted: NewAccount }, Result<Account, 'exists'>];
  'remove-account': [OfAccount, Result<null, 'no-account'>];
  'set-verifiers': [OfAccount & { readonly verifiers: Verifiers }, Result<null, 'no-account'>];
  'set-quota': [OfAccount & { readonly quota: Quota }, Result<null, 'no-account'>];
  'add-app-password': [
    OfAccount & { readonly password: Omit<AppPassword, 'lastUsedOn'> },
    Result<null, 'no-account' | 'exists' | 'too-many'>,
  ];
  'remove-app-password': [OfAccount & { readonly label: string }, Result<null, 'no-app-password'>];
  'use-app-password': [OfAccount & { readonly sha256: string; readonly usedOn: number }, null];
  'bind-certificate': [
    OfAccount & { readonly certificate: BoundCertificate },
    Result<null, 'no-account' | 'exists' | 'too-many'>,
  ];
  'unbind-certificate': [OfAccount & { readonly sha256: string }, Result<null, 'not-bound'>];
  'add-domain': [{ readonly domain: string }, Result<null, 'exists'>];
  'remove-domain': [{ readonly domain: string }, Result<null, 'no-domain'>];
  'set-alias': [{ readonly alias: Alias }, null];
  'remove-alias': [{ readonly name: AccountName }, Result<null, 'no-alias'>];
  tally: [{ readonly events: readonly TallyEvent[] }, null];
  'forget-tallies': [{ readonly keys: readonly string[] }, null];
  'create-mailbox': [OfAccount & { readonly wanted: NewMailbox }, Result<Mailbox, MailboxRefusal>];
  'update-mailbox': [
    OfAccount & { readonly mailbox: MailboxId; readonly update: MailboxUpdate },
    Result<Mailbox, MailboxRefusal | 'no-mailbox' | 'inbox' | 'inside-itself'>,
  ];
  'remove-mailbox': [
    OfAccount & { readonly mailbox: MailboxId; readonly letters: 'refuse' | 'remove'; readonly at: number },
    Result<null, 'no-mailbox' | 'inbox' | 'has-children' | 'has-letters'>,
  ];
  'forget-subscription': [OfAccount & { readonly path: string }, Result<null, 'not-subscribed'>];
  deliver: [{ readonly deliveries: readonly DeliveryWrite[] }, Result<readonly Placement[], DeliveryRefusal>];
  'set-keywords': [
    InMailbox & { readonly change: KeywordChange; readonly unchangedSince: ModSeq | null },
    Result<KeywordsSet, 'no-mailbox' | 'too-many'>,
  ];
  copy: [Between, Result<readonly Copied[], 'no-mailbox' | 'over-quota'>];
  move: [Between, Result<readonly Copied[], 'no-mailbox'>];
  expunge: [
    InMailbox & { readonly which: 'deleted' | 'any'; readonly at: number },
    Result<{ readonly uids: readonly Uid[]; readonly modSeq: ModSeq }, 'no-mailbox'>,
  ];
  arrange: [
    OfAccount & { readonly arrangements: readonly Arrangement[]; readonly at: number },
    readonly Result<null, 'no-letter' | 'no-mailbox' | 'too-many'>[],
  ];
  'remove-letters': [
    OfAccount & { readonly letters: readonly LetterId[]; readonly at: number },
    readonly LetterId[],
  ];
  undelete: [
    OfAccount & { readonly letters: readonly LetterId[]; readonly at: number },
    Result<readonly Placement[], 'over-quota'>,
  ];
  'change-objects': [
    OfAccount & { readonly changes: readonly ObjectChange[]; readonly at: number },
    Result<ModSeq, 'no-account' | 'too-many'>,
  ];
  enqueue: [{ readonly letter: LetterWrite; readonly entries: readonly NewQueued[] }, readonly QueueId[]];
  lease: [{ readonly now: number; readonly until: number; readonly count: number }, readonly Queued[]];
  settle: [
    {
      readonly id: QueueId;
      readonly leasedUntil: number;
      readonly outcome: { readonly state: string; readonly dueAt: number } | 'done';
    },
    Result<null, 'lost'>,
  ];
  tidy: [{ readonly retention: Retention }, Tidied];
  /** Moves letters together that are left in segments; gives whether there is more to move. */
  compact: [object, boolean];
};

export type WriteKind = keyof Verbs;

/** One write of the kind `Kind`, as data. */
export type WriteOf<Kind extends WriteKind> = { readonly do: Kind } & Verbs[Kind][0];

/** One write of the port, as data. */
export type Write = { [Kind in WriteKind]: WriteOf<Kind> }[WriteKind];

/** What a write of the kind gives when it is on disk. */
export type Written<Kind extends WriteKind = WriteKind> = Verbs[Kind][1];

/** How one write ended: its value after the commit, or the fault that left nothing of it. */
export type Outcome =
  | { readonly value: Written }
  | { readonly fault: { readonly why: 'full' | 'other'; readonly message: string } };

/**
 * An outcome as it crosses back. The placements of a delivery are five numbers each in one array: an object with names
 * costs six times as much to clone, and there is one for every letter.
 */
export type WireOutcome = Outcome | readonly (number | bigint)[];

/** For the way back to the client. */
export const toWire = (kind: WriteKind, outcome: Outcome): WireOutcome => {
  if (kind !== 'deliver' || !('value' in outcome)) return outcome;
  const delivered = outcome.value as Written<'deliver'>;
  return delivered.ok ? delivered.value.flatMap(numbersOf) : outcome;
};

const numbersOf = ({ account, mailbox, letter, uid, modSeq }: Placement): readonly (number | bigint)[] => [
  account,
  mailbox,
  letter,
  uid,
  modSeq,
];

/** As the writer gave it. */
export const fromWire = (wire: WireOutcome): Outcome => {
  if (!isNumbers(wire)) return wire;
  const placements: Placement[] = [];
  for (let at = 0; at + 4 < wire.length; at += 5)
    placements.push({
      account: wire[at] as AccountId,
      mailbox: wire[at + 1] as MailboxId,
      letter: wire[at + 2] as LetterId,
      uid: wire[at + 3] as Uid,
      modSeq: wire[at + 4] as ModSeq,
    });
  return { value: ok(placements) };
};

const isNumbers = (wire: WireOutcome): wire is readonly (number | bigint)[] => Array.isArray(wire);

/** Client to store thread: the writes of one turn of its event loop, in order, or its way to the search thread. */
export type Request = readonly Write[] | SearchDoor;

/** Store thread to client: outcomes in the order of the writes, then changes in the order of the commits. */
export type Answer = { readonly outcomes: readonly WireOutcome[]; readonly changes: readonly Change[] };

/** How much the letters of a write are to store, those in spooled files left out. */
export const bytesOf = (write: Write): number => {
  if (write.do === 'enqueue') return inMemory(write.letter);
  return write.do === 'deliver' ? write.deliveries.reduce((sum, letter) => sum + inMemory(letter), 0) : 0;
};

const inMemory = ({ sizeBytes, zstdBytes, spool }: LetterWrite): number =>
  spool === null ? (zstdBytes ?? sizeBytes) : 0;
