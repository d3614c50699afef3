import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type {
  AccountId,
  Mailbox,
  MailboxId,
  MailboxRole,
  MailboxUpdate,
  ModSeq,
  NewMailbox,
  Uid,
} from '../port.ts';
import { ok, refused } from '../../result.ts';
import { MailboxTree, type MailboxShape } from '../mailbox-tree.ts';
import { nextUidValidity } from '../rules.ts';
import { allRows, bigInteger, integer, text, type Row } from './column.ts';
import type { AccountNumbers, ChangeNotes, Ledger } from './ledger.ts';
import type { PlacementRows } from './placement-rows.ts';
import type { RemovalRows } from './removal-rows.ts';
import type { WriteOf, Written } from './write.ts';

/** The columns that `mailboxOfRow` reads, in its order; the statement reads integers as bigints. */
export const MAILBOX_COLUMNS = `id, parent, name, role, subscribed, sort_order, uid_validity, uid_next, highest_mod_seq,
  mod_seq, letters, unseen, deleted, size_bytes`;
const ALL = `SELECT ${MAILBOX_COLUMNS} FROM mailbox WHERE account = ? ORDER BY id`;
const INSERT = `INSERT INTO mailbox (account, id, parent, name, role, subscribed, sort_order, uid_validity, uid_next,
  highest_mod_seq, created_mod_seq, mod_seq, latest_received_at, letters, unseen, deleted, size_bytes)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?9, ?9, ?9, 0, 0, 0, 0, 0)`;
const UPDATE = `UPDATE mailbox SET parent = ?, name = ?, role = ?, subscribed = ?, sort_order = ? WHERE account = ? AND id = ?`;
const DELETE = 'DELETE FROM mailbox WHERE account = ? AND id = ?';
const LOSE = 'INSERT OR IGNORE INTO lost_subscription (account, path) VALUES (?, ?)';
const LOST = 'SELECT path FROM lost_subscription WHERE account = ?';
const SUBSCRIBE = 'UPDATE mailbox SET subscribed = 1 WHERE account = ? AND id = ?';
const FORGET_LOST = 'DELETE FROM lost_subscription WHERE account = ? AND path = ?';

/** A row of `MAILBOX_COLUMNS`. */
export const mailboxOfRow = (row: Row): Mailbox => ({
  id: integer(row[0]) as MailboxId,
  parent: integer(row[1]) === 0 ? null : (integer(row[1]) as MailboxId),
  name: text(row[2]),
  role: row[3] === null ? null : (text(row[3]) as MailboxRole),
  subscribed: integer(row[4]) === 1,
  sortOrder: integer(row[5]),
  uidValidity: integer(row[6]),
  uidNext: integer(row[7]) as Uid,
  highestModSeq: bigInteger(row[8]) as ModSeq,
  modSeq: bigInteger(row[9]) as ModSeq,
  letters: integer(row[10]),
  unseen: integer(row[11]),
  deleted: integer(row[12]),
  sizeBytes: integer(row[13]),
});

/** The mailboxes of an account, inside the writer's transaction. */
export class MailboxRows {
  readonly #ledger: Ledger;
  readonly #placements: PlacementRows;
  readonly #removals: RemovalRows;
  readonly #all: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #delete: StatementSync;
  readonly #lose: StatementSync;
  readonly #lost: StatementSync;
  readonly #subscribe: StatementSync;
  readonly #forgetLost: StatementSync;

  constructor(db: DatabaseSync, parts: { ledger: Ledger; placements: PlacementRows; removals: RemovalRows }) {
    this.#ledger = parts.ledger;
    this.#placements = parts.placements;
    this.#removals = parts.removals;
    this.#all = db.prepare(ALL, { returnArrays: true, readBigInts: true });
    this.#insert = db.prepare(INSERT);
    this.#update = db.prepare(UPDATE);
    this.#delete = db.prepare(DELETE);
    this.#lose = db.prepare(LOSE);
    this.#lost = db.prepare(LOST, { returnArrays: true });
    this.#subscribe = db.prepare(SUBSCRIBE);
    this.#forgetLost = db.prepare(FORGET_LOST);
  }

  /** The row of a new mailbox; what it may be called was asked before. */
  insert(
    account: AccountId,
    id: MailboxId,
    shape: MailboxShape,
    own: { uidValidity: number; modSeq: bigint },
  ): void {
    const { parent, name, role, subscribed, sortOrder } = shape;
    const what = [account, id, parent ?? 0, name, role, subscribed ? 1 : 0, sortOrder] as const;
    this.#insert.run(...what, own.uidValidity, own.modSeq);
  }

