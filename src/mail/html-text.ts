import type { Tokenizer } from 'htmlparser2';
import type { Eventually } from '../result.ts';

/** The text of an HTML document as one would read it aloud, a line for each block; of a long one at least `enough` units. */
export type HtmlReader = (html: string, enough: number) => string;

type TokenizerClass = typeof Tokenizer;

let reader: HtmlReader | null = null;

/** The reader of HTML, once its library is loaded, which is not before the first document comes. */
export const htmlReader = (): Eventually<HtmlReader> => reader ?? loadReader();

const loadReader = async (): Promise<HtmlReader> => {
  const library = await import('htmlparser2');
  reader = (html, enough) => readHtml(library.Tokenizer, html, enough);
  return reader;
};

/** Elements whose contents nobody is meant to read. */
const SILENT: ReadonlySet<string> = new Set([
  'script',
  'style',
  'title',
  'template',
  'iframe',
  'noembed',
  'noframes',
  'xmp',
]);
/** Elements that begin and end a line. */
const BLOCKS: ReadonlySet<string> = new Set(
  (
    'address article aside blockquote body br center dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 ' +
    'h6 header hr li main nav ol option p pre section table tr ul'
  ).split(' '),
);
/** Elements that part words. */
const CELLS: ReadonlySet<string> = new Set(['td', 'th']);

const nothing = (): void => undefined;

/**
 * The tokenizer of the library is enough, and its time is in proportion to the text. Its parser keeps a list of the open
 * elements and goes through it for each end tag: a hostile text would make it slow.
 */
const readHtml = (Tokens: TokenizerClass, html: string, enough: number): string => {
  const text = new FlowingText();
  let silent: string | null = null;
  const tag = (start: number, end: number): string => html.slice(start, end).toLowerCase();
  const part = (name: string): void => {
    if (BLOCKS.has(name)) text.breakLine();
    else if (CELLS.has(name)) text.add(' ');
  };
  const add = (piece: string): void => {
    if (silent !== null) return;
    text.add(piece);
    if (text.length >= enough) tokens.pause();
  };
  const tokens: Tokenizer = new Tokens(
    {},
    {
      ontext: (start, end) => add(html.slice(start, end)),
      ontextentity: (codePoint) => add(String.fromCodePoint(codePoint)),
      onopentagname: (start, end) => {
        const name = tag(start, end);
        if (SILENT.has(name)) silent ??= name;
        part(name);
      },
      onclosetag: (start, end) => {
        const name = tag(start, end);
        if (name === silent) silent = null;
        part(name);
      },
      onattribdata: nothing,
      onattribentity: nothing,
      onattribend: nothing,
      onattribname: nothing,
      oncdata: nothing,
      oncomment: nothing,
      ondeclaration: nothing,
      onend: nothing,
      onopentagend: nothing,
      onprocessinginstruction: nothing,
      onselfclosingtag: nothing,
    },
  );
  tokens.write(html);
  tokens.end();
  return text.take();
};

/** Text whose white space is one space, or one line end where a block begins. */
class FlowingText {
  readonly #pieces: string[] = [];
  #length = 0;
  /** What the text ends in; the beginning counts as a line's. */
  #end: 'line' | 'space' | 'word' = 'line';

  get length(): number {
    return this.#length;
  }

  add(piece: string): void {
    const flowing = piece.replaceAll(/[\s\0]+/g, ' ');
    const added = this.#end !== 'word' && flowing.startsWith(' ') ? flowing.slice(1) : flowing;
    if (added !== '') this.#push(added, added.endsWith(' ') ? 'space' : 'word');
  }

  breakLine(): void {
    if (this.#end !== 'line') this.#push('\n', 'line');
  }

  #push(piece: string, end: 'line' | 'space' | 'word'): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
    this.#end = end;
  }

  take(): string {
    return this.#pieces.join('').replaceAll(' \n', '\n').trim();
  }
}
