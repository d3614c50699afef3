import fs from 'node:fs';
import type { AccountId, Change, NewAccount, NewLetter, SpoolId, Store, Verifiers } from '../port.ts';
import { ok, refused, type Eventually } from '../../result.ts';
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
import { isBusy } from './busy.ts';
import { Channel, DEFAULT_BOUNDS, type StoreDoor, type WaitingBounds } from './channel.ts';
import { DirectoryVersion } from './directory-version.ts';
import { compress, type Compression } from './compression.ts';
import { diskFault } from './disk-fault.ts';
import { folderPaths } from './folder.ts';
import { formatOmitted } from './omitted-column.ts';
import { MaildropLocks } from './maildrop-locks.ts';
import { Reader } from './reader.ts';
import { Searches } from './searches.ts';
import { SpoolFile } from './spool.ts';
import { threadKeys } from './thread-keys.ts';
import type { LetterWrite, WriteKind, WriteOf, Written } from './write.ts';

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

const storedBytes = (
  { chunks, sizeBytes, spool }: NewLetter,
  compression: Compression,
): Pick<LetterWrite, 'chunks' | 'zstdBytes'> => {
  const frame = compression === 'none' || spool !== undefined ? null : compress(chunks, sizeBytes);
  return frame === null ? { chunks, zstdBytes: null } : { chunks: [frame], zstdBytes: frame.length };
};

