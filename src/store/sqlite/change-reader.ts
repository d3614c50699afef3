import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { AccountId, ChangedKind, Changes, LetterId, MailboxId, ModSeq, ThreadId, Uid } from '../port.ts';
import { ok, refused, type Result } from '../../result.ts';
import { checkMost } from '../rules.ts';
import { allRows, bigInteger, firstRow, integer, text } from './column.ts';
import type { LetterReader } from './letter-reader.ts';

const MOD_SEQ = 'SELECT mod_seq, floor_mod_seq FROM account WHERE id = ? AND removed_at IS NULL';
const CHANGED_MAILBOXES = 'SELECT id FROM mailbox WHERE account = ? AND highest_mod_seq > ?';
const VANISHED =
  'SELECT uid FROM gone_placement WHERE account = ? AND mailbox = ? AND mod_seq > ? ORDER BY uid';
const LEFT = 'SELECT letter, mod_seq FROM gone_placement WHERE account = ? AND mod_seq > ?';
const GONE = 'SELECT name, mod_seq FROM gone WHERE account = ? AND kind = ? AND mod_seq > ?';
const LETTER = `SELECT thread, created_mod_seq, mailbox <> 0 OR EXISTS (SELECT 1 FROM further_place f
  WHERE f.letter = letter.id) FROM letter WHERE id = ? AND account = ?`;
const MAILBOXES = 'SELECT id, mod_seq, created_mod_seq FROM mailbox WHERE account = ? AND mod_seq > ?';
const OBJECTS =
  'SELECT name, mod_seq, created_mod_seq FROM object WHERE account = ? AND kind = ? AND mod_seq > ?';
const HAS_MAILBOX = 'SELECT 1 FROM mailbox WHERE account = ? AND id = ?';
const HAS_OBJECT = 'SELECT 1 FROM object WHERE account = ? AND kind = ? AND name = ?';

/** What happened to an id comes to, and the number under which that is told: of what was made the making, else the last. */
type Event = { readonly fate: 'created' | 'updated' | 'removed'; readonly modSeq: bigint };
type Events<Id> = Map<Id, Event>;

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
    checkMost(most);
    const upTo = this.#upTo(account, since);
    if (upTo === null) return refused('cannot-calculate');
    switch (kind) {
      case 'letter':
        return paged(this.#letterEvents(account, since), upTo, most);
      case 'thread':
        return paged(this.#threadEvents(account, since), upTo, most);
      case 'mailbox':
        return paged(this.#mailboxEvents(account, since), upTo, most);
      default:
        return paged(this.#objectEvents(account, kind, since), upTo, most);
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
      const found = this.#find(account, letter);
      events.set(letter, found?.isPlaced ? eventOf(found.made, modSeq, since) : { fate: 'removed', modSeq });
    }
    return events;
  }

  /** The letter, as long as it is kept. */
  #find(
    account: AccountId,
    letter: number,
  ): { readonly thread: ThreadId; readonly made: bigint; readonly isPlaced: boolean } | null {
    const row = firstRow(this.#statements.letter, letter, account);
    if (row === undefined) return null;
    return { thread: integer(row[0]) as ThreadId, made: bigInteger(row[1]), isPlaced: integer(row[2]) === 1 };
  }

  #threadEvents(account: AccountId, since: ModSeq): Events<ThreadId> {
    const touched = new Map<ThreadId, bigint>();
    const note = (thread: ThreadId, modSeq: bigint): void => {
      const before = touched.get(thread);
      if (before === undefined || before < modSeq) touched.set(thread, modSeq);
    };
    for (const [letter, modSeq] of this.#touchedLetters(account, since)) {
      const found = this.#find(account, letter);
      if (found !== null) note(found.thread, modSeq);
    }
    for (const row of allRows(this.#statements.gone, account, 'thread', since))
      note(Number(text(row[0])) as ThreadId, bigInteger(row[1]));
    const events: Events<ThreadId> = new Map();
    for (const [thread, modSeq] of touched) {
      const made = this.#find(account, thread)?.made ?? 0n;
      const isThere = this.#letters.thread(account, thread).length > 0;
      events.set(thread, isThere ? eventOf(made, modSeq, since) : { fate: 'removed', modSeq });
    }
    return events;
  }

  #mailboxEvents(account: AccountId, since: ModSeq): Events<MailboxId> {
    const events: Events<MailboxId> = new Map();
    for (const row of allRows(this.#statements.mailboxes, account, since))
      events.set(integer(row[0]) as MailboxId, eventOf(bigInteger(row[2]), bigInteger(row[1]), since));
    for (const row of allRows(this.#statements.gone, account, 'mailbox', since)) {
      const id = Number(text(row[0])) as MailboxId;
      if (firstRow(this.#statements.hasMailbox, account, id) === undefined)
        events.set(id, { modSeq: bigInteger(row[1]), fate: 'removed' });
    }
    return events;
  }

  #objectEvents(account: AccountId, kind: string, since: ModSeq): Events<string> {
    const events: Events<string> = new Map();
    for (const row of allRows(this.#statements.objects, account, kind, since))
      events.set(text(row[0]), eventOf(bigInteger(row[2]), bigInteger(row[1]), since));
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
  mailboxes: MAILBOXES,
  objects: OBJECTS,
  hasMailbox: HAS_MAILBOX,
  hasObject: HAS_OBJECT,
} as const;

/** What became of something that is there, was made at `made` and last changed at `changed`. */
function eventOf(made: bigint, changed: bigint, since: bigint): Event {
  return made > since ? { fate: 'created', modSeq: made } : { fate: 'updated', modSeq: changed };
}

/**
 * The first ids in the order of their events, at most so many. What has one number is not torn apart: where that alone is
 * too much there is no state in between that could be told.
 */
function paged<Id extends number | string>(
  events: Events<Id>,
  upTo: bigint,
  most: number,
): Result<Changes<Id>, 'cannot-calculate'> {
  const ordered = [...events].sort(
    ([one, { modSeq: first }], [other, { modSeq: second }]) =>
      Number(first - second) || Number(one) - Number(other),
  );
  const next = ordered[most]?.[1].modSeq;
  const taken = next === undefined ? ordered : ordered.filter(([, { modSeq }]) => modSeq < next);
  const last = taken.at(-1)?.[1].modSeq;
  if (next !== undefined && last === undefined) return refused('cannot-calculate');
  const of = (fate: Event['fate']): readonly Id[] =>
    taken.filter(([, event]) => event.fate === fate).map(([id]) => id);
  return ok({
    created: of('created'),
    updated: of('updated'),
    removed: of('removed'),
    upTo: (next === undefined ? upTo : last) as ModSeq,
    more: next !== undefined,
  });
}
