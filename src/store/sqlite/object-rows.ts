import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { AccountId, ModSeq, ObjectChange, ObjectKind } from '../port.ts';
import { ok, refused } from '../../result.ts';
import { MAX_OBJECTS } from '../rules.ts';
import { firstRow, integer } from './column.ts';
import type { AccountNumbers, ChangeNotes, Ledger } from './ledger.ts';
import type { RemovalRows } from './removal-rows.ts';
import type { WriteOf, Written } from './write.ts';

const COUNT = 'SELECT count(*) FROM object WHERE account = ? AND kind = ?';
const FIND = 'SELECT 1 FROM object WHERE account = ? AND kind = ? AND name = ?';
const PUT = `INSERT INTO object (account, kind, name, value, created_mod_seq, mod_seq) VALUES (?1, ?2, ?3, ?4, ?5, ?5)
  ON CONFLICT (account, kind, name) DO UPDATE SET value = excluded.value, mod_seq = excluded.mod_seq`;
const DELETE = 'DELETE FROM object WHERE account = ? AND kind = ? AND name = ?';

/** The small things of an account that have names, inside the writer's transaction. */
export class ObjectRows {
  readonly #ledger: Ledger;
  readonly #removals: RemovalRows;
  readonly #count: StatementSync;
  readonly #find: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;

  constructor(db: DatabaseSync, parts: { ledger: Ledger; removals: RemovalRows }) {
    this.#ledger = parts.ledger;
    this.#removals = parts.removals;
    this.#count = db.prepare(COUNT, { returnArrays: true });
    this.#find = db.prepare(FIND);
    this.#put = db.prepare(PUT);
    this.#delete = db.prepare(DELETE);
  }

  change(write: WriteOf<'change-objects'>, notes: ChangeNotes): Written<'change-objects'> {
    const numbers = this.#ledger.account(write.account);
    if (numbers === null) return refused('no-account');
    if (!this.#hasRoom(write.account, write.changes)) return refused('too-many');
    for (const change of write.changes) this.#apply(numbers, change, write.at, notes);
    return ok(numbers.modSeq as ModSeq);
  }

  #apply(numbers: AccountNumbers, change: ObjectChange, at: number, notes: ChangeNotes): void {
    const { account } = numbers;
    const { kind, name } = change;
    if (change.do === 'put') {
      this.#put.run(account, kind, name, change.value, this.#ledger.raise(numbers));
      return notes.note(numbers);
    }
    if (this.#delete.run(account, kind, name).changes === 0) return undefined;
    this.#removals.noteGone(account, kind, name, this.#ledger.raise(numbers), at);
    return notes.note(numbers);
  }

  /** Whether no kind comes above its bound at any moment of the changes. */
  #hasRoom(account: AccountId, changes: readonly ObjectChange[]): boolean {
    const counts = new Map<ObjectKind, number>();
    const there = new Map<string, boolean>();
    for (const { do: what, kind, name } of changes) {
      const key = `${kind} ${name}`;
      const before = there.get(key) ?? this.#find.get(account, kind, name) !== undefined;
      const after = what === 'put';
      const count = counts.get(kind) ?? integer(firstRow(this.#count, account, kind)?.[0]);
      counts.set(kind, count + Number(after) - Number(before));
      there.set(key, after);
      if (count + Number(after) - Number(before) > MAX_OBJECTS) return false;
    }
    return true;
  }
}
