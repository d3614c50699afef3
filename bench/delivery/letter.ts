import { SeededRandom } from '../../test/support/random.ts';
import { domain, recipients, sender } from './people.ts';

/** A letter as it follows DATA, its end included, and the local part of who gets it. */
export type Letter = { readonly bytes: Buffer; readonly recipient: string };

/** Digits of a letter's number, of the same length in every letter. */
const stampDigits = 12;
const stamp = '#'.repeat(stampDigits);
/** The text says the number once in so many octets, so that no two letters share a large piece. */
const stampEveryBytes = 1024;

const syllables = 'an be co der en fa ga har in ka le mo na or pe qua ri so ta um ver wi xe yo za'.split(' ');
const vocabulary = 4000;

/**
 * Makes letters of one size for one connection: a header and lines of words of which some are frequent and most are rare.
 * Each has its number in the Message-ID, the subject and the text. There is one buffer, so a letter is valid until the
 * next is made; a connection has one letter under way at a time.
 */
export class LetterMaker {
  readonly #bytes: Buffer;
  readonly #stamps: readonly number[];
  #turn: number;

  /** `seed` tells the texts of two connections apart. */
  constructor(sizeBytes: number, seed: number) {
    const text = compose(sizeBytes, seed);
    this.#bytes = Buffer.from(`${text}.\r\n`, 'latin1');
    this.#stamps = [...text.matchAll(new RegExp(stamp, 'g'))].map((match) => match.index);
    this.#turn = seed;
  }

  /** The letter of this number, which is used once in a run of the program. */
  make(number: number): Letter {
    const digits = String(number).padStart(stampDigits, '0');
    for (const at of this.#stamps) this.#bytes.write(digits, at, 'latin1');
    this.#turn += 1;
    return { bytes: this.#bytes, recipient: recipients[this.#turn % recipients.length] ?? '' };
  }
}

function compose(sizeBytes: number, seed: number): string {
  const random = new SeededRandom(seed);
  const header =
    `From: Sender <${sender.address}>\r\n` +
    `To: Readers <readers@${domain}>\r\n` +
    `Subject: ${words(random, 30)} ${stamp}\r\n` +
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}\r\n` +
    `Message-ID: <${stamp}.${process.pid}@client.example>\r\n` +
    'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n';
  let text = '';
  let stampedTo = 0;
  while (text.length < sizeBytes) {
    const isDue = text.length >= stampedTo;
    if (isDue) stampedTo += stampEveryBytes;
    text += `${words(random, 58)}${isDue ? ` ${stamp}` : ''}\r\n`;
  }
  // The last line is cut to the size; a line end is never cut in two.
  const cut = (header + text).slice(0, sizeBytes - 2).replace(/\r\n?$/, (end) => 'x'.repeat(end.length));
  if (cut.length < header.length)
    throw new Error(`a letter of ${sizeBytes} octets has no room for its header`);
  return `${cut}\r\n`;
}

/** Words of at least so many octets, never a dot before them. */
function words(random: SeededRandom, leastBytes: number): string {
  let line = word(random);
  while (line.length < leastBytes) line += ` ${word(random)}`;
  return line;
}

/** The square makes the first words of the vocabulary the frequent ones. */
function word(random: SeededRandom): string {
  let rank = Math.floor(random.fraction() ** 2 * vocabulary);
  let spelled = '';
  do {
    spelled += syllables[rank % syllables.length] ?? '';
    rank = Math.floor(rank / syllables.length);
  } while (rank > 0);
  return spelled;
}
