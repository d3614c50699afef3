import type { DatabaseSync } from 'node:sqlite';
import { readLetterText, type LetterText } from '../letter-text.ts';
import type { AccountId, LetterId } from '../port.ts';
import { BlobFiles } from './blob-files.ts';
import { BlobReader } from './blob-reader.ts';
import type { FolderPaths } from './folder.ts';
import { IndexRows, type Stage } from './index-rows.ts';
import { RollReader } from './roll-reader.ts';
import type { Roll } from './roll.ts';
import { openIndex } from './search-file.ts';
import type { LookUp } from './search-filter.ts';
import type { Ranks } from './search-order.ts';
import type { Gate } from './gate.ts';

/** What the index has to know of every letter before a look. */
export type Needs = 'places' | 'facts' | 'words';

const STAGES: Readonly<Record<Needs, Stage>> = { places: 0, facts: 1, words: 2 };

/** One state of the letters, and what is known of them. */
export type Look = { readonly roll: Roll; readonly lookUp: LookUp; readonly ranks: () => Ranks };

/** Letters whose facts are read before others get their turn. */
const FACTS_A_TURN = 200;
/** Letters whose words are. */
const WORDS_A_TURN = 20;
/** What is more than this is worth a segment of its own; so much is written in one transaction, so that other processes get in between. */
const FEW = 200;
const LETTERS_A_SEGMENT = 5000;
/** Pages of segments that are merged after a few letters, and in a turn where many came. */
const PAGES_AFTER_FEW = 64;
const PAGES_A_TURN = 500;

const othersTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * What is known of one account's letters, in a file of their own and in memory, with the letters themselves beside it, to be
 * read only. It lags behind them until it is asked.
 */
export class SearchIndex {
  readonly #db: DatabaseSync;
  readonly #account: AccountId;
  readonly #rows: IndexRows;
  readonly #rolls: RollReader;
  readonly #blobs: BlobReader;
  readonly #gate: Gate;

  /** Through the gate goes one index at a time that has many letters to read. */
  constructor(paths: FolderPaths, account: AccountId, gate: Gate) {
    this.#account = account;
    this.#gate = gate;
    this.#db = openIndex(paths, account);
    this.#rows = new IndexRows(this.#db, account);
    this.#rolls = new RollReader(this.#db, account);
    this.#blobs = new BlobReader(this.#db, new BlobFiles(paths.blobs));
  }

  /** How many places of letters are kept in memory. */
  get placesInMemory(): number {
    return this.#rolls.size;
  }

  /** Lets go of what is in memory; it is read again. */
  forget(): void {
    this.#rolls.forget();
  }

  /**
   * Runs `run` on a state of the letters of which nothing is missing that it needs; null where there is no such account.
   * Others get their turn while letters are read.
   */
  async look<Value>(needs: Needs, run: (look: Look) => Value): Promise<Value | null> {
    for (;;) {
      const step = this.#inTransaction('DEFERRED', () => {
        const now = this.#rolls.read();
        if (now === null) return { value: null };
        if (needs !== 'places' && !this.#rows.isWhole(now.modSeq, STAGES[needs])) return 'behind';
        return { value: run(this.#look(now.roll, needs)) };
      });
      if (step !== 'behind') return step.value;
      await this.#catchUp(needs === 'words' ? 'words' : 'facts', Infinity);
    }
  }

  /** Reads the words of so many letters, more or less; gives how many are still missing, 0 where there is no such account. */
  async catchUp(most: number): Promise<number> {
    await this.#catchUp('words', most);
    return this.#inTransaction('DEFERRED', () => (this.#rolls.read() === null ? 0 : this.#rows.missing));
  }

  /** Makes the index anew. */
  drop(): void {
    this.#inTransaction('IMMEDIATE', () => this.#rows.clear());
  }

  close(): void {
    this.#db.close();
  }

  #look(roll: Roll, needs: Needs): Look {
    const known = new Map<string, readonly number[]>();
    if (needs !== 'places') this.#rows.tellFacts(roll);
    return {
      roll,
      ranks: () => this.#rows.ranks(),
      lookUp: (match) => {
        const found = known.get(match) ?? this.#rows.lookUp(match);
        known.set(match, found);
        return found;
      },
    };
  }

  async #catchUp(to: 'facts' | 'words', most: number): Promise<void> {
    while (this.#inTransaction('IMMEDIATE', () => this.#learn())) await othersTurn();
    if (to === 'facts') return;
    const missing = Math.min(
      most,
      this.#inTransaction('DEFERRED', () => this.#rows.missing),
    );
    if (missing <= FEW) {
      await this.#readFew();
      return;
    }
    for (let read = 0; read < missing; read += LETTERS_A_SEGMENT)
      await this.#gate.pass(() => this.#readMany(Math.min(LETTERS_A_SEGMENT, missing - read)));
    if (missing < most) await this.#mergeAll();
  }

  /** Learns what there is, and what some letters are sorted by; says whether there may be more. */
  #learn(): boolean {
    const now = this.#rolls.read();
    if (now === null) return false;
    this.#rows.learn(now.roll, now.modSeq, now.floor);
    return this.#rows.readFacts(FACTS_A_TURN);
  }

  async #readFew(): Promise<void> {
    const letters = this.#rows.atStage(1, FEW);
    const read: { readonly letter: LetterId; readonly texts: LetterText }[] = [];
    for (const letter of letters) read.push({ letter, texts: await this.#texts(letter) });
    this.#inTransaction('IMMEDIATE', () => {
      for (const { letter, texts } of read) this.#rows.insert(letter, texts);
      this.#rows.merge(PAGES_AFTER_FEW);
    });
    await othersTurn();
  }

  /** In one transaction, because that makes one segment of them: nobody else has this connection meanwhile. */
  async #readMany(most: number): Promise<void> {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      for (let read = 0; read < most; read += WORDS_A_TURN) {
        const letters = this.#rows.atStage(1, WORDS_A_TURN);
        for (const letter of letters) this.#rows.insert(letter, await this.#texts(letter));
        if (letters.length < WORDS_A_TURN) break;
        await othersTurn();
      }
      this.#db.exec('COMMIT');
    } catch (cause) {
      this.#rollBack();
      throw cause;
    }
  }

  async #mergeAll(): Promise<void> {
    let isMore = this.#inTransaction('IMMEDIATE', () => this.#rows.merge(-PAGES_A_TURN));
    while (isMore) {
      await othersTurn();
      isMore = this.#inTransaction('IMMEDIATE', () => this.#rows.merge(PAGES_A_TURN));
    }
  }

  /** A letter whose bytes cannot be read has no words: the others are found all the same, and `audit.ts` tells of it. */
  async #texts(letter: LetterId): Promise<LetterText> {
    try {
      return await readLetterText(this.#blobs.pieces(this.#account, letter) ?? []);
    } catch {
      return await readLetterText([]);
    }
  }

  /** What is read of the letters inside is one state of them; `IMMEDIATE` where the index is written. */
  #inTransaction<Value>(how: 'IMMEDIATE' | 'DEFERRED', run: () => Value): Value {
    this.#db.exec(`BEGIN ${how}`);
    try {
      const value = run();
      this.#db.exec('COMMIT');
      return value;
    } catch (cause) {
      this.#rollBack();
      throw cause;
    }
  }

  #rollBack(): void {
    this.#rolls.forget();
    if (this.#db.isOpen && this.#db.isTransaction) this.#db.exec('ROLLBACK');
  }
}