  create({ account, wanted }: WriteOf<'create-mailbox'>, notes: ChangeNotes): Written<'create-mailbox'> {
    const numbers = this.#ledger.account(account);
    if (numbers === null) return refused('no-account');
    this.#ledger.save();
    const tree = new MailboxTree(this.#mailboxes(account));
    const shape = shapeOf(wanted);
    const refusal = tree.refusal(shape, null);
    if (refusal !== null) return refused(refusal);
    const id = numbers.nextMailbox as MailboxId;
    numbers.nextMailbox += 1;
    numbers.lastUidValidity = nextUidValidity(numbers.lastUidValidity, wanted.createdAt);
    const modSeq = this.#ledger.raise(numbers);
    const { lastUidValidity: uidValidity } = numbers;
    this.insert(account, id, shape, { uidValidity, modSeq });
    this.#ledger.reload(account);
    return ok(this.#noted(account, id, notes));
  }

  update(write: WriteOf<'update-mailbox'>, notes: ChangeNotes): Written<'update-mailbox'> {
    const { account, update } = write;
    const numbers = this.#ledger.account(account);
    if (numbers === null) return refused('no-account');
    this.#ledger.save();
    const tree = new MailboxTree(this.#mailboxes(account));
    const before = tree.find(write.mailbox);
    if (before === null) return refused('no-mailbox');
    const after = updated(before, update);
    if (before.id === numbers.inbox && !staysInbox(before, after)) return refused('inbox');
    if (tree.isInside(after.parent, before.id)) return refused('inside-itself');
    const refusal = tree.refusal(after, before.id);
    if (refusal !== null) return refused(refusal);
    if (isSame(before, after)) return ok(before);
    const mailbox = numbers.mailboxes.get(before.id);
    if (mailbox === undefined) throw new Error(`mailbox ${before.id} of account ${account} has no numbers`);
    mailbox.modSeq = this.#ledger.raise(numbers);
    mailbox.changed = true;
    const { parent, name, role, subscribed, sortOrder } = after;
    this.#update.run(parent ?? 0, name, role, subscribed ? 1 : 0, sortOrder, account, before.id);
    return ok(this.#noted(account, before.id, notes));
  }

  remove(write: WriteOf<'remove-mailbox'>, notes: ChangeNotes): Written<'remove-mailbox'> {
    const { account, at } = write;
    const numbers = this.#ledger.account(account);
    const mailbox = numbers?.mailboxes.get(write.mailbox);
    if (!numbers || mailbox === undefined) return refused('no-mailbox');
    if (mailbox.id === numbers.inbox) return refused('inbox');
    this.#ledger.save();
    const tree = new MailboxTree(this.#mailboxes(account));
    const found = tree.find(mailbox.id);
    if (found === null) return refused('no-mailbox');
    if (tree.hasChildren(mailbox.id)) return refused('has-children');
    if (mailbox.letters > 0 && write.letters === 'refuse') return refused('has-letters');
    const rows = this.#placements.present(account, mailbox.id, this.#placements.uids(account, mailbox.id));
    this.#removals.removePlaces(numbers, mailbox, rows, at, notes);
    const modSeq = this.#ledger.raise(numbers);
    this.#removals.noteGone(account, 'mailbox', String(mailbox.id), modSeq, at);
    if (found.subscribed) this.#lose.run(account, tree.path(found));
    this.#ledger.save();
    this.#delete.run(account, mailbox.id);
    numbers.mailboxes.delete(mailbox.id);
    notes.note(numbers);
    return ok(null);
  }

  forgetSubscription({ account, path }: WriteOf<'forget-subscription'>): Written<'forget-subscription'> {
    return this.#forgetLost.run(account, path).changes > 0 ? ok(null) : refused('not-subscribed');
  }

  /** Who came to a path that is subscribed to is subscribed; `own` changes anyway. */
  #takeSubscriptionsOver(numbers: AccountNumbers, own: MailboxId): void {
    const { account } = numbers;
    const lost = new Set(allRows(this.#lost, account).map((row) => text(row[0])));
    if (lost.size === 0) return;
    const mailboxes = this.#mailboxes(account);
    const tree = new MailboxTree(mailboxes);
    for (const { id, name, parent, subscribed } of mailboxes) {
      const path = tree.path({ name, parent });
      if (!lost.has(path)) continue;
      this.#forgetLost.run(account, path);
      if (!subscribed) this.#subscribe.run(account, id);
      const mailbox = numbers.mailboxes.get(id);
      if (subscribed || id === own || mailbox === undefined) continue;
      mailbox.modSeq = this.#ledger.raise(numbers);
      mailbox.changed = true;
    }
  }

  #mailboxes(account: AccountId): readonly Mailbox[] {
    return allRows(this.#all, account).map(mailboxOfRow);
  }

  /** What the mailbox is after the change, which is noted. */
  #noted(account: AccountId, id: MailboxId, notes: ChangeNotes): Mailbox {
    const numbers = this.#ledger.account(account);
    if (numbers === null) throw new Error(`account ${account} is gone`);
    this.#takeSubscriptionsOver(numbers, id);
    this.#ledger.save();
    notes.note(numbers);
    const mailbox = this.#mailboxes(account).find((each) => each.id === id);
    if (mailbox === undefined) throw new Error(`mailbox ${id} of account ${account} was not written`);
    return mailbox;
  }
}

const shapeOf = (wanted: NewMailbox): MailboxShape => ({
  name: wanted.name,
  parent: wanted.parent,
  role: wanted.role ?? null,
  subscribed: wanted.subscribed ?? false,
  sortOrder: wanted.sortOrder ?? 0,
});

const updated = (before: Mailbox, update: MailboxUpdate): MailboxShape => ({
  name: update.name ?? before.name,
  parent: update.parent === undefined ? before.parent : update.parent,
  role: update.role === undefined ? before.role : update.role,
  subscribed: update.subscribed ?? before.subscribed,
  sortOrder: update.sortOrder ?? before.sortOrder,
});

const isSame = (one: MailboxShape, other: MailboxShape): boolean =>
  one.name === other.name &&
  one.parent === other.parent &&
  one.role === other.role &&
  one.subscribed === other.subscribed &&
  one.sortOrder === other.sortOrder;

const staysInbox = (before: MailboxShape, after: MailboxShape): boolean =>
  before.name === after.name && before.parent === after.parent && before.role === after.role;
