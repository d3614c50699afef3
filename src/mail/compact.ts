import { asBuffer } from '../bytes/buffer.ts';

/** Words that take one octet, by their number. New ones go to the end, so that what is written stays readable. */
const WORDS: readonly string[] = [
  ' text plain html multipart mixed alternative related signed report digest message rfc822 global delivery-status',
  'image png jpeg gif application pdf octet-stream zip pkcs7-signature pgp-signature calendar',
  '7bit 8bit binary quoted-printable base64 charset us-ascii utf-8 UTF-8 iso-8859-1 windows-1252 boundary name filename',
  'format flowed delsp yes type micalg protocol report-type attachment inline size creation-date modification-date',
]
  .join(' ')
  .split(' ');
const wordNumbers = new Map(WORDS.map((word, number) => [word, number]));
/** Shorter ones are written again: a reference to the first is no shorter. */
const SHORTEST_REPEATED = 3;

/** What a text's number says, besides 0 for null: three kinds, by the remainder. */
const [NEW, WORD, REPEATED, KINDS] = [0, 1, 2, 3] as const;

/**
 * Writes whole numbers and texts in few octets. The numbers stand first, then all texts in one piece: whoever reads them
 * decodes one text and cuts it, which is quick.
 */
export class CompactWriter {
  #numbers = Buffer.allocUnsafe(256);
  #length = 0;
  readonly #texts: string[] = [];
  readonly #seen = new Map<string, number>();

  // varint = *(%x80-FF) %x00-7F         ; seven bits each, the lowest first
  /** A whole number from 0 to 2^53 - 1. */
  number(value: number): void {
    if (this.#length + 8 > this.#numbers.length) {
      const larger = Buffer.allocUnsafe(this.#numbers.length * 2);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#numbers[this.#length++] = 0x80 | (rest % 0x80);
    this.#numbers[this.#length++] = rest;
  }

  text(value: string | null): void {
    if (value === null) return this.number(0);
    const word = wordNumbers.get(value);
    if (word !== undefined) return this.number(1 + word * KINDS + WORD);
    const seen = this.#seen.get(value);
    if (seen !== undefined) return this.number(1 + seen * KINDS + REPEATED);
    if (value.length >= SHORTEST_REPEATED) this.#seen.set(value, this.#seen.size);
    this.#texts.push(value);
    return this.number(1 + value.length * KINDS + NEW);
  }

  /** All of it, behind this octet. */
  take(version: number): Uint8Array<ArrayBuffer> {
    const texts = Buffer.from(this.#texts.join(''));
    const end = this.#length;
    // The length of the numbers comes before them, and is written behind them first.
    this.number(end);
    const taken = Buffer.allocUnsafe(1 + this.#length + texts.length);
    taken[0] = version;
    taken.set(this.#numbers.subarray(end, this.#length), 1);
    taken.set(this.#numbers.subarray(0, end), 1 + this.#length - end);
    taken.set(texts, 1 + this.#length);
    return taken;
  }
}

/** Reads what a `CompactWriter` wrote, in the same order. Throws where it is damaged. */
export class CompactReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  readonly #texts: string;
  readonly #seen: string[] = [];
  #at = 1;
  #textAt = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = asBuffer(bytes);
    this.#end = bytes.length;
    const length = this.number();
    this.#end = this.#at + length;
    this.#texts = this.#bytes.toString('utf8', this.#end);
  }

  number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.#at < this.#end ? this.#bytes[this.#at++] : undefined;
      if (byte === undefined) throw new Error('what was computed of a letter is damaged: it ends early');
      if (byte < 0x80) return value + byte * scale;
      value += (byte - 0x80) * scale;
    }
  }

  text(): string | null {
    const number = this.number();
    if (number === 0) return null;
    const kind = (number - 1) % KINDS;
    const value = (number - 1 - kind) / KINDS;
    if (kind === NEW) return this.#newText(value);
    const text = kind === WORD ? WORDS[value] : this.#seen[value];
    if (text === undefined) throw new Error('what was computed of a letter is damaged: no such text');
    return text;
  }

  /** As `text`, where null was never written. */
  certainText(): string {
    const text = this.text();
    if (text === null) throw new Error('what was computed of a letter is damaged: a text is missing');
    return text;
  }

  #newText(length: number): string {
    const text = this.#texts.slice(this.#textAt, this.#textAt + length);
    if (text.length !== length)
      throw new Error('what was computed of a letter is damaged: a text ends early');
    this.#textAt += length;
    if (length >= SHORTEST_REPEATED) this.#seen.push(text);
    return text;
  }
}