/** A letter as it crosses to the store thread. What it costs to make is spent on this thread. */
const letterWrite = (letter: NewLetter, compression: Compression): LetterWrite => ({
  hash: letter.hash,
  sizeBytes: letter.sizeBytes,
  ...storedBytes(letter, compression),
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

/** The store as one thread of the process sees it: reads on its own connection, writes by message. */
class SqliteStore implements Store {
  readonly #folder: string;
  readonly #reader: Reader;
  readonly #files: BlobFiles;
  readonly #channel: Channel;
  readonly #searches: Searches;
  readonly #compression: Compression;
  readonly #directory: DirectoryVersion;
  readonly #locks: MaildropLocks;
  #closing: Promise<void> | null = null;

  constructor(folder: string, door: StoreDoor, bounds: WaitingBounds) {
    const paths = folderPaths(folder);
    this.#folder = folder;
    this.#reader = new Reader(paths);
    this.#files = new BlobFiles(paths.blobs);
    this.#compression = door.compression;
    this.#channel = new Channel(door, bounds);
    this.#directory = new DirectoryVersion(() => this.#reader.directoryVersion());
    this.#locks = new MaildropLocks(paths.maildrops);
    this.#searches = new Searches(() => this.#channel.openSearches());
  }

  readonly account: Store['account'] = (name) => this.#read((reader) => reader.account(name));

  readonly accounts: Store['accounts'] = () => this.#read((reader) => reader.accounts());

  readonly verifiers: Store['verifiers'] = (account) => this.#read((reader) => reader.verifiers(account));

  readonly quota: Store['quota'] = (account) => this.#read((reader) => reader.quota(account));

  readonly appPasswords: Store['appPasswords'] = (account) =>
    this.#read((reader) => reader.appPasswords(account));

  readonly appPassword: Store['appPassword'] = (account, sha256) =>
    this.#read((reader) => reader.appPassword(account, sha256));

  readonly boundCertificates: Store['boundCertificates'] = (account) =>
    this.#read((reader) => reader.boundCertificates(account));

  readonly accountsOfCertificate: Store['accountsOfCertificate'] = (sha256) =>
    this.#read((reader) => reader.accountsOfCertificate(sha256));

  readonly domains: Store['domains'] = () => this.#read((reader) => reader.domains());

  readonly aliases: Store['aliases'] = () => this.#read((reader) => reader.aliases());

  readonly alias: Store['alias'] = (name) => this.#read((reader) => reader.alias(name));

  readonly directoryVersion: Store['directoryVersion'] = () => this.#read(() => this.#directory.get());

  readonly tallies: Store['tallies'] = (keys) => this.#read((reader) => reader.tallies(keys));

  readonly mailboxes: Store['mailboxes'] = (account) => this.#read((reader) => reader.mailboxes(account));

  readonly mailbox: Store['mailbox'] = (account, mailbox) =>
    this.#read((reader) => reader.mailbox(account, mailbox));

  readonly lostSubscriptions: Store['lostSubscriptions'] = (account) =>
    this.#read((reader) => reader.lostSubscriptions(account));

  readonly letter: Store['letter'] = (account, letter) =>
    this.#readOf(account, null, (reader) => reader.letters.letter(account, letter));

  readonly lettersById: Store['lettersById'] = (account, letters) =>
    this.#readOf(account, [], (reader) => reader.letters.lettersById(account, letters));

  readonly uids: Store['uids'] = (account, mailbox) =>
    this.#readOf(account, new Uint32Array(), (reader) => reader.letters.uids(account, mailbox));

  readonly placed: Store['placed'] = (query) =>
    this.#readOf(query.account, [], (reader) => reader.letters.placed(query));

  readonly placedParsed: Store['placedParsed'] = (query) =>
    this.#readOf(query.account, [], (reader) => reader.letters.placedParsed(query));

  readonly placesOf: Store['placesOf'] = (account, letters) =>
    this.#readOf(account, [], (reader) => reader.letters.placesOf(account, letters));

  readonly thread: Store['thread'] = (account, thread) =>
    this.#readOf(account, [], (reader) => reader.letters.thread(account, thread));

  readonly removedLetters: Store['removedLetters'] = (query) =>
    this.#readOf(query.account, [], (reader) => reader.letters.removedLetters(query));

  readonly blob: Store['blob'] = (account, letter) =>
    this.#readOf(account, null, (reader) => reader.blobs.blob(account, letter));

  readonly blobPieces: Store['blobPieces'] = (account, letter, range) =>
    this.#readOf(account, null, (reader) => reader.blobs.pieces(account, letter, range));

  readonly served: Store['served'] = (account, letter) =>
    this.#readOf(account, null, (reader) => reader.blobs.served(account, letter));

  readonly lockMaildrop: Store['lockMaildrop'] = (account) =>
    this.#read((reader) => (reader.isThere(account) ? this.#locks.take(account) : refused('no-account')));

  readonly modSeq: Store['modSeq'] = (account) => this.#read((reader) => reader.changes.modSeq(account));

  readonly changesSince: Store['changesSince'] = (account, kind, since, most) =>
    // The kind that is asked for tells what the ids are.
    this.#read((reader) => reader.changes.changesSince(account, kind, since, most)) as never;

  readonly vanishedSince: Store['vanishedSince'] = (account, mailbox, since) =>
    this.#read((reader) => reader.changes.vanishedSince(account, mailbox, since));

  readonly objects: Store['objects'] = (account, kind) =>
    this.#read((reader) => reader.objects(account, kind));

  readonly object: Store['object'] = (account, kind, name) =>
    this.#read((reader) => reader.object(account, kind, name));

  readonly queued: Store['queued'] = (query) => this.#read((reader) => reader.queued(query));

  readonly queuedPieces: Store['queuedPieces'] = (id) =>
    this.#read((reader) => reader.blobs.queuedPieces(id));

  readonly createAccount: Store['createAccount'] = async (wanted) => {
    const own: NewAccount = { ...wanted, verifiers: copyOf(wanted.verifiers) };
    return this.#changeDirectory({ do: 'create-account', wanted: own });
  };

  readonly removeAccount: Store['removeAccount'] = async (account) =>
    this.#changeDirectory({ do: 'remove-account', account });

  readonly setVerifiers: Store['setVerifiers'] = async (account, verifiers) =>
    this.#channel.write({ do: 'set-verifiers', account, verifiers: copyOf(verifiers) });

  readonly setQuota: Store['setQuota'] = async (account, quota) => {
    checkQuota(quota);
    return this.#changeDirectory({ do: 'set-quota', account, quota });
  };

  readonly addAppPassword: Store['addAppPassword'] = async (account, password) => {
    checkAppPassword(password);
    return this.#channel.write({ do: 'add-app-password', account, password });
  };

  readonly removeAppPassword: Store['removeAppPassword'] = async (account, label) =>
    this.#channel.write({ do: 'remove-app-password', account, label });

  readonly noteAppPasswordUse: Store['noteAppPasswordUse'] = async (account, sha256, usedOn) => {
    checkSha256(sha256);
    await this.#channel.write({ do: 'use-app-password', account, sha256, usedOn });
  };

  readonly bindCertificate: Store['bindCertificate'] = async (account, certificate) => {
    checkSha256(certificate.sha256);
    return this.#channel.write({ do: 'bind-certificate', account, certificate });
  };

  readonly unbindCertificate: Store['unbindCertificate'] = async (account, sha256) => {
    checkSha256(sha256);
    return this.#channel.write({ do: 'unbind-certificate', account, sha256 });
  };

  readonly addDomain: Store['addDomain'] = async (domain) =>
    this.#changeDirectory({ do: 'add-domain', domain });

  readonly removeDomain: Store['removeDomain'] = async (domain) =>
    this.#changeDirectory({ do: 'remove-domain', domain });

  readonly setAlias: Store['setAlias'] = async (alias) => {
    checkAlias(alias);
    await this.#changeDirectory({ do: 'set-alias', alias });
  };

  readonly removeAlias: Store['removeAlias'] = async (name) =>
    this.#changeDirectory({ do: 'remove-alias', name });

  readonly tally: Store['tally'] = async (events) => {
    await this.#channel.write({ do: 'tally', events });
  };

  readonly forgetTallies: Store['forgetTallies'] = async (keys) => {
    await this.#channel.write({ do: 'forget-tallies', keys });
  };

  readonly createMailbox: Store['createMailbox'] = async (account, wanted) =>
    this.#channel.write({ do: 'create-mailbox', account, wanted });

  readonly updateMailbox: Store['updateMailbox'] = async (account, mailbox, update) =>
    this.#channel.write({ do: 'update-mailbox', account, mailbox, update });

  readonly removeMailbox: Store['removeMailbox'] = async (account, mailbox, how) =>
    this.#channel.write({ do: 'remove-mailbox', account, mailbox, letters: how.letters, at: how.at });

  readonly forgetSubscription: Store['forgetSubscription'] = async (account, path) =>
    this.#channel.write({ do: 'forget-subscription', account, path });

  readonly spool: Store['spool'] = async () => {
    this.#channel.mustBeOpen();
    this.#files.makeSpoolFolder();
    return SpoolFile.open((id) => this.#files.spoolPath(id));
  };

  readonly deliver: Store['deliver'] = async (...deliveries) => {
    if (deliveries.length === 0) return ok([]);
    for (const delivery of deliveries) checkDelivery(delivery);
    const writes = deliveries.map((delivery) => ({
      ...letterWrite(delivery, this.#compression),
      savedAt: delivery.savedAt ?? delivery.receivedAt,
      recipients: delivery.recipients,
    }));
    const bytes = writes.reduce(
      (sum, { chunks, sizeBytes }) => sum + (chunks.length === 0 ? 0 : sizeBytes),
      0,
    );
    const delivered = await this.#channel.write({ do: 'deliver', deliveries: writes }, bytes);
    if (delivered.ok) await Promise.all(deliveries.map(({ spool }) => this.#giveUp(spool)));
    return delivered;
  };

  /** What was spooled has another name by now, or was here before. */

  async #giveUp(spool: SpoolId | undefined): Promise<void> {
    if (spool !== undefined) await fs.promises.rm(this.#files.spoolPath(spool), { force: true });
  }

  readonly setKeywords: Store['setKeywords'] = async (account, mailbox, uids, change, unchangedSince) => {
    checkKeywords(change.keywords);
    const until = { unchangedSince: unchangedSince ?? null };
    return this.#channel.write({ do: 'set-keywords', account, mailbox, uids, change, ...until });
  };

  readonly copy: Store['copy'] = async (account, from, uids, to, at) =>
    this.#channel.write({ do: 'copy', account, from, uids, to, at });

  readonly move: Store['move'] = async (account, from, uids, to, at) =>
    this.#channel.write({ do: 'move', account, from, uids, to, at });

  readonly expunge: Store['expunge'] = async (account, mailbox, uids, which, at) =>
    this.#channel.write({ do: 'expunge', account, mailbox, uids, which, at });

  readonly arrange: Store['arrange'] = async (account, arrangements, at) => {
    for (const { keywords } of arrangements) checkKeywords(keywords?.keywords ?? []);
    return this.#channel.write({ do: 'arrange', account, arrangements, at });
  };

  readonly removeLetters: Store['removeLetters'] = async (account, letters, at) =>
    this.#channel.write({ do: 'remove-letters', account, letters, at });

  readonly undelete: Store['undelete'] = async (account, letters, at) =>
    this.#channel.write({ do: 'undelete', account, letters, at });

  readonly changeObjects: Store['changeObjects'] = async (account, changes, at) => {
    if (!areObjectsSmall(changes)) return refused('too-large');
    return this.#channel.write({ do: 'change-objects', account, changes, at });
  };

  readonly enqueue: Store['enqueue'] = async (letter, entries) => {
    checkLetter(letter);
    const bytes = letter.chunks.length === 0 ? 0 : letter.sizeBytes;
    const queued = await this.#channel.write(
      { do: 'enqueue', letter: letterWrite(letter, this.#compression), entries },
      bytes,
    );
    await this.#giveUp(letter.spool);
    return queued;
  };

  readonly lease: Store['lease'] = async (now, until, count) => {
    checkLease(now, until);
    checkCount(count);
    return this.#channel.write({ do: 'lease', now, until, count });
  };

  readonly settle: Store['settle'] = async (id, leasedUntil, outcome) =>
    this.#channel.write({ do: 'settle', id, leasedUntil, outcome });

  readonly search: Store['search'] = async (query) => {
    this.#channel.mustBeOpen();
    checkSearch(query);
    return this.#searches.search(query);
  };

  readonly dropIndex: Store['dropIndex'] = async (account) => {
    this.#channel.mustBeOpen();
    return this.#searches.drop(account);
  };

  readonly tidy: Store['tidy'] = async (retention) => {
    const tidied = await this.#channel.write({ do: 'tidy', retention });
    // To move letters needs room on the disk. What is let go of makes some, so it does not fail with that.
    return tidied.more ? tidied : { ...tidied, more: await this.#channel.write({ do: 'compact' }) };
  };

  onChange(listener: (change: Change) => void): () => void {
    return this.#channel.onChange(listener);
  }

  close(): Promise<void> {
    this.#searches.close();
    this.#locks.releaseAll();
    this.#closing ??= this.#channel.close().then(() => this.#reader.close());
    return this.#closing;
  }

  async #changeDirectory<Kind extends WriteKind>(write: WriteOf<Kind>): Promise<Written<Kind>> {
    const written = await this.#channel.write(write);
    this.#directory.forget();
    return written;
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
      const value = read(this.#reader);
      return value instanceof Promise ? this.#told(value) : value;
    } catch (cause) {
      if (isBusy(cause)) return this.#readLater(read);
      throw diskFault(cause, this.#folder);
    }
  }

  async #told<Value>(value: Promise<Value>): Promise<Value> {
    try {
      return await value;
    } catch (cause) {
      throw diskFault(cause, this.#folder);
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
        if (!isBusy(cause)) throw diskFault(cause, this.#folder);
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
