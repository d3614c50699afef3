import fs from 'node:fs';
import type {
  Account,
  AccountId,
  AccountName,
  Alias,
  AppPassword,
  Arrangement,
  BoundCertificate,
  Change,
  Delivery,
  Found,
  KeywordChange,
  Letter,
  LetterId,
  LetterQuery,
  Mailbox,
  MailboxId,
  MailboxUpdate,
  ModSeq,
  NewAccount,
  NewLetter,
  NewMailbox,
  NewQueued,
  ObjectChange,
  ObjectKind,
  PlacedLetter,
  PlacedQuery,
  Queued,
  QueueId,
  Quota,
  RemovedLetter,
  Retention,
  SearchQuery,
  Spool,
  SpoolId,
  Store,
  StoredObject,
  Tally,
  TallyEvent,
  ThreadId,
  Uid,
  Usage,
  Verifiers,
} from '../port.ts';
import { ok, refused, type Eventually, type Result } from '../../result.ts';
import { omittedBytes } from '../../mail/omitted-ranges.ts';
import { StoreFault } from '../fault.ts';
import { checkKeywords } from '../keywords.ts';
import {
  areObjectsSmall,
  checkAlias,
  checkAppPassword,
  checkCount,
  checkDelivery,
  checkLease,
  checkLetter,
  checkQuota,
  checkSearch,
  checkSha256,
} from '../rules.ts';
import { BlobFiles } from './blob-files.ts';
import { Channel, DEFAULT_BOUNDS, type StoreDoor, type WaitingBounds } from './channel.ts';
import { folderPaths } from './folder.ts';
import { formatOmitted } from './omitted-column.ts';
import { Reader } from './reader.ts';
import { Searches } from './searches.ts';
import { SpoolFile } from './spool.ts';
import { threadKeys } from './thread-keys.ts';
import type { LetterWrite, WriteOf, Written } from './write.ts';

const copyOf = ({ scram, argon2id }: Verifiers): Verifiers => ({
  argon2id,
  // A view of a pooled buffer would be cloned with its whole pool.
  scram: {
    salt: new Uint8Array(scram.salt),
    iterations: scram.iterations,
    storedKey: new Uint8Array(scram.storedKey),
    serverKey: new Uint8Array(scram.serverKey),
  },
});

/** A letter as it crosses to the store thread. What it costs to make is spent on this thread. */
const letterWrite = (letter: NewLetter): LetterWrite => ({
  hash: letter.hash,
  sizeBytes: letter.sizeBytes,
  chunks: letter.chunks,
  spool: letter.spool ?? null,
  summary: letter.summary,
  parsed: letter.parsed ?? null,
  threadKeys: threadKeys(letter.threading),
  transport: JSON.stringify(letter.transport),
  receivedAt: letter.receivedAt,
  omitted: formatOmitted(letter.omitted ?? []),
  keptBytes: letter.sizeBytes - omittedBytes(letter.omitted ?? []),
});

/** How often a read that finds the database locked (another process recovers it) is tried again, a turn each. */
const BUSY_TURNS = 100_000;

const isBusy = (cause: unknown): boolean =>
  cause instanceof Error &&
  'errcode' in cause &&
  typeof cause.errcode === 'number' &&
  (cause.errcode & 0xff) === 5;

/** The store as one thread of the process sees it: reads on its own connection, writes by message. */
class SqliteStore implements Store {
  readonly #reader: Reader;
  readonly #files: BlobFiles;
  readonly #channel: Channel;
  readonly #searches: Searches;
  #closing: Promise<void> | null = null;

  constructor(folder: string, door: StoreDoor, bounds: WaitingBounds) {
    const paths = folderPaths(folder);
    this.#reader = new Reader(paths);
    this.#files = new BlobFiles(paths.blobs);
    this.#channel = new Channel(door, bounds);
    this.#searches = new Searches(() => this.#channel.openSearches());
  }

