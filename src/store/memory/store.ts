import { StoreClosed, StoreFault } from '../fault.ts';
import { Listeners } from '../listeners.ts';
import type {
  Account,
  AccountId,
  AccountName,
  AppPassword,
  BlobHash,
  BoundCertificate,
  Change,
  Delivery,
  DeliveryRecipient,
  Letter,
  LetterId,
  LetterQuery,
  Mailbox,
  MailboxId,
  ModSeq,
  NewAccount,
  Placement,
  Store,
  Tally,
  TallyEvent,
  Uid,
  Verifiers,
} from '../port.ts';
import { ok, refused, type Result } from '../../result.ts';
import {
  checkAppPassword,
  checkCount,
  checkDelivery,
  checkSha256,
  INBOX_NAME,
  MAX_CREDENTIALS,
  MAX_TALLIES,
  nextUidValidity,
} from '../rules.ts';

type Box = {
  readonly account: Account;
  verifiers: Verifiers;
  appPasswords: readonly AppPassword[];
  certificates: readonly BoundCertificate[];
  inbox: Mailbox;
  modSeq: bigint;
  readonly letters: Letter[];
};

const copyOf = (verifiers: Verifiers): Verifiers => ({
  argon2id: verifiers.argon2id,
  scram: {
    iterations: verifiers.scram.iterations,
    salt: new Uint8Array(verifiers.scram.salt),
    storedKey: new Uint8Array(verifiers.scram.storedKey),
    serverKey: new Uint8Array(verifiers.scram.serverKey),
  },
});

/** Everything in maps, nothing on disk: the shortest text that keeps the contract. */
class MemoryStore implements Store {
  readonly #boxes = new Map<AccountId, Box>();
  readonly #names = new Map<AccountName, AccountId>();
  readonly #blobs = new Map<BlobHash, Uint8Array>();
  readonly #tallies = new Map<string, Tally>();
  readonly #listeners = new Listeners();
  #closed = false;

