import { Collector } from '../bytes/collector.ts';
import { charsetDecoder, decodeUnlabelled, decodeUnlabelledStart, type CharsetDecoder } from './charset.ts';
import type { HtmlReader } from './html-text.ts';
import type { BegunLeaf, LeafSink } from './part-tree.ts';
import { parameterValue } from './parameters.ts';
import type { PartHeader } from './part-header.ts';

/** The first text parts of a letter, of which a preview may be made, have room whatever else the letter holds. */
const PREVIEWED = 4;
/** 256 characters are found in so much of a plain text, in any encoding. */
const PLAIN_BYTES = 4096;
/** HTML may begin with long styles. */
const HTML_BYTES = 65_536;

const reserved = ({ subtype }: PartHeader): number => {
  if (subtype === 'html') return HTML_BYTES;
  return subtype === 'plain' ? PLAIN_BYTES : 0;
};

/** What is kept of a text part. */
type Sample = {
  readonly header: PartHeader;
  /** What came first: nearly always all there is. */
  first: Buffer;
  /** What came behind it. */
  more: Collector | null;
  extent: 'whole' | 'beginning';
  /** Decoded, once somebody wants it. */
  text: string | null;
};

const NOTHING = Buffer.alloc(0);

const bytesOf = ({ first, more }: Sample): Buffer =>
  more === null ? first : Buffer.concat([first, ...more.take()]);

/** Keeps the text of a letter's text parts while it passes: as much as a preview needs, and as much as is to be found. */
export class TextSamples {
  readonly #samples = new Map<number, Sample>();
  #room: number;

  /** Keeps at least `searchableBytes` of the texts together. */
  constructor(searchableBytes: number) {
    this.#room = searchableBytes;
  }

  /** As `LeafListener`: takes the leaves whose type is text. */
  begin({ header, bodyStart }: BegunLeaf): LeafSink | null {
    if (header.type !== 'text') return null;
    const least = this.#samples.size < PREVIEWED ? reserved(header) : 0;
    if (least === 0 && this.#room <= 0) return null;
    const sample: Sample = { header, first: NOTHING, more: null, extent: 'whole', text: null };
    this.#samples.set(bodyStart, sample);
    return (decoded) => {
      const keptBytes = sample.first.length + (sample.more?.sizeBytes ?? 0);
      const room = Math.max(this.#room, least - keptBytes, 0);
      // The bytes are the caller's.
      const taken = Buffer.from(decoded.subarray(0, room));
      if (sample.first.length === 0) sample.first = taken;
      else (sample.more ??= new Collector()).push(taken);
      if (taken.length < decoded.length) sample.extent = 'beginning';
      this.#room -= Math.min(this.#room, taken.length);
    };
  }

  /** Whether one of them is HTML, so that `text` needs a reader of it. */
  get hasHtml(): boolean {
    return this.#samples.values().some(({ header }) => header.subtype === 'html');
  }

  /** The text of the leaf whose body begins there, as far as it was kept; of HTML no more is read than gives `enough` units. */
  text(bodyStart: number, html: HtmlReader | null, enough: number): string | null {
    const sample = this.#samples.get(bodyStart);
    if (sample === undefined) return null;
    const { header, extent } = sample;
    const text = (sample.text ??= decodeSample(header, bytesOf(sample), extent));
    return html !== null && sample.header.subtype === 'html' ? html(text, enough) : text;
  }
}

/**
 * The text of a text part in the charset that its header names; of an HTML text without one, that it names itself. Of the
 * beginning of a longer one, a character that is torn at the end is left out.
 */
export const decodeSample = (header: PartHeader, bytes: Buffer, extent: 'whole' | 'beginning'): string => {
  const decoder = textDecoder(header, bytes);
  return (extent === 'whole' ? decoder.decode(bytes) : decoder.decodeStart(bytes)).replace(/^\ufeff/, '');
};

const META_CHARSET = /<meta\s[^>]{0,200}charset\s*=\s*["']?([\w.:-]+)/i;
/** HTML says its charset in its first 1024 octets. */
const META_BYTES = 1024;

const unlabelled: CharsetDecoder = { decode: decodeUnlabelled, decodeStart: decodeUnlabelledStart };

const textDecoder = ({ subtype, parameters }: PartHeader, bytes: Buffer): CharsetDecoder => {
  const labelled = parameterValue(parameters, 'charset');
  const start = labelled === null && subtype === 'html' ? bytes.toString('latin1', 0, META_BYTES) : '';
  const charset = labelled ?? META_CHARSET.exec(start)?.[1] ?? 'us-ascii';
  // RFC 2045 section 5.2 makes it the default, and who writes it writes anything.
  return charset.toLowerCase() === 'us-ascii' ? unlabelled : (charsetDecoder(charset) ?? unlabelled);
};