  account(name: AccountName): Eventually<Account | null> {
    return this.#read((reader) => reader.account(name));
  }

  accounts(): Eventually<readonly Account[]> {
    return this.#read((reader) => reader.accounts());
  }

  verifiers(account: AccountId): Eventually<Verifiers | null> {
    return this.#read((reader) => reader.verifiers(account));
  }

  quota(account: AccountId): Eventually<{ readonly quota: Quota; readonly usage: Usage } | null> {
    return this.#read((reader) => reader.quota(account));
  }

  appPasswords(account: AccountId): Eventually<readonly AppPassword[]> {
    return this.#read((reader) => reader.appPasswords(account));
  }

  appPassword(account: AccountId, sha256: string): Eventually<AppPassword | null> {
    return this.#read((reader) => reader.appPassword(account, sha256));
  }

  boundCertificates(account: AccountId): Eventually<readonly BoundCertificate[]> {
    return this.#read((reader) => reader.boundCertificates(account));
  }

  accountsOfCertificate(sha256: string): Eventually<readonly Account[]> {
    return this.#read((reader) => reader.accountsOfCertificate(sha256));
  }

  domains(): Eventually<readonly string[]> {
    return this.#read((reader) => reader.domains());
  }

  aliases(): Eventually<readonly Alias[]> {
    return this.#read((reader) => reader.aliases());
  }

  alias(name: AccountName): Eventually<Alias | null> {
    return this.#read((reader) => reader.alias(name));
  }

  tallies(keys: readonly string[]): Eventually<readonly Tally[]> {
    return this.#read((reader) => reader.tallies(keys));
  }

  mailboxes(account: AccountId): Eventually<readonly Mailbox[]> {
    return this.#read((reader) => reader.mailboxes(account));
  }

  mailbox(account: AccountId, mailbox: MailboxId): Eventually<Mailbox | null> {
    return this.#read((reader) => reader.mailbox(account, mailbox));
  }

  lostSubscriptions(account: AccountId): Eventually<readonly string[]> {
    return this.#read((reader) => reader.lostSubscriptions(account));
  }

  letter(account: AccountId, letter: LetterId): Eventually<Letter | null> {
    return this.#readOf(account, null, (reader) => reader.letters.letter(account, letter));
  }

  lettersById(account: AccountId, letters: readonly LetterId[]): Eventually<readonly Letter[]> {
    return this.#readOf(account, [], (reader) => reader.letters.lettersById(account, letters));
  }

  uids(account: AccountId, mailbox: MailboxId): Eventually<Uint32Array> {
    return this.#readOf(account, new Uint32Array(), (reader) => reader.letters.uids(account, mailbox));
  }

  placed(query: PlacedQuery): Eventually<readonly PlacedLetter[]> {
    return this.#readOf(query.account, [], (reader) => reader.letters.placed(query));
  }

  placesOf(account: AccountId, letters: readonly LetterId[]): Eventually<readonly PlacedLetter[]> {
    return this.#readOf(account, [], (reader) => reader.letters.placesOf(account, letters));
  }

  thread(account: AccountId, thread: ThreadId): Eventually<readonly LetterId[]> {
    return this.#readOf(account, [], (reader) => reader.letters.thread(account, thread));
  }

  removedLetters(query: LetterQuery): Eventually<readonly RemovedLetter[]> {
    return this.#readOf(query.account, [], (reader) => reader.letters.removedLetters(query));
  }

  blob(account: AccountId, letter: LetterId): Eventually<Uint8Array | null> {
    return this.#readOf(account, null, (reader) => reader.blobs.blob(account, letter));
  }

  blobPieces(
    account: AccountId,
    letter: LetterId,
    range?: { readonly start: number; readonly end: number },
  ): Eventually<AsyncIterable<Uint8Array> | null> {
    return this.#readOf(account, null, (reader) => reader.blobs.pieces(account, letter, range));
  }

