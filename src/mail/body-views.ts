import { parseEncodedWords } from './encoded-word.ts';
import { oneLine } from './one-line.ts';
import { parameterValue } from './parameters.ts';
import type { MimePart } from './structure.ts';

/** A letter's leaves as a reader is shown them (RFC 8621 section 4.1.4); a nested letter is one of them. */
export type BodyViews = {
  /** What to show to somebody who prefers plain text, in order. */
  readonly textBody: readonly MimePart[];
  /** What to show to somebody who prefers HTML, in order. */
  readonly htmlBody: readonly MimePart[];
  /** What to offer beside it. */
  readonly attachments: readonly MimePart[];
};

/**
 * Sorts the leaves of a letter as RFC 8621 section 4.1.4 suggests, so that clients of every protocol see the same. Goes
 * as deep as the letter nests, which is bounded.
 */
export const bodyViews = (letter: MimePart): BodyViews => {
  const views: Lists = { textBody: [], htmlBody: [], attachments: [] };
  sortParts([letter], 'mixed', 'plainly', views);
  return {
    textBody: views.textBody ?? [],
    htmlBody: views.htmlBody ?? [],
    attachments: views.attachments,
  };
};

/** A list is null where its kind of body has been found in another form. */
type Lists = { textBody: MimePart[] | null; htmlBody: MimePart[] | null; readonly attachments: MimePart[] };

const sortParts = (
  parts: readonly MimePart[],
  multipart: string,
  how: 'plainly' | 'in-alternative',
  into: Lists,
): void => {
  const lists = { ...into };
  const textLength = lists.textBody?.length ?? -1;
  const htmlLength = lists.htmlBody?.length ?? -1;
  for (const [index, part] of parts.entries()) {
    if (part.content.is === 'multipart') {
      const inner = how === 'in-alternative' || part.subtype === 'alternative' ? 'in-alternative' : 'plainly';
      sortParts(part.content.parts, part.subtype, inner, lists);
    } else if (!isInline(part, index, multipart)) lists.attachments.push(part);
    else if (multipart === 'alternative') pushAlternative(part, lists);
    else {
      if (how === 'in-alternative' && isText(part, 'plain')) lists.htmlBody = null;
      if (how === 'in-alternative' && isText(part, 'html')) lists.textBody = null;
      lists.textBody?.push(part);
      lists.htmlBody?.push(part);
      if ((lists.textBody === null || lists.htmlBody === null) && isInlineMedia(part))
        lists.attachments.push(part);
    }
  }
  const { textBody, htmlBody } = lists;
  if (multipart !== 'alternative' || textBody === null || htmlBody === null) return;
  const [hasText, hasHtml] = [textBody.length > textLength, htmlBody.length > htmlLength];
  if (!hasText && hasHtml) textBody.push(...htmlBody.slice(htmlLength));
  if (hasText && !hasHtml) htmlBody.push(...textBody.slice(textLength));
};

const pushAlternative = (part: MimePart, { textBody, htmlBody, attachments }: Lists): void => {
  if (isText(part, 'plain')) textBody?.push(part);
  else if (isText(part, 'html')) htmlBody?.push(part);
  else attachments.push(part);
};

/** Whether it is part of the body, and no attachment. */
const isInline = (part: MimePart, index: number, multipart: string): boolean => {
  const isMedia = isInlineMedia(part);
  if (part.disposition?.type === 'attachment') return false;
  if (!isText(part, 'plain') && !isText(part, 'html') && !isMedia) return false;
  // Of related parts only the first is the body; a text with a name that is not the first is meant as a file.
  return index === 0 || (multipart !== 'related' && (isMedia || partName(part) === ''));
};

const isText = ({ type, subtype }: MimePart, wanted: 'plain' | 'html'): boolean =>
  type === 'text' && subtype === wanted;

const isInlineMedia = ({ type }: MimePart): boolean =>
  type === 'image' || type === 'audio' || type === 'video';

/** RFC 8621 section 4.1.4: whether a client should offer something to save. */
export const hasAttachment = ({ attachments }: BodyViews): boolean =>
  attachments.some(({ disposition }) => disposition?.type !== 'inline');

/**
 * The name of a part's file on one line (RFC 2183 section 2.3), else the one that the media type gives; empty where there
 * is neither. Lenient: encoded words in it are decoded, though RFC 2047 section 5 forbids them there (many mail programs).
 */
export const partName = ({
  disposition,
  parameters,
}: Pick<MimePart, 'disposition' | 'parameters'>): string => {
  const name =
    parameterValue(disposition?.parameters ?? [], 'filename') || parameterValue(parameters, 'name');
  return oneLine(parseEncodedWords(name ?? '')).trim();
};
