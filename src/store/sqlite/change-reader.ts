import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { AccountId, ChangedKind, Changes, LetterId, MailboxId, ModSeq, ThreadId, Uid } from '../port.ts';
import { ok, refused, type Result } from '../../result.ts';
import { StoreFault } from '../fault.ts';
import { allRows, bigInteger, firstRow, integer, text } from './column.ts';
import type { LetterReader } from './letter-reader.ts';

const MOD_SEQ = 'SELECT mod_seq, floor_mod_seq FROM account WHERE id = ? AND removed_at IS NULL';
const CHANGED_MAILBOXES = 'SELECT id FROM mailbox WHERE account = ? AND highest_mod_seq > ?';
const VANISHED =
  'SELECT uid FROM gone_placement WHERE account = ? AND mailbox = ? AND mod_seq > ? ORDER BY uid';
const LEFT = 'SELECT letter, mod_seq FROM gone_placement WHERE account = ? AND mod_seq > ?';
const GONE = 'SELECT name, mod_seq FROM gone WHERE account = ? AND kind = ? AND mod_seq > ?';
const LETTER = `SELECT l.thread, l.created_mod_seq FROM placement p JOIN letter l ON l.row = p.letter_row
  WHERE p.account = ? AND p.letter = ? LIMIT 1`;
const FIRST_LETTER = `SELECT created_mod_seq FROM letter WHERE row = (SELECT letter_row FROM placement
  WHERE account = ?1 AND letter = ?2 UNION ALL SELECT letter_row FROM removed_letter WHERE account = ?1 AND letter = ?2 LIMIT 1)`;
const THREAD_OF_REMOVED = `SELECT l.thread FROM removed_letter r JOIN letter l ON l.row = r.letter_row
  WHERE r.account = ? AND r.letter = ?`;
const MAILBOXES = 'SELECT id, mod_seq, created_mod_seq FROM mailbox WHERE account = ? AND mod_seq > ?';
const OBJECTS =
  'SELECT name, mod_seq, created_mod_seq FROM object WHERE account = ? AND kind = ? AND mod_seq > ?';
const HAS_MAILBOX = 'SELECT 1 FROM mailbox WHERE account = ? AND id = ?';
const HAS_OBJECT = 'SELECT 1 FROM object WHERE account = ? AND kind = ? AND name = ?';

type Fate = 'created' | 'updated' | 'removed';
/** The last thing that happened to each id, and what that comes to. */
type Events<Id> = Map<Id, { modSeq: bigint; readonly fate: Fate }>;

/** What changed, read from the state and from what is remembered of those that are gone. */
export class ChangeReader {
  readonly #letters: LetterReader;
  readonly #statements: Readonly<Record<keyof typeof SQL, StatementSync>>;

