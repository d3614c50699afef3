import { Collector } from '../bytes/collector.ts';
import { partName } from './body-views.ts';
import { defaultLetterBounds } from './letter-bounds.ts';
import { cutText } from './one-line.ts';
import type { BegunLeaf, LeafSink } from './part-tree.ts';
import type { MimePart } from './structure.ts';
import { StructureReader } from './structure-reader.ts';
import { decodeSample } from './text-samples.ts';

/** Attachments that are named. */
const MOST_ATTACHMENTS = 20;
/** UTF-16 units of a name or a type that are shown. */
const LONGEST_NAME = 100;

/** A letter as a terminal can show it. */
export type LetterText = {
  /** Its plain text, with LF line ends and no control characters; else one line that says what the letter is. */
  readonly text: string;
  /** A line for each part that the text is not: `[Attachment: name (type, about N bytes)]`. */
  readonly attachments: readonly string[];
};

/**
 * The text of a letter, at most `limit` UTF-16 units of it: its plain text, or the first plain part of several, with LF
 * line ends and no control characters; else one line that says what the letter is.
 */
export const plainText = (letter: Uint8Array, limit: number): string => readLetterText(letter, limit).text;

/**
 * The text of a letter as `plainText` gives it, and its other parts by name. The other forms of the text
 * (RFC 2046 section 5.1.4) are not among them, where it has a plain one.
 */
export const readLetterText = (letter: Uint8Array, limit: number): LetterText => {
  const plain = new PlainText(limit);
  const reader = new StructureReader(defaultLetterBounds, (leaf) => plain.begin(leaf));
  reader.push(letter);
  const { structure, isCut } = reader.end();
  const others = leavesOf(structure).filter(
    ({ part, isWhole, isAlternative }) =>
      part.bodyStart !== plain.bodyStart &&
      (isAttached(part) || (!isWhole && !(plain.bodyStart !== null && isAlternative))),
  );
  const named = others.slice(0, MOST_ATTACHMENTS).map(({ part }) => attachmentLine(part));
  const attachments = isCut || others.length > named.length ? [...named, '[There are more parts.]'] : named;
  const { type, subtype } = structure;
  const nothing = `[This letter is ${type}/${subtype}, ${letter.length} bytes, and has no plain text.]`;
  return { text: cutText(plain.text ?? nothing, limit), attachments };
};

/** Octets that one character takes at the most. */
const OCTETS_PER_CHARACTER = 4;

/** The first plain part of a letter that is no attachment, as much of it as is shown. */
class PlainText {
  readonly #room: number;
  readonly #collector = new Collector();
  #leaf: BegunLeaf | null = null;
  #extent: 'whole' | 'beginning' = 'whole';

  constructor(limit: number) {
    this.#room = limit * OCTETS_PER_CHARACTER + OCTETS_PER_CHARACTER;
  }

  /** As `LeafListener`. */
  begin(leaf: BegunLeaf): LeafSink | null {
    const { type, subtype, disposition } = leaf.header;
    const isPlain = type === 'text' && subtype === 'plain' && disposition?.type !== 'attachment';
    if (this.#leaf !== null || !isPlain || leaf.nestedIn > 0) return null;
    this.#leaf = leaf;
    return (decoded) => {
      const taken = decoded.subarray(0, Math.max(0, this.#room - this.#collector.sizeBytes));
      this.#collector.push(Uint8Array.from(taken));
      if (taken.length < decoded.length) this.#extent = 'beginning';
    };
  }

  /** Of the part that it is; null where there is none. */
  get bodyStart(): number | null {
    return this.#leaf?.bodyStart ?? null;
  }

  /** Null where there is none. */
  get text(): string | null {
    if (this.#leaf === null) return null;
    const text = decodeSample(this.#leaf.header, Buffer.concat(this.#collector.take()), this.#extent);
    return text.replaceAll(/\r\n?/g, '\n').replaceAll(TERMINAL_CONTROL, '\ufffd');
  }
}

/**
 * Other than tab and LF; `\p{Cc}` also has the C1 controls that some terminals obey. The bidirectional controls turn the
 * order of what is shown around, so that one line passes for another.
 */
const TERMINAL_CONTROL = /[^\P{Cc}\t\n]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A part that has no parts, or whose parts are not looked at; a nested letter is one. */
type Leaf = {
  readonly part: MimePart;
  /** Whether the letter has no other. */
  readonly isWhole: boolean;
  /** One of several forms of the same. */
  readonly isAlternative: boolean;
};

/** The leaves in their order. */
const leavesOf = (letter: MimePart): readonly Leaf[] => {
  const leaves: Leaf[] = [];
  const waiting: Leaf[] = [{ part: letter, isWhole: true, isAlternative: false }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { content, subtype } = next.part;
    if (content.is !== 'multipart') leaves.push(next);
    else {
      const isAlternative = next.isAlternative || subtype === 'alternative';
      waiting.push(...content.parts.map((part) => ({ part, isWhole: false, isAlternative })).toReversed());
    }
  }
  return leaves;
};

/** Whether it is meant as a file. */
const isAttached = (part: MimePart): boolean =>
  part.disposition?.type === 'attachment' || shownName(part) !== '';

/** `[Attachment: name (type, about N bytes)]`; the name is left out where there is none. Always one line. */
const attachmentLine = (part: MimePart): string => {
  const name = shownName(part);
  const kind = `(${cutText(`${part.type}/${part.subtype}`, LONGEST_NAME)}, about ${part.decodedBytes} bytes)`;
  return name === '' ? `[Attachment ${kind}]` : `[Attachment: ${name} ${kind}]`;
};

/** What turns the order of a line around. */
const MISLEADING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const shownName = (part: MimePart): string =>
  cutText(partName(part).replaceAll(MISLEADING, '\ufffd'), LONGEST_NAME);
