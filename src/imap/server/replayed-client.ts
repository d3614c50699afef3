import assert from 'node:assert/strict';
import type { LoopbackSession } from './imap-loopback.ts';

/** What a client knows of a letter; null is what it was not told. */
export type KnownLetter = { uid: number | null; flags: ReadonlySet<string> | null };

/** What a STORE does to flags, as its client works it out where the server is silent. */
export type FlagChange = {
  readonly how: '+FLAGS' | '-FLAGS' | 'FLAGS';
  readonly flags: readonly string[];
  readonly silent: boolean;
};

/** What a command is about, as far as its client has to remember it. */
type Pending = {
  readonly tag: string;
  readonly text: string;
  /** The letters of a STORE, which the client works out itself where it is silent. */
  readonly stored: { readonly change: FlagChange; readonly letters: ReadonlySet<KnownLetter> } | null;
};

/** In which commands no letter may lose its number (RFC 9051 section 7.5.1). */
const keepsNumbers = /^(?:FETCH|STORE|SEARCH|SORT|THREAD) /;

/** A client that believes what it is told of its mailbox, and holds the server to its rules. */
export class ReplayedClient {
  readonly #session: LoopbackSession;
  /** The letters of the selected mailbox by their numbers. */
  letters: KnownLetter[] = [];
  /** What it remembers of the mailbox between two visits, by uid: its uids' validity and a modification sequence. */
  validity = '';
  modSeq = 0n;
  /** Uids that were told to be gone before now, and letters that were told by their uids: of coming back. */
  readonly earlier: number[] = [];
  isIdle = false;
  #sent: Pending[] = [];
  #tags = 0;
  #rest = '';
  /** The letters whose flags were told during this command. */
  #told = new Set<KnownLetter>();
  /** Modification sequences that were told and may be relied upon when what is gone was told as well. */
  #highest = 0n;
  /** How the last command ended. */
  lastStatus = '';

  constructor(session: LoopbackSession) {
    this.#session = session;
  }

  /** Whether nothing is under way but perhaps an IDLE. */
  get isAtRest(): boolean {
    return this.#sent.length === 0;
  }

  send(text: string, stored: Pending['stored'] = null): void {
    const tag = `t${++this.#tags}`;
    this.#sent.push({ tag, text, stored });
    if (text === 'IDLE') this.isIdle = true;
    this.#session.bytes(Buffer.from(`${tag} ${text}\r\n`));
  }

  done(): void {
    this.isIdle = false;
    this.#session.bytes(Buffer.from('DONE\r\n'));
  }

  /** Takes in what the server said. */
  take(): void {
    for (const output of this.#session.outputs()) {
      assert('said' in output, `the server closes: ${JSON.stringify(output)}`);
      this.#rest += output.said.toString('latin1');
    }
    for (;;) {
      const end = this.#rest.indexOf('\r\n');
      if (end < 0) break;
      let line = this.#rest.slice(0, end);
      let next = end + 2;
      // Literals are octets of a line.
      for (;;) {
        const literal = /\{(\d+)\}$/.exec(line);
        if (literal === null) break;
        const after = next + Number(literal[1]);
        const lineEnd = this.#rest.indexOf('\r\n', after);
        line += `\r\n${this.#rest.slice(next, lineEnd)}`;
        next = lineEnd + 2;
      }
      this.#rest = this.#rest.slice(next);
      this.#line(line);
    }
    assert.equal(this.#rest, '');
  }

  #line(line: string): void {
    const [first] = this.#sent;
    if (line.startsWith('+')) return;
    if (first !== undefined && line.startsWith(`${first.tag} `)) return this.#ended(first, line);
    assert.match(line, /^\* /, line);
    const [, number, what] = /^\* (\d+) (EXISTS|EXPUNGE|FETCH)/.exec(line) ?? [];
    assert(first !== undefined || number === undefined, `told while no command is under way: ${line}`);
    if (what === 'EXISTS') this.#exist(Number(number));
    if (what === 'EXPUNGE') this.#gone(Number(number), first?.text ?? '');
    if (what === 'FETCH') this.#fetch(Number(number), line);
    const vanished = /^\* VANISHED (\(EARLIER\) )?(.*)$/.exec(line);
    if (vanished !== null)
      this.#vanish(numbersOf(vanished[2] ?? ''), vanished[1] !== undefined, first?.text ?? '');
    this.validity = /UIDVALIDITY (\d+)/.exec(line)?.[1] ?? this.validity;
    const highest = /HIGHESTMODSEQ (\d+)/.exec(line);
    if (highest !== null) this.#rely(BigInt(highest[1] ?? 0));
  }