  constructor(db: DatabaseSync, letters: LetterReader) {
    this.#letters = letters;
    const wide = { readBigInts: true, returnArrays: true };
    this.#statements = Object.fromEntries(
      Object.entries(SQL).map(([name, sql]) => [name, db.prepare(sql, wide)]),
    ) as Record<keyof typeof SQL, StatementSync>;
  }

  modSeq(account: AccountId): ModSeq | null {
    const row = firstRow(this.#statements.modSeq, account);
    return row === undefined ? null : (bigInteger(row[0]) as ModSeq);
  }

  vanishedSince(
    account: AccountId,
    mailbox: MailboxId,
    since: ModSeq,
  ): Result<readonly Uid[], 'cannot-calculate'> {
    if (this.#upTo(account, since) === null) return refused('cannot-calculate');
    const rows = allRows(this.#statements.vanished, account, mailbox, since);
    return ok(rows.map((row) => integer(row[0]) as Uid));
  }

  changesSince(
    account: AccountId,
    kind: ChangedKind,
    since: ModSeq,
    most: number,
  ): Result<Changes<LetterId | ThreadId | MailboxId | string>, 'cannot-calculate'> {
    if (!Number.isSafeInteger(most) || most < 1) throw new StoreFault(`at most ${most} changes`);
    const upTo = this.#upTo(account, since);
    if (upTo === null) return refused('cannot-calculate');
    switch (kind) {
      case 'letter':
        return ok(paged(this.#letterEvents(account, since), upTo, most));
      case 'thread':
        return ok(paged(this.#threadEvents(account, since), upTo, most));
      case 'mailbox':
        return ok(paged(this.#mailboxEvents(account, since), upTo, most));
      default:
        return ok(paged(this.#objectEvents(account, kind, since), upTo, most));
    }
  }

  /** The account's modification sequence; null where what happened since is not known any more, or not yet. */
  #upTo(account: AccountId, since: ModSeq): bigint | null {
    const row = firstRow(this.#statements.modSeq, account);
    if (row === undefined) return null;
    const [modSeq, floor] = [bigInteger(row[0]), bigInteger(row[1])];
    return since < floor || since > modSeq ? null : modSeq;
  }

  /** Letters of which something changed, each with the last time. */
  #touchedLetters(account: AccountId, since: ModSeq): ReadonlyMap<LetterId, bigint> {
    const touched = new Map<LetterId, bigint>();
    const note = (letter: LetterId, modSeq: bigint): void => {
      const before = touched.get(letter);
      if (before === undefined || before < modSeq) touched.set(letter, modSeq);
    };
    for (const row of allRows(this.#statements.changedMailboxes, account, since)) {
      const mailbox = integer(row[0]) as MailboxId;
      for (const { letter, modSeq } of this.#letters.placed({ account, mailbox, changedSince: since }))
        note(letter, modSeq);
    }
    for (const row of allRows(this.#statements.left, account, since))
      note(integer(row[0]) as LetterId, bigInteger(row[1]));
    for (const row of allRows(this.#statements.gone, account, 'letter', since))
      note(Number(text(row[0])) as LetterId, bigInteger(row[1]));
    return touched;
  }

  #letterEvents(account: AccountId, since: ModSeq): Events<LetterId> {
    const events: Events<LetterId> = new Map();
    for (const [letter, modSeq] of this.#touchedLetters(account, since)) {
      const row = firstRow(this.#statements.letter, account, letter);
      const created = row !== undefined && bigInteger(row[1]) > since;
      events.set(letter, { modSeq, fate: row === undefined ? 'removed' : created ? 'created' : 'updated' });
    }
    return events;
  }

  #threadEvents(account: AccountId, since: ModSeq): Events<ThreadId> {
    const touched = new Map<ThreadId, bigint>();
    const note = (thread: ThreadId, modSeq: bigint): void => {
      const before = touched.get(thread);
      if (before === undefined || before < modSeq) touched.set(thread, modSeq);
    };
    for (const [letter, modSeq] of this.#touchedLetters(account, since)) {
      const row =
        firstRow(this.#statements.letter, account, letter) ??
        firstRow(this.#statements.threadOfRemoved, account, letter);
      if (row !== undefined) note(integer(row[0]) as ThreadId, modSeq);
    }
    for (const row of allRows(this.#statements.gone, account, 'thread', since))
      note(Number(text(row[0])) as ThreadId, bigInteger(row[1]));
    const events: Events<ThreadId> = new Map();
    for (const [thread, modSeq] of touched)
      events.set(thread, { modSeq, fate: this.#threadFate(account, thread, since) });
    return events;
  }

  #threadFate(account: AccountId, thread: ThreadId, since: ModSeq): Fate {
    if (this.#letters.thread(account, thread).length === 0) return 'removed';
    const first = firstRow(this.#statements.firstLetter, account, thread);
    return first !== undefined && bigInteger(first[0]) > since ? 'created' : 'updated';
  }

  #mailboxEvents(account: AccountId, since: ModSeq): Events<MailboxId> {
    const events: Events<MailboxId> = new Map();
    for (const row of allRows(this.#statements.mailboxes, account, since)) {
      const fate = bigInteger(row[2]) > since ? 'created' : 'updated';
      events.set(integer(row[0]) as MailboxId, { modSeq: bigInteger(row[1]), fate });
    }
    for (const row of allRows(this.#statements.gone, account, 'mailbox', since)) {
      const id = Number(text(row[0])) as MailboxId;
      if (firstRow(this.#statements.hasMailbox, account, id) === undefined)
        events.set(id, { modSeq: bigInteger(row[1]), fate: 'removed' });
    }
    return events;
  }

  #objectEvents(account: AccountId, kind: string, since: ModSeq): Events<string> {
    const events: Events<string> = new Map();
    for (const row of allRows(this.#statements.objects, account, kind, since)) {
      const fate = bigInteger(row[2]) > since ? 'created' : 'updated';
      events.set(text(row[0]), { modSeq: bigInteger(row[1]), fate });
    }
    for (const row of allRows(this.#statements.gone, account, kind, since)) {
      const name = text(row[0]);
      if (firstRow(this.#statements.hasObject, account, kind, name) !== undefined) continue;
      const modSeq = bigInteger(row[1]);
      const before = events.get(name);
      if (before === undefined || before.modSeq < modSeq) events.set(name, { modSeq, fate: 'removed' });
    }
    return events;
  }
}

const SQL = {
  modSeq: MOD_SEQ,
  changedMailboxes: CHANGED_MAILBOXES,
  vanished: VANISHED,
  left: LEFT,
  gone: GONE,
  letter: LETTER,
  firstLetter: FIRST_LETTER,
  threadOfRemoved: THREAD_OF_REMOVED,
  mailboxes: MAILBOXES,
  objects: OBJECTS,
  hasMailbox: HAS_MAILBOX,
  hasObject: HAS_OBJECT,
} as const;

/** The first `most` ids in the order of their events. */
function paged<Id>(events: Events<Id>, upTo: bigint, most: number): Changes<Id> {
  const ordered = [...events].sort(([, one], [, other]) => (one.modSeq < other.modSeq ? -1 : 1));
  const taken = ordered.slice(0, most);
  const more = taken.length < ordered.length;
  const of = (fate: Fate): readonly Id[] =>
    taken.filter(([, event]) => event.fate === fate).map(([id]) => id);
  return {
    created: of('created'),
    updated: of('updated'),
    removed: of('removed'),
    upTo: (more ? (taken.at(-1)?.[1].modSeq ?? upTo) : upTo) as ModSeq,
    more,
  };
}