  modSeq(account: AccountId): Eventually<ModSeq | null> {
    return this.#read((reader) => reader.changes.modSeq(account));
  }

  changesSince: Store['changesSince'] = (account, kind, since, most) =>
    // The kind that is asked for tells what the ids are.
    this.#read((reader) => reader.changes.changesSince(account, kind, since, most)) as never;

  vanishedSince(
    account: AccountId,
    mailbox: MailboxId,
    since: ModSeq,
  ): Eventually<Result<readonly Uid[], 'cannot-calculate'>> {
    return this.#read((reader) => reader.changes.vanishedSince(account, mailbox, since));
  }

  objects(account: AccountId, kind: ObjectKind): Eventually<readonly StoredObject[]> {
    return this.#read((reader) => reader.objects(account, kind));
  }

  object(account: AccountId, kind: ObjectKind, name: string): Eventually<StoredObject | null> {
    return this.#read((reader) => reader.object(account, kind, name));
  }

  queued(query: { readonly count: number; readonly after: QueueId | null }): Eventually<readonly Queued[]> {
    return this.#read((reader) => reader.queued(query));
  }

  queuedPieces(id: QueueId): Eventually<AsyncIterable<Uint8Array> | null> {
    return this.#read((reader) => reader.blobs.queuedPieces(id));
  }

  async createAccount(wanted: NewAccount): Promise<Written<'create-account'>> {
    const own: NewAccount = { ...wanted, verifiers: copyOf(wanted.verifiers) };
    return this.#channel.write({ do: 'create-account', wanted: own });
  }

  async removeAccount(account: AccountId): Promise<Written<'remove-account'>> {
    return this.#channel.write({ do: 'remove-account', account });
  }

  async setVerifiers(account: AccountId, verifiers: Verifiers): Promise<Written<'set-verifiers'>> {
    return this.#channel.write({ do: 'set-verifiers', account, verifiers: copyOf(verifiers) });
  }

  async setQuota(account: AccountId, quota: Quota): Promise<Written<'set-quota'>> {
    checkQuota(quota);
    return this.#channel.write({ do: 'set-quota', account, quota });
  }

  async addAppPassword(
    account: AccountId,
    password: Omit<AppPassword, 'lastUsedOn'>,
  ): Promise<Written<'add-app-password'>> {
    checkAppPassword(password);
    return this.#channel.write({ do: 'add-app-password', account, password });
  }

  async removeAppPassword(account: AccountId, label: string): Promise<Written<'remove-app-password'>> {
    return this.#channel.write({ do: 'remove-app-password', account, label });
  }

  async noteAppPasswordUse(account: AccountId, sha256: string, usedOn: number): Promise<void> {
    checkSha256(sha256);
    await this.#channel.write({ do: 'use-app-password', account, sha256, usedOn });
  }

  async bindCertificate(
    account: AccountId,
    certificate: BoundCertificate,
  ): Promise<Written<'bind-certificate'>> {
    checkSha256(certificate.sha256);
    return this.#channel.write({ do: 'bind-certificate', account, certificate });
  }

  async unbindCertificate(account: AccountId, sha256: string): Promise<Written<'unbind-certificate'>> {
    checkSha256(sha256);
    return this.#channel.write({ do: 'unbind-certificate', account, sha256 });
  }

  async addDomain(domain: string): Promise<Written<'add-domain'>> {
    return this.#channel.write({ do: 'add-domain', domain });
  }

  async removeDomain(domain: string): Promise<Written<'remove-domain'>> {
    return this.#channel.write({ do: 'remove-domain', domain });
  }

  async setAlias(alias: Alias): Promise<void> {
    checkAlias(alias);
    await this.#channel.write({ do: 'set-alias', alias });
  }

  async removeAlias(name: AccountName): Promise<Written<'remove-alias'>> {
    return this.#channel.write({ do: 'remove-alias', name });
  }

