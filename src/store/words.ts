import { foldText } from '../mail/fold-text.ts';

/*
 * How words are found, the same in every store. A text becomes tokens, and so does what is looked for; it is found where its
 * tokens stand in the text one after the other, the last one perhaps only begun. An index need not know more of a token
 * than that: joined by spaces they are the text for SQLite's FTS5 with the tokenizer `ascii`, which takes every character
 * that is not ASCII for a part of a word and so splits at the spaces alone.
 *
 * Scripts that put no spaces between words have no word to begin with. A run of them becomes its pairs of characters that
 * follow one another, and its last character: 東京都 is 東京, 京都, 都. So any part of it is found, a single
 * character as the beginning of a pair.
 */

/** A word is cut after so many characters, where it is looked for as where it stands. */
const LONGEST_WORD = 64;

const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu;
const RUN =
  /[\p{scx=Bopo}\p{scx=Hang}\p{scx=Hani}\p{scx=Hira}\p{scx=Kana}\p{scx=Khmr}\p{scx=Laoo}\p{scx=Mymr}\p{scx=Thai}\p{scx=Tibt}]+/gu;

/** The tokens of a text, in order. */
export const textTokens = (text: string): readonly string[] => words(text).flatMap(tokensOf);

const ASCII = /^[\0-\x7f]*$/;
/** What is between ASCII that separates, with something in it that is not ASCII. */
const FOREIGN = /(?<![A-Za-z0-9])[A-Za-z0-9]*[^\0-\x7f][A-Za-z0-9\x80-\uffff]*/g;
const LONG = /[A-Za-z0-9]{65,}/g;
/** So many are remembered, up to so long: the words of a language come again and again, its sentences do not. */
const MOST_REMEMBERED = 50_000;
const LONGEST_REMEMBERED = 32;

/**
 * Writes texts for an index with FTS5's tokenizer `ascii`, which then has the tokens that `textTokens` gives. What is ASCII it
 * takes apart by itself, in the same way.
 */
export class TokenWriter {
  readonly #remembered = new Map<string, string>();

  write(text: string): string {
    const own = ASCII.test(text) ? text : text.replaceAll(FOREIGN, (found) => this.#foreign(found));
    return hasLongWord(own) ? own.replaceAll(LONG, cut) : own;
  }

  #foreign(found: string): string {
    if (found.length > LONGEST_REMEMBERED) return textTokens(found).join(' ');
    const known = this.#remembered.get(found);
    if (known !== undefined) return known;
    const tokens = textTokens(found).join(' ');
    if (this.#remembered.size >= MOST_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(found, tokens);
    return tokens;
  }
}

/** Whether so many letters and digits of ASCII stand together that they are cut: looks at few characters of a usual text. */
const hasLongWord = (text: string): boolean => {
  for (let at = LONGEST_WORD; at < text.length; at += LONGEST_WORD + 1) {
    let from = at;
    while (from > at - LONGEST_WORD - 1 && isWordByte(text.charCodeAt(from))) from--;
    if (from === at) continue;
    let to = at + 1;
    while (to - from <= LONGEST_WORD + 1 && to < text.length && isWordByte(text.charCodeAt(to))) to++;
    if (to - from - 1 > LONGEST_WORD) return true;
  }
  return false;
};

const isWordByte = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a);

/** The tokens of what is looked for: the last one may be the beginning of one in the text. None: it is everywhere. */
export const queryTokens = (text: string): readonly string[] => {
  const all = words(text);
  const last = all.pop();
  return last === undefined ? [] : [...all.flatMap(tokensOf), ...lastTokens(last)];
};

/** Whether what is looked for is in the text; both as tokens. */
export const hasTokens = (text: readonly string[], query: readonly string[]): boolean => {
  const last = query.length - 1;
  return (
    text.some((_, start) =>
      query.every((token, at) =>
        at === last ? text[start + at]?.startsWith(token) : text[start + at] === token,
      ),
    ) || last === -1
  );
};

type Word = { readonly text: string; readonly is: 'word' | 'run' };

const words = (text: string): Word[] =>
  [...foldText(text).matchAll(WORD)].flatMap(([found]) => splitWord(found));

/** The runs of scripts without spaces in it, and what is between them. */
const splitWord = (found: string): readonly Word[] => {
  const split: Word[] = [];
  let done = 0;
  for (const { 0: run, index } of found.matchAll(RUN)) {
    if (index > done) split.push({ text: found.slice(done, index), is: 'word' });
    split.push({ text: run, is: 'run' });
    done = index + run.length;
  }
  return done < found.length ? [...split, { text: found.slice(done), is: 'word' }] : split;
};

const tokensOf = (word: Word): readonly string[] => {
  if (word.is === 'word') return [cut(word.text)];
  const characters = Array.from(word.text);
  return characters.map((character, index) => character + (characters[index + 1] ?? ''));
};

/** Of a run that is looked for nobody knows that it ends here. */
const lastTokens = (word: Word): readonly string[] => {
  const tokens = tokensOf(word);
  return word.is === 'run' && tokens.length > 1 ? tokens.slice(0, -1) : tokens;
};

const cut = (word: string): string =>
  word.length <= LONGEST_WORD ? word : Array.from(word).slice(0, LONGEST_WORD).join('');
