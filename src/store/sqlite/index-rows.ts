import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { sortText, type LetterText } from '../letter-text.ts';
import type { AccountId, LetterId } from '../port.ts';
import { TokenWriter } from '../words.ts';
import { allRows, bigInteger, bytes, firstRow, integer, text, type Row } from './column.ts';
import type { Roll } from './roll.ts';
import { clearIndex } from './search-file.ts';
import { WORD_COLUMNS } from './search-filter.ts';
import type { Ranks } from './search-order.ts';

/** How much is known of a letter: that it is there, what it is sorted by, its words. */
export type Stage = 0 | 1 | 2;

const STATE = 'SELECT mod_seq, last_letter, last_hash, made, keys FROM state';
const SET_MOD_SEQ = 'UPDATE state SET mod_seq = ?';
const SET_LAST = 'UPDATE state SET last_letter = ?1, last_hash = ?2 WHERE last_letter < ?1';
const ADDED_KEYS = 'UPDATE state SET keys = keys + 1';
const HASH = 'SELECT hash FROM store.letter WHERE id = ? AND account = ?';
const LEARN = `INSERT OR IGNORE INTO letter_known (letter, stage, sent_at, subject, sender)
  SELECT value, 0, 0, 0, 0 FROM json_each(?)`;
const GONE = `SELECT DISTINCT CAST(name AS INTEGER) FROM store.gone WHERE account = ? AND kind = 'letter' AND mod_seq > ?`;
const ALL_KNOWN = 'SELECT letter FROM letter_known';
const FORGET = 'DELETE FROM letter_known WHERE letter = ? RETURNING subject, sender';
const FORGET_WORDS = 'DELETE FROM words WHERE rowid = ?';
const BELOW = 'SELECT letter FROM letter_known WHERE stage < 2 AND stage < ? LIMIT 1';
const COUNT_BELOW = 'SELECT count(*) FROM letter_known WHERE stage < 2';
const AT_STAGE = `SELECT letter FROM letter_known INDEXED BY letter_known_new WHERE stage < 2 AND stage = ? ORDER BY letter LIMIT ?`;
const SUMMARY = 'SELECT coalesce(sent_at, received_at), subject, from_text FROM store.letter WHERE id = ?';
const USE_KEY = `INSERT INTO sort_key (text, uses) VALUES (?, 1) ON CONFLICT (text) DO UPDATE SET uses = uses + 1
  RETURNING id, uses`;
const LEAVE_KEY = 'UPDATE sort_key SET uses = uses - 1 WHERE id = ? RETURNING uses';
const REMOVE_KEY = 'DELETE FROM sort_key WHERE id = ?';
const SET_FACTS = 'UPDATE letter_known SET stage = 1, sent_at = ?, subject = ?, sender = ? WHERE letter = ?';
const FACTS = 'SELECT letter, sent_at, subject, sender FROM letter_known WHERE letter = ?';
const ALL_FACTS = `SELECT json_group_array(letter), json_group_array(sent_at), json_group_array(subject),
  json_group_array(sender) FROM letter_known WHERE stage > 0`;