  async tally(events: readonly TallyEvent[]): Promise<void> {
    await this.#channel.write({ do: 'tally', events });
  }

  async forgetTallies(keys: readonly string[]): Promise<void> {
    await this.#channel.write({ do: 'forget-tallies', keys });
  }

  async createMailbox(account: AccountId, wanted: NewMailbox): Promise<Written<'create-mailbox'>> {
    return this.#channel.write({ do: 'create-mailbox', account, wanted });
  }

  async updateMailbox(
    account: AccountId,
    mailbox: MailboxId,
    update: MailboxUpdate,
  ): Promise<Written<'update-mailbox'>> {
    return this.#channel.write({ do: 'update-mailbox', account, mailbox, update });
  }

  async removeMailbox(
    account: AccountId,
    mailbox: MailboxId,
    how: { readonly letters: 'refuse' | 'remove'; readonly at: number },
  ): Promise<Written<'remove-mailbox'>> {
    return this.#channel.write({ do: 'remove-mailbox', account, mailbox, letters: how.letters, at: how.at });
  }

  async forgetSubscription(account: AccountId, path: string): Promise<Written<'forget-subscription'>> {
    return this.#channel.write({ do: 'forget-subscription', account, path });
  }

  async spool(): Promise<Spool> {
    this.#channel.mustBeOpen();
    this.#files.makeSpoolFolder();
    return SpoolFile.open((id) => this.#files.spoolPath(id));
  }

  async deliver(...deliveries: readonly Delivery[]): Promise<Written<'deliver'>> {
    if (deliveries.length === 0) return ok([]);
    for (const delivery of deliveries) checkDelivery(delivery);
    const writes = deliveries.map((delivery) => ({
      ...letterWrite(delivery),
      recipients: delivery.recipients,
    }));
    const bytes = writes.reduce(
      (sum, { chunks, sizeBytes }) => sum + (chunks.length === 0 ? 0 : sizeBytes),
      0,
    );
    const delivered = await this.#channel.write({ do: 'deliver', deliveries: writes }, bytes);
    if (delivered.ok) await Promise.all(deliveries.map(({ spool }) => this.#giveUp(spool)));
    return delivered;
  }

  /** What was spooled has another name by now, or was here before. */
  async #giveUp(spool: SpoolId | undefined): Promise<void> {
    if (spool !== undefined) await fs.promises.rm(this.#files.spoolPath(spool), { force: true });
  }

  async setKeywords(
    account: AccountId,
    mailbox: MailboxId,
    uids: readonly Uid[],
    change: KeywordChange,
    unchangedSince?: ModSeq,
  ): Promise<Written<'set-keywords'>> {
    checkKeywords(change.keywords);
    const until = { unchangedSince: unchangedSince ?? null };
    return this.#channel.write({ do: 'set-keywords', account, mailbox, uids, change, ...until });
  }

  async copy(
    account: AccountId,
    from: MailboxId,
    uids: readonly Uid[],
    to: MailboxId,
    at: number,
  ): Promise<Written<'copy'>> {
    return this.#channel.write({ do: 'copy', account, from, uids, to, at });
  }

  async move(
    account: AccountId,
    from: MailboxId,
    uids: readonly Uid[],
    to: MailboxId,
    at: number,
  ): Promise<Written<'move'>> {
    return this.#channel.write({ do: 'move', account, from, uids, to, at });
  }

  async expunge(
    account: AccountId,
    mailbox: MailboxId,
    uids: readonly Uid[],
    which: 'deleted' | 'any',
    at: number,
  ): Promise<Written<'expunge'>> {
    return this.#channel.write({ do: 'expunge', account, mailbox, uids, which, at });
  }

  async arrange(
    account: AccountId,
    arrangements: readonly Arrangement[],
    at: number,
  ): Promise<Written<'arrange'>> {
    for (const { keywords } of arrangements) checkKeywords(keywords?.keywords ?? []);
    return this.#channel.write({ do: 'arrange', account, arrangements, at });
  }

  async removeLetters(
    account: AccountId,
    letters: readonly LetterId[],
    at: number,
  ): Promise<readonly LetterId[]> {
    return this.#channel.write({ do: 'remove-letters', account, letters, at });
  }

  async undelete(account: AccountId, letters: readonly LetterId[], at: number): Promise<Written<'undelete'>> {
    return this.#channel.write({ do: 'undelete', account, letters, at });
  }

  async changeObjects(
    account: AccountId,
    changes: readonly ObjectChange[],
    at: number,
  ): Promise<Result<ModSeq, 'no-account' | 'too-many' | 'too-large'>> {
    if (!areObjectsSmall(changes)) return refused('too-large');
    return this.#channel.write({ do: 'change-objects', account, changes, at });
  }

  async enqueue(letter: NewLetter, entries: readonly NewQueued[]): Promise<readonly QueueId[]> {
    checkLetter(letter);
    const bytes = letter.chunks.length === 0 ? 0 : letter.sizeBytes;
    const queued = await this.#channel.write({ do: 'enqueue', letter: letterWrite(letter), entries }, bytes);
    await this.#giveUp(letter.spool);
    return queued;
  }

  async lease(now: number, until: number, count: number): Promise<readonly Queued[]> {
    checkLease(now, until);
    checkCount(count);
    return this.#channel.write({ do: 'lease', now, until, count });
  }

  async settle(
    id: QueueId,
    leasedUntil: number,
    outcome: WriteOf<'settle'>['outcome'],
  ): Promise<Written<'settle'>> {
    return this.#channel.write({ do: 'settle', id, leasedUntil, outcome });
  }

  async search(query: SearchQuery): Promise<Found> {
    this.#channel.mustBeOpen();
    checkSearch(query);
    return this.#searches.search(query);
  }

  async dropIndex(account: AccountId): Promise<void> {
    this.#channel.mustBeOpen();
    return this.#searches.drop(account);
  }

  async tidy(retention: Retention): Promise<Written<'tidy'>> {
    return this.#channel.write({ do: 'tidy', retention });
  }

  onChange(listener: (change: Change) => void): () => void {
    return this.#channel.onChange(listener);
  }

  close(): Promise<void> {
    this.#searches.close();
    this.#closing ??= this.#channel.close().then(() => this.#reader.close());
    return this.#closing;
  }

  /** Of an account that is there; `none` where it is not. */
  #readOf<Value>(
    account: AccountId,
    none: Value,
    read: (reader: Reader) => Eventually<Value>,
  ): Eventually<Value> {
    return this.#read((reader) => (reader.isThere(account) ? read(reader) : none));
  }

  #read<Value>(read: (reader: Reader) => Eventually<Value>): Eventually<Value> {
    this.#channel.mustBeOpen();
    try {
      return read(this.#reader);
    } catch (cause) {
      if (isBusy(cause)) return this.#readLater(read);
      throw cause;
    }
  }

  /** Gives the thread back between two tries, so that other sessions go on while another process recovers the log. */
  async #readLater<Value>(read: (reader: Reader) => Eventually<Value>): Promise<Value> {
    for (let turn = 0; turn < BUSY_TURNS; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      this.#channel.mustBeOpen();
      try {
        return await read(this.#reader);
      } catch (cause) {
        if (!isBusy(cause)) throw cause;
      }
    }
    throw new StoreFault('the database stays locked by another process');
  }
}

/** Opens the store on a thread of this process; `door` comes from this process's store thread for the same folder. */
export const openSqliteStore = (options: {
  readonly folder: string;
  readonly door: StoreDoor;
  readonly bounds?: WaitingBounds;
}): Store => new SqliteStore(options.folder, options.door, options.bounds ?? DEFAULT_BOUNDS);
