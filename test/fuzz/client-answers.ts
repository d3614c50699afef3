import { ReplyReader } from '../../src/smtp/client/reply-reader.ts';
import type { Mechanism } from '../../src/sasl/exchange.ts';
import { challenges, hostile, keywords, texts } from './client-words.ts';
import type { Random } from './random.ts';
import { recorded } from './sasl-words.ts';

/** What answers a client: the bytes for each line as the client wrote it, for `(the letter)`, and for nothing: a greeting. */
export interface Answers {
  answer(line: string): string;
  /** Whether each answer so far was whole, and asked for: then no command may be left without an outcome. */
  readonly isWhole: boolean;
}

/**
 * A server as a client may find it: most of what it says is right for what it was told, and the rest is anything. Where it
 * is `honest` it never answers what was not said; a network that is slower than its client would show the difference.
 */
export class AnsweringServer implements Answers {
  readonly #protocol: 'smtp' | 'lmtp';
  readonly #random: Random;
  readonly #honesty: 'honest' | 'any';
  #mechanism: Mechanism = 'PLAIN';
  #challenges = 0;
  /** LMTP: how many recipients have an answer coming (RFC 2033 section 4.2). */
  #accepted = 0;
  isWhole = true;

  constructor(protocol: 'smtp' | 'lmtp', random: Random, honesty: 'honest' | 'any') {
    this.#protocol = protocol;
    this.#random = random;
    this.#honesty = honesty;
  }

  answer(line: string): string {
    const isLetter = line === '(the letter)' || /^BDAT .* LAST$/.test(line);
    let text = '';
    let count = isLetter && this.#protocol === 'lmtp' ? Math.max(1, this.#accepted) : 1;
    for (; count > 0; count -= 1) {
      const reply = this.#reply(line);
      text += reply;
      if (/^(?:MAIL|RSET|EHLO|HELO|LHLO)/.test(line)) this.#accepted = 0;
      if (line.startsWith('RCPT') && reply.startsWith('2')) this.#accepted += 1;
      // Who closes says so once.
      if (reply.startsWith('421')) count = 1;
    }
    if (isLetter) this.#accepted = 0;
    if (this.#random.onceIn(60)) {
      this.isWhole = false;
      text = this.#spoiled(text);
    }
    if (this.#honesty === 'any' && this.#random.onceIn(40)) {
      this.isWhole = false;
      text += '421 4.0.0 unasked\r\n';
    }
    return text;
  }

  /** Breaks off, or goes on with what is no reply; who is honest does so where none is whole by it. */
  #spoiled(text: string): string {
    const at = this.#random.below(text.length);
    if (this.#random.onceIn(2)) return text.slice(0, at);
    const from = this.#honesty === 'any' ? at : text.lastIndexOf('\n', at - 1) + 1;
    return text.slice(0, from) + this.#random.pick(hostile);
  }

  #reply(line: string): string {
    if (line === '***' || line.startsWith('AUTH ')) return this.#login(line);
    const code = this.#code(usualCode(line));
    if (/^(?:EHLO|LHLO) /.test(line) && code === '250') return this.#announcement();
    const last = `${code}${this.#text()}\r\n`;
    return this.#random.onceIn(8) ? `${code}-${this.#text().slice(1)}\r\n${last}` : last;
  }

  #code(usual: string): string {
    return this.#random.onceIn(8)
      ? this.#random.pick(['250', '354', '421', '450', '550', '220', '334', '235'])
      : usual;
  }

  /** A text without a line end of its own; mostly a usual one. */
  #text(): string {
    return this.#random.onceIn(3) ? this.#random.pick(texts) : ' 2.0.0 OK';
  }

  #announcement(): string {
    const words = keywords.filter(() => !this.#random.onceIn(this.#random.onceIn(4) ? 2 : 5));
    return [...words, 'HELP'].reduce(
      (text, word, index) => `${text}250${index === words.length ? ' ' : '-'}${word}\r\n`,
      '250-mail.example\r\n',
    );
  }

  #login(line: string): string {
    if (line !== '***') {
      this.#mechanism = line.split(' ')[1] as Mechanism;
      this.#challenges = 0;
    }
    if (this.#random.onceIn(8)) return `334 ${this.#random.pick(challenges)}\r\n`;
    if (this.#random.onceIn(12))
      return `${this.#random.pick(['535', '454', '235', '504', '250'])} 5.7.8 so\r\n`;
    const challenge = this.#next(line);
    return challenge === null ? '235 2.7.0 welcome\r\n' : `334 ${challenge}\r\n`;
  }

  /** The challenge that comes next; null where the login is at its end. */
  #next(line: string): string | null {
    // A mechanism with an initial response that did not come: an empty challenge asks for it.
    const { client = [], server = [] } = recorded.get(this.#mechanism) ?? {};
    if (line !== '***' && client[0] !== null && line.split(' ').length === 2) return '';
    const challenge = server[this.#challenges] ?? null;
    this.#challenges += 1;
    return challenge;
  }
}

function usualCode(line: string): string {
  if (line === '') return '220';
  if (line === 'STARTTLS') return '220';
  if (line === 'DATA') return '354';
  if (line === 'QUIT') return '221';
  return '250';
}

/** A server that says what it was given, one text for each answer, for as long as it answers no more than it was asked. */
export class ScriptedServer implements Answers {
  readonly #given: readonly Buffer[];
  readonly #replies = new ReplyReader();
  #asked = 0;
  #replied = 0;
  #isOver = false;
  readonly isWhole = false;

  constructor(given: readonly Buffer[]) {
    this.#given = given;
  }

  answer(): string {
    const text = this.#given[this.#asked];
    this.#asked += 1;
    if (this.#isOver || text === undefined) return '';
    this.#replies.push(Buffer.from(text));
    let read = this.#replies.next();
    while (read.got === 'reply') {
      this.#replied += 1;
      read = this.#replies.next();
    }
    // What is said unasked comes before or behind the next command, as the network has it.
    const isRestUnasked = this.#replied === this.#asked && (read.got === 'broken' || this.#replies.hasUnread);
    this.#isOver = this.#replied > this.#asked || isRestUnasked;
    return this.#isOver ? '' : text.toString('latin1');
  }
}