const KEYS_IN_ORDER = 'SELECT json_group_array(id) FROM (SELECT id FROM sort_key ORDER BY text)';
const INSERT = `INSERT INTO words (rowid, ${[...WORD_COLUMNS.values()].join(', ')}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;
const INDEXED = 'UPDATE letter_known SET stage = 2 WHERE letter = ? AND stage = 1';
const FOUND = 'SELECT json_group_array(rowid) FROM words WHERE words MATCH ?';
const MERGE = `INSERT INTO words (words, rank) VALUES ('merge', ?)`;
const CHANGES = 'SELECT total_changes()';

/** Where more facts than this are missing, all are read: as one text they come faster than row by row. */
const MOST_FACTS = 500;

/** The rows of an index. All is inside of a transaction. */
export class IndexRows {
  readonly #db: DatabaseSync;
  readonly #account: AccountId;
  readonly #tokens = new TokenWriter();
  readonly #statements = new Map<string, StatementSync>();
  /** The ranks of the keys, and of which making of the index and after how many additions they are. */
  #ranks: { readonly of: string; readonly ranks: Ranks } = { of: '', ranks: new Uint32Array() };
  /** Of which making of the index the facts in the roll are. */
  #factsOf: bigint | null = null;

  constructor(db: DatabaseSync, account: AccountId) {
    this.#db = db;
    this.#account = account;
  }

  /** The statement of the text, prepared once. */
  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const made = this.#db.prepare(sql, { returnArrays: true, readBigInts: true });
    this.#statements.set(sql, made);
    return made;
  }

  #state(): Row {
    const row = firstRow(this.#prepared(STATE));
    if (row === undefined) throw new Error('the index has no state');
    return row;
  }

  clear(): void {
    this.#statements.clear();
    clearIndex(this.#db);
  }

  /** Whether all letters up to this change are at that stage at the least. */
  isWhole(modSeq: bigint, stage: Stage): boolean {
    const state = this.#state();
    if (bigInteger(state[0]) !== modSeq || this.#isOfAnotherHistory(state)) return false;
    return firstRow(this.#prepared(BELOW), stage) === undefined;
  }

  /** Learns which letters there are, and are no more, by the roll. */
  learn(roll: Roll, modSeq: bigint, floor: bigint): void {
    let state = this.#state();
    if (bigInteger(state[0]) > modSeq || this.#isOfAnotherHistory(state)) {
      this.clear();
      state = this.#state();
    }
    const since = bigInteger(state[0]);
    if (since === modSeq) return;
    const { letter, modSeq: modSeqs } = roll.columns;
    const changed: number[] = [];
    for (let row = 0; row < roll.size; row++)
      if ((modSeqs[row] ?? 0) > Number(since)) changed.push(letter[row] ?? 0);
    this.#prepared(LEARN).run(JSON.stringify(changed));
    // What was removed longer ago than is remembered shows by its absence.
    const suspects =
      since >= floor
        ? allRows(this.#prepared(GONE), this.#account, since)
        : allRows(this.#prepared(ALL_KNOWN));
    for (const row of suspects) {
      const suspect = integer(row[0]) as LetterId;
      if (!roll.has(suspect)) this.#forget(suspect);
    }
    this.#prepared(SET_MOD_SEQ).run(modSeq);
  }

  #isOfAnotherHistory(state: Row): boolean {
    const hash = firstRow(this.#prepared(HASH), integer(state[1]), this.#account)?.[0];
    return hash !== undefined && !Buffer.from(bytes(hash)).equals(bytes(state[2]));
  }

  #forget(letter: LetterId): void {
    const keys = firstRow(this.#prepared(FORGET), letter);
    if (keys === undefined) return;
    this.#prepared(FORGET_WORDS).run(letter);
    for (const key of keys)
      if (integer(firstRow(this.#prepared(LEAVE_KEY), integer(key))?.[0] ?? 1) === 0)
        this.#prepared(REMOVE_KEY).run(integer(key));
  }

  /** Reads the facts of so many letters that lack them; says whether there were any. */
  readFacts(most: number): boolean {
    const letters = this.atStage(0, most);
    let added = 0;
    const keyOf = (by: 'subject' | 'from', value: string): number => {
      const summary = { subject: '', from: '', sentAt: null, messageId: null, [by]: value };
      const row = firstRow(this.#prepared(USE_KEY), sortText(by, summary));
      if (row?.[1] === 1n) added += 1;
      return integer(row?.[0]);
    };
    for (const letter of letters) {
      const row = firstRow(this.#prepared(SUMMARY), letter) ?? [0, '', ''];
      const keys = [keyOf('subject', text(row[1])), keyOf('from', text(row[2]))] as const;
      this.#prepared(SET_FACTS).run(integer(row[0]), ...keys, letter);
    }
    if (added > 0) this.#prepared(ADDED_KEYS).run();
    return letters.length > 0;
  }

  /** The lowest letters of which no more than that is known. */
  atStage(stage: Stage, most: number): readonly LetterId[] {
    return allRows(this.#prepared(AT_STAGE), stage, most).map((row) => integer(row[0]) as LetterId);
  }

  /** How many letters lack their words. */
  get missing(): number {
    return integer(firstRow(this.#prepared(COUNT_BELOW))?.[0]);
  }

  /** Writes the words of a letter whose facts are known; it may be gone meanwhile, or another process have been the first. */
  insert(letter: LetterId, texts: LetterText): void {
    if (this.#prepared(INDEXED).run(letter).changes === 0) return;
    const tokens = [...WORD_COLUMNS.keys()].map((field) => this.#tokens.write(texts[field]));
    this.#prepared(INSERT).run(letter, ...tokens);
    const hash = firstRow(this.#prepared(HASH), letter, this.#account)?.[0];
    if (hash !== undefined) this.#prepared(SET_LAST).run(letter, bytes(hash));
  }

  /** Merges segments up to so many pages; below 0: begins to make one of all. Says whether there was anything to do. */
  merge(pages: number): boolean {
    const changes = (): number => integer(firstRow(this.#prepared(CHANGES))?.[0]);
    const before = changes();
    this.#prepared(MERGE).run(BigInt(pages));
    return changes() - before >= 2;
  }

  /** Has the roll know the facts of all its letters. */
  tellFacts(roll: Roll): void {
    const made = bigInteger(this.#state()[3]);
    if (made !== this.#factsOf) roll.forgetFacts();
    this.#factsOf = made;
    const { letter, subject } = roll.columns;
    const missing: LetterId[] = [];
    for (let row = 0; row < roll.size; row++)
      if (subject[row] === 0) missing.push((letter[row] ?? 0) as LetterId);
    if (missing.length > MOST_FACTS) return this.#tellAllFacts(roll);
    for (const each of missing) {
      const [, sentAt, ...keys] = (firstRow(this.#prepared(FACTS), each) ?? []).map(integer);
      roll.know(each, { sentAt: sentAt ?? 0, subject: keys[0] ?? 0, sender: keys[1] ?? 0 });
    }
  }

  #tellAllFacts(roll: Roll): void {
    const columns = firstRow(this.#prepared(ALL_FACTS)) ?? [];
    const [letters = [], sentAt, subject, sender] = columns.map(
      (column) => JSON.parse(text(column)) as number[],
    );
    for (const [at, letter] of letters.entries())
      roll.know(letter as LetterId, {
        sentAt: sentAt?.[at] ?? 0,
        subject: subject?.[at] ?? 0,
        sender: sender?.[at] ?? 0,
      });
  }

  /** The places of the keys in their order, by their numbers. */
  ranks(): Ranks {
    const [, , , made, keys] = this.#state();
    const of = `${bigInteger(made)} ${bigInteger(keys)}`;
    if (of === this.#ranks.of) return this.#ranks.ranks;
    const ids = JSON.parse(text(firstRow(this.#prepared(KEYS_IN_ORDER))?.[0])) as readonly number[];
    const ranks = new Uint32Array(ids.reduce((highest, id) => Math.max(highest, id), 0) + 1);
    for (const [rank, id] of ids.entries()) ranks[id] = rank;
    this.#ranks = { of, ranks };
    return ranks;
  }

  /** The letters that have the words of an FTS5 query, lowest first. */
  lookUp(match: string): readonly number[] {
    return JSON.parse(text(firstRow(this.#prepared(FOUND), match)?.[0])) as readonly number[];
  }
}
