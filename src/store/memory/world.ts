import { StoreClosed } from '../fault.ts';
import type { LetterText } from '../letter-text.ts';
import { Listeners } from '../listeners.ts';
import type {
  Account,
  AccountId,
  AccountName,
  Alias,
  AppPassword,
  BoundCertificate,
  Change,
  Keywords,
  Letter,
  LetterId,
  Mailbox,
  MailboxId,
  MaildropLock,
  ModSeq,
  ObjectKind,
  Queued,
  QueueId,
  Quota,
  SpoolId,
  StoredObject,
  Tally,
  ThreadId,
  Uid,
  Verifiers,
} from '../port.ts';

/** A mailbox without what follows from the letters in it. */
export type KeptMailbox = {
  -readonly [Name in Exclude<keyof Mailbox, 'letters' | 'unseen' | 'deleted' | 'sizeBytes'>]: Mailbox[Name];
} & { readonly createdModSeq: ModSeq };

/** A letter, in a mailbox or not. */
export type KeptLetter = Omit<Letter, 'createdModSeq'> & {
  /** As it came. */
  readonly bytes: Uint8Array;
  readonly servedBytes: number;
  createdModSeq: ModSeq;
  /** When something last happened to it, or to a place of it. */
  modSeq: ModSeq;
  /** What it left last; it counts where the letter is in no mailbox. */
  left: { readonly mailbox: MailboxId; readonly keywords: Keywords; readonly at: number } | null;
};

/** A letter in a mailbox. */
export type Place = {
  readonly mailbox: KeptMailbox;
  readonly uid: Uid;
  readonly letter: KeptLetter;
  readonly savedAt: number;
  modSeq: ModSeq;
  keywords: Keywords;
};

/** That something is gone: a letter from a mailbox, a letter from all of them and so from its thread, a mailbox, an object. */
export type Tombstone = { readonly modSeq: ModSeq; readonly at: number } & (
  | { readonly of: 'place'; readonly mailbox: MailboxId; readonly uid: Uid }
  | { readonly of: 'letter'; readonly id: LetterId }
  | { readonly of: 'thread'; readonly id: ThreadId }
  | { readonly of: 'mailbox'; readonly id: MailboxId }
  | { readonly of: ObjectKind; readonly id: string }
);

/** An account and all that it has. */
export type Box = {
  readonly account: Account;
  verifiers: Verifiers;
  appPasswords: readonly AppPassword[];
  certificates: readonly BoundCertificate[];
  quota: Quota;
  modSeq: ModSeq;
  /** What went up to then may be forgotten. */
  floor: ModSeq;
  nextMailbox: number;
  lastUidValidity: number;
  readonly mailboxes: Map<MailboxId, KeptMailbox>;
  /** Those that wait to be forgotten as well. */
  readonly letters: Map<LetterId, KeptLetter>;
  /** In the order in which they came to be, which in a mailbox is that of the uids. */
  readonly places: Set<Place>;
  /** By message identifier and base subject. */
  readonly threads: Map<string, ThreadId>;
  readonly lostSubscriptions: Set<string>;
  /** By kind and name. */
  readonly objects: Map<string, StoredObject>;
  /** What is searched, of the letters that were there at the last search. */
  texts: Map<LetterId, LetterText>;
  tombstones: Tombstone[];
};

/** Everything that the store has. */
type Kept = {
  readonly boxes: Map<AccountId, Box>;
  nextAccount: number;
  nextLetter: number;
  readonly spools: Map<SpoolId, { readonly chunks: Uint8Array[]; finished: boolean }>;
  nextSpool: number;
  readonly domains: Set<string>;
  readonly aliases: Map<AccountName, Alias>;
  directoryVersion: number;
  readonly tallies: Map<string, Tally>;
  /** With the bytes of their letters. */
  readonly queue: Map<QueueId, { readonly entry: Queued; readonly bytes: Uint8Array }>;
  nextQueued: number;
  /** The maildrops that somebody has for himself. */
  readonly locks: Map<AccountId, MaildropLock>;
};

/** Everything that the store has, as long as it is open, and those who are told when it changes. */
export class World {
  readonly #kept: Kept = {
    boxes: new Map(),
    nextAccount: 1,
    nextLetter: 1,
    spools: new Map(),
    nextSpool: 1,
    domains: new Set(),
    aliases: new Map(),
    directoryVersion: 0,
    tallies: new Map(),
    queue: new Map(),
    nextQueued: 1,
    locks: new Map(),
  };
  readonly #listeners = new Listeners();
  #closed = false;

  get kept(): Kept {
    if (this.#closed) throw new StoreClosed('the store is closed');
    return this.#kept;
  }

  box(account: AccountId): Box | undefined {
    return this.kept.boxes.get(account);
  }

  listen(listener: (change: Change) => void): () => void {
    if (this.#closed) throw new StoreClosed('the store is closed');
    return this.#listeners.add(listener);
  }

  tell(notes: Notes): void {
    this.#listeners.tell(notes.changes());
  }

  close(): void {
    this.#closed = true;
    this.#listeners.clear();
  }
}

/** What one verb changed, an account at a time, in the order in which the accounts appear in it. */
export class Notes {
  readonly #mailboxes = new Map<Box, Set<MailboxId>>();

  /** Something of the account changed, and perhaps the letters of a mailbox. */
  add(box: Box, mailbox?: MailboxId): void {
    const mailboxes = this.#mailboxes.get(box) ?? new Set();
    this.#mailboxes.set(box, mailboxes);
    if (mailbox !== undefined) mailboxes.add(mailbox);
  }

  changes(): readonly Change[] {
    return [...this.#mailboxes].map(([{ account, modSeq }, mailboxes]) => ({
      account: account.id,
      modSeq,
      mailboxes: [...mailboxes].sort((one, other) => one - other),
    }));
  }
}

/** The account's next modification sequence. */
export const raise = (box: Box): ModSeq => {
  box.modSeq = (box.modSeq + 1n) as ModSeq;
  return box.modSeq;
};