  account(name: AccountName): Account | null {
    this.#mustBeOpen();
    const id = this.#names.get(name);
    return id === undefined ? null : (this.#boxes.get(id)?.account ?? null);
  }

  accounts(): readonly Account[] {
    this.#mustBeOpen();
    return [...this.#boxes.values()].map((box) => box.account);
  }

  verifiers(account: AccountId): Verifiers | null {
    this.#mustBeOpen();
    const box = this.#boxes.get(account);
    return box === undefined ? null : copyOf(box.verifiers);
  }

  appPasswords(account: AccountId): readonly AppPassword[] {
    this.#mustBeOpen();
    return this.#boxes.get(account)?.appPasswords ?? [];
  }

  appPassword(account: AccountId, sha256: string): AppPassword | null {
    return this.appPasswords(account).find((own) => own.sha256 === sha256) ?? null;
  }

  boundCertificates(account: AccountId): readonly BoundCertificate[] {
    this.#mustBeOpen();
    return this.#boxes.get(account)?.certificates ?? [];
  }

  accountsOfCertificate(sha256: string): readonly Account[] {
    this.#mustBeOpen();
    const bound = [...this.#boxes.values()].filter(({ certificates }) =>
      certificates.some((certificate) => certificate.sha256 === sha256),
    );
    return bound.map(({ account }) => account);
  }

  mailboxes(account: AccountId): readonly Mailbox[] {
    this.#mustBeOpen();
    const box = this.#boxes.get(account);
    return box === undefined ? [] : [box.inbox];
  }

  letters(query: LetterQuery): readonly Letter[] {
    this.#mustBeOpen();
    checkCount(query.count);
    const { before } = query;
    const letters = this.#boxes.get(query.account)?.letters ?? [];
    return letters
      .filter((letter) => before === null || letter.id < before)
      .toReversed()
      .slice(0, query.count);
  }

  letter(account: AccountId, letter: LetterId): Letter | null {
    this.#mustBeOpen();
    return this.#boxes.get(account)?.letters.find(({ id }) => id === letter) ?? null;
  }

  blob(account: AccountId, hash: BlobHash): Uint8Array | null {
    this.#mustBeOpen();
    const mayRead = this.#boxes.get(account)?.letters.some((letter) => letter.hash === hash) ?? false;
    const bytes = mayRead ? this.#blobs.get(hash) : undefined;
    return bytes === undefined ? null : new Uint8Array(bytes);
  }

  tallies(keys: readonly string[]): readonly Tally[] {
    this.#mustBeOpen();
    return [...new Set(keys)].flatMap((key) => this.#tallies.get(key) ?? []);
  }

  async createAccount(account: NewAccount): Promise<Result<Account, 'exists'>> {
    this.#mustBeOpen();
    if (this.#names.has(account.name)) return refused('exists');
    const made: Account = {
      id: (this.#boxes.size + 1) as AccountId,
      name: account.name,
      createdAt: account.createdAt,
    };
    const inbox: Mailbox = {
      id: 1 as MailboxId,
      name: INBOX_NAME,
      uidValidity: nextUidValidity(0, account.createdAt),
      uidNext: 1 as Uid,
      highestModSeq: 1n as ModSeq,
      letters: 0,
    };
    this.#names.set(made.name, made.id);
    this.#boxes.set(made.id, {
      account: made,
      verifiers: copyOf(account.verifiers),
      appPasswords: [],
      certificates: [],
      inbox,
      modSeq: 1n,
      letters: [],
    });
    this.#listeners.tell([{ change: 'account-created', account: made }]);
    return ok(made);
  }

  async setVerifiers(account: AccountId, verifiers: Verifiers): Promise<Result<null, 'no-account'>> {
    this.#mustBeOpen();
    const box = this.#boxes.get(account);
    if (box === undefined) return refused('no-account');
    box.verifiers = copyOf(verifiers);
    return ok(null);
  }

  async addAppPassword(
    account: AccountId,
    { label, sha256, scope, createdAt, expiresAt }: Omit<AppPassword, 'lastUsedOn'>,
  ): Promise<Result<null, 'no-account' | 'exists' | 'too-many'>> {
    this.#mustBeOpen();
    checkAppPassword({ sha256, scope });
    const box = this.#boxes.get(account);
    if (box === undefined) return refused('no-account');
    if (box.appPasswords.some((own) => own.label === label || own.sha256 === sha256))
      return refused('exists');
    if (box.appPasswords.length >= MAX_CREDENTIALS) return refused('too-many');
    const made = { label, sha256, scope: [...scope], createdAt, lastUsedOn: null, expiresAt };
    box.appPasswords = [...box.appPasswords, made];
    return ok(null);
  }

  async removeAppPassword(account: AccountId, label: string): Promise<Result<null, 'no-app-password'>> {
    this.#mustBeOpen();
    const box = this.#boxes.get(account);
    const left = box?.appPasswords.filter((own) => own.label !== label);
    if (box === undefined || left === undefined || left.length === box.appPasswords.length)
      return refused('no-app-password');
    box.appPasswords = left;
    return ok(null);
  }

  async noteAppPasswordUse(account: AccountId, sha256: string, usedOn: number): Promise<void> {
    this.#mustBeOpen();
    checkSha256(sha256);
    const box = this.#boxes.get(account);
    if (box === undefined) return;
    box.appPasswords = box.appPasswords.map((own) =>
      own.sha256 === sha256 ? { ...own, lastUsedOn: Math.max(usedOn, own.lastUsedOn ?? usedOn) } : own,
    );
  }

  async bindCertificate(
    account: AccountId,
    { sha256, subject, boundAt }: BoundCertificate,
  ): Promise<Result<null, 'no-account' | 'exists' | 'too-many'>> {
    this.#mustBeOpen();
    checkSha256(sha256);
    const box = this.#boxes.get(account);
    if (box === undefined) return refused('no-account');
    if (box.certificates.some((own) => own.sha256 === sha256)) return refused('exists');
    if (box.certificates.length >= MAX_CREDENTIALS) return refused('too-many');
    box.certificates = [...box.certificates, { sha256, subject, boundAt }];
    return ok(null);
  }

  async unbindCertificate(account: AccountId, sha256: string): Promise<Result<null, 'not-bound'>> {
    this.#mustBeOpen();
    checkSha256(sha256);
    const box = this.#boxes.get(account);
    const left = box?.certificates.filter((own) => own.sha256 !== sha256);
    if (box === undefined || left === undefined || left.length === box.certificates.length)
      return refused('not-bound');
    box.certificates = left;
    return ok(null);
  }

  async deliver(...deliveries: readonly Delivery[]): Promise<Result<readonly Placement[], 'no-account'>> {
    this.#mustBeOpen();
    for (const delivery of deliveries) {
      checkDelivery(delivery);
      const known = this.#blobs.get(delivery.hash);
      if (known !== undefined && known.length !== delivery.sizeBytes)
        throw new StoreFault(`two lengths for one SHA-256: ${delivery.hash}`);
      if (!delivery.recipients.every(({ account }) => this.#boxes.has(account))) return refused('no-account');
    }
    const placements = deliveries.flatMap((delivery) => {
      if (!this.#blobs.has(delivery.hash)) this.#blobs.set(delivery.hash, Buffer.concat(delivery.chunks));
      return delivery.recipients.map((recipient) =>
        this.#place(this.#boxes.get(recipient.account) as Box, delivery, recipient),
      );
    });
    this.#listeners.tell(placements.map((placement) => ({ change: 'delivered', placement })));
    return ok(placements);
  }

  #place(box: Box, delivery: Delivery, recipient: DeliveryRecipient): Placement {
    box.modSeq += 1n;
    const letter: Letter = {
      id: (box.letters.length + 1) as LetterId,
      mailbox: box.inbox.id,
      uid: box.inbox.uidNext,
      modSeq: box.modSeq as ModSeq,
      hash: delivery.hash,
      sizeBytes: delivery.sizeBytes,
      prefix: new Uint8Array(recipient.prefix),
      omitted: (delivery.omitted ?? []).map(({ start, end }) => ({ start, end })),
      forwardPath: recipient.forwardPath,
      summary: delivery.summary,
      transport: delivery.transport,
      receivedAt: delivery.receivedAt,
    };
    box.letters.push(letter);
    box.inbox = {
      ...box.inbox,
      uidNext: (letter.uid + 1) as Uid,
      highestModSeq: letter.modSeq,
      letters: box.inbox.letters + 1,
    };
    const { id, uid, modSeq, mailbox } = letter;
    return { account: box.account.id, mailbox, letter: id, uid, modSeq };
  }

  async tally(events: readonly TallyEvent[]): Promise<void> {
    this.#mustBeOpen();
    for (const { key, at, quietMs, times = 1 } of events) {
      const known = this.#tallies.get(key);
      const goesOn = known !== undefined && at - known.lastAt <= quietMs;
      this.#tallies.set(key, {
        key,
        count: (goesOn ? known.count : 0) + times,
        lastAt: Math.max(at, known?.lastAt ?? at),
      });
    }
    const excess = this.#tallies.size - MAX_TALLIES;
    if (excess <= 0) return;
    const quietest = [...this.#tallies.values()].sort((a, b) => a.lastAt - b.lastAt);
    for (const { key } of quietest.slice(0, excess)) this.#tallies.delete(key);
  }

  async forgetTallies(keys: readonly string[]): Promise<void> {
    this.#mustBeOpen();
    for (const key of keys) this.#tallies.delete(key);
  }

  onChange(listener: (change: Change) => void): () => void {
    this.#mustBeOpen();
    return this.#listeners.add(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#listeners.clear();
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new StoreClosed('the store is closed');
  }
}

/** A store that lives as long as its process, for the tests of other layers. */
export const openMemoryStore = (): Store => new MemoryStore();
