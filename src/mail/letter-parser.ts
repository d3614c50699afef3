import type { Eventually } from '../result.ts';
import { baseSubject, type BaseSubject } from './base-subject.ts';
import { bodyViews, hasAttachment } from './body-views.ts';
import type { Envelope } from './envelope.ts';
import { htmlReader, type HtmlReader } from './html-text.ts';
import { defaultLetterBounds, type LetterBounds } from './letter-bounds.ts';
import { threadIds } from './message-ids.ts';
import { previewedText, previewOf } from './preview.ts';
import { searchableText, type SearchableText } from './searchable-text.ts';
import type { MimePart } from './structure.ts';
import { StructureReader, type ReadStructure } from './structure-reader.ts';
import { TextSamples } from './text-samples.ts';

/** All that is computed of a letter once, before it is stored. */
export type ParsedLetter = {
  /** The letter itself as a part: its header begins at 0. */
  readonly structure: MimePart;
  readonly envelope: Envelope;
  /** RFC 5256 section 2.1; what RFC 8621 section 3 compares, with `messageIds`, to find the thread. */
  readonly baseSubject: BaseSubject;
  /**
   * The identifiers in `Message-ID:`, `In-Reply-To:` and `References:`, without angle brackets, each once and the letter's
   * own first: letters of one thread share one (RFC 8621 section 3).
   */
  readonly messageIds: readonly string[];
  /** Up to 256 characters of its text on one line, for lists (RFC 8621 section 4.1.4, RFC 8970 section 3). */
  readonly preview: string;
  /** Whether a part is there that a client offers to save (RFC 8621 section 4.1.4). */
  readonly hasAttachment: boolean;
  /** For the full-text index; empty where `searchableBytes` is 0. */
  readonly searchable: SearchableText;
};

const notSearched: SearchableText = { body: '', attachmentNames: [] };

/**
 * Reads a letter that comes in chunks, split anywhere, with memory that its bounds limit however long the letter is:
 * `push` each chunk, then `end`. A chunk is the caller's again once `push` returns. Never fails, whatever the bytes are.
 * With `searchableBytes: 0` the texts are not gathered, so that HTML costs little; what is indexed later is read again.
 */
export class LetterParser {
  readonly #bounds: LetterBounds;
  readonly #samples: TextSamples;
  readonly #reader: StructureReader;

  constructor(bounds: LetterBounds = defaultLetterBounds) {
    this.#bounds = bounds;
    this.#samples = new TextSamples(bounds.searchableBytes);
    this.#reader = new StructureReader(bounds, (leaf) => this.#samples.begin(leaf));
  }

  push(chunk: Uint8Array): void {
    this.#reader.push(chunk);
  }

  /** What was found; at once, or later where the library that reads HTML is loaded for the first time. */
  end(): Eventually<ParsedLetter> {
    const read = this.#reader.end();
    if (!this.#samples.hasHtml) return this.#parsed(read, null);
    const html = htmlReader();
    return html instanceof Promise
      ? html.then((ready) => this.#parsed(read, ready))
      : this.#parsed(read, html);
  }

  #parsed({ structure, envelope }: ReadStructure, html: HtmlReader | null): ParsedLetter {
    const views = bodyViews(structure);
    const textOf = (enough: number) => (part: MimePart) => this.#samples.text(part.bodyStart, html, enough);
    const isSearched = this.#bounds.searchableBytes > 0;
    return {
      structure,
      envelope,
      baseSubject: baseSubject(envelope.subject ?? ''),
      messageIds: threadIds(envelope),
      preview: previewOf(views, textOf(previewedText)),
      hasAttachment: hasAttachment(views),
      searchable: isSearched ? searchableText(structure, textOf(Infinity)) : notSearched,
    };
  }
}