  #ended({ text, stored }: Pending, line: string): void {
    this.#sent.shift();
    this.lastStatus = line.split(' ').slice(1).join(' ');
    assert.match(line, / (?:OK|NO) /, `${text}: ${line}`);
    if (stored !== null && stored.change.silent && / OK /.test(line))
      this.#work(stored.letters, stored.change);
    this.#told.clear();
    if (!keepsNumbers.test(text)) this.modSeq = this.#highest;
  }

  #rely(modSeq: bigint): void {
    if (modSeq > this.#highest) this.#highest = modSeq;
  }

  #exist(count: number): void {
    assert(count >= this.letters.length, `${count} EXISTS where ${this.letters.length} letters are`);
    while (this.letters.length < count) this.letters.push({ uid: null, flags: null });
  }

  #gone(number: number, during: string): void {
    assert.doesNotMatch(during, keepsNumbers, 'a letter loses its number');
    assert(number >= 1 && number <= this.letters.length, `${number} EXPUNGE of ${this.letters.length}`);
    this.letters.splice(number - 1, 1);
  }

  #vanish(uids: readonly number[], isEarlier: boolean, during: string): void {
    if (isEarlier) {
      this.earlier.push(...uids);
      return;
    }
    assert.doesNotMatch(during, keepsNumbers, 'a letter loses its number');
    for (const uid of uids) {
      const known = this.letters.findIndex((letter) => letter.uid === uid);
      // Of several that it knows only the numbers of it cannot tell which: then it knows the flags of none.
      const unknown = this.letters.findIndex(
        (letter, place) => letter.uid === null && this.#isAbove(uid, place),
      );
      if (known < 0) for (const letter of this.letters) if (letter.uid === null) letter.flags = null;
      const at = known < 0 ? unknown : known;
      assert(at >= 0, `uid ${uid} vanished, and the client did not know it`);
      this.letters.splice(at, 1);
    }
  }

  /** Whether no letter from a place on is below a uid. */
  #isAbove(uid: number, place: number): boolean {
    return this.letters.slice(place).every((letter) => letter.uid === null || letter.uid > uid);
  }

  #fetch(number: number, line: string): void {
    const letter = this.letters[number - 1];
    assert(letter, `${line}, of ${this.letters.length}`);
    const uid = /[( ]UID (\d+)/.exec(line)?.[1];
    if (uid !== undefined) {
      if (letter.uid !== null)
        assert.equal(Number(uid), letter.uid, `${line}: another letter has the number`);
      letter.uid = Number(uid);
    }
    const flags = /[( ]FLAGS \(([^)]*)\)/.exec(line)?.[1];
    if (flags !== undefined) {
      letter.flags = new Set(
        flags
          .toLowerCase()
          .split(' ')
          .filter((flag) => flag !== ''),
      );
      this.#told.add(letter);
    }
    const modSeq = /MODSEQ \((\d+)\)/.exec(line)?.[1];
    if (modSeq !== undefined) this.#rely(BigInt(modSeq));
  }

  #work(letters: ReadonlySet<KnownLetter>, { how, flags }: FlagChange): void {
    for (const letter of letters) {
      if (letter.flags === null || this.#told.has(letter)) continue;
      const before = how === 'FLAGS' ? new Set<string>() : letter.flags;
      const own = new Set(flags.map((flag) => flag.toLowerCase()));
      letter.flags = how === '-FLAGS' ? before.difference(own) : before.union(own);
    }
  }
}

/** `1:3,7` as numbers. */
const numbersOf = (set: string): readonly number[] =>
  set.split(',').flatMap((range) => {
    const [from = '', to = from] = range.split(':');
    return Array.from({ length: Number(to) - Number(from) + 1 }, (_, at) => Number(from) + at);
  });
