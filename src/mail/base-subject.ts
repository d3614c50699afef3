import { parseEncodedWords } from './encoded-word.ts';
import { oneLine } from './one-line.ts';

/** A subject without what mail programs put around it. */
export type BaseSubject = {
  readonly text: string;
  /** Whether what was taken off marks a reply or a forwarded letter. */
  readonly isReplyOrForward: boolean;
};

// subject      = *subj-leader [subj-middle] *subj-trailer
// subj-refwd   = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":"
// subj-blob    = "[" *BLOBCHAR "]" *WSP             ; BLOBCHAR = any character except "[" and "]"
// subj-fwd     = subj-fwd-hdr subject subj-fwd-trl  ; subj-fwd-hdr = "[fwd:", subj-fwd-trl = "]"
// subj-leader  = (*subj-blob subj-refwd) / WSP
// subj-middle  = *subj-blob (subj-base / subj-fwd)
// subj-trailer = "(fwd)" / WSP
// subj-base    = NONWSP *(*WSP NONWSP)
const BLOB = /\[[^[\]]*\] */y;
const REFWD = /(?:re|fwd?) *(?:\[[^[\]]*\] *)?:/iy;
const FWD_HDR = /\[fwd:/iy;
const TRAILER = '(fwd)';

/**
 * The base subject of a `Subject:` value, unfolded and still in encoded words (RFC 5256 section 2.1). Takes time in
 * proportion to its length: what begins nowhere else is looked at once.
 */
export const baseSubject = (subject: string): BaseSubject => {
  const text = oneLine(parseEncodedWords(subject)).replaceAll(/ {2,}/g, ' ');
  let start = 0;
  let end = text.length;
  let isReplyOrForward = false;
  for (;;) {
    const trimmed = withoutTrailers(text, end);
    isReplyOrForward ||= trimmed.marked;
    end = trimmed.end;
    const led = withoutLeaders(text, start, end);
    isReplyOrForward ||= led.marked;
    start = led.start;
    const wrapped = matchEnd(FWD_HDR, text, start);
    if (wrapped === -1 || wrapped >= end || text[end - 1] !== ']') break;
    [start, end, isReplyOrForward] = [wrapped, end - 1, true];
  }
  return { text: text.slice(start, Math.max(start, end)), isReplyOrForward };
};

/** Step 2: without white space and `(fwd)` at the end. */
const withoutTrailers = (text: string, from: number): { readonly end: number; readonly marked: boolean } => {
  let end = from;
  let marked = false;
  for (;;) {
    if (text[end - 1] === ' ') end -= 1;
    else if (text.slice(Math.max(0, end - TRAILER.length), end).toLowerCase() === TRAILER)
      [end, marked] = [end - TRAILER.length, true];
    else return { end, marked };
  }
};

/** Steps 3 to 5: without replies' marks, and without blobs unless the last of them is all that there is. */
const withoutLeaders = (
  text: string,
  from: number,
  end: number,
): { readonly start: number; readonly marked: boolean } => {
  let start = from;
  let marked = false;
  for (;;) {
    while (text[start] === ' ') start += 1;
    let afterBlobs = start;
    let last = start;
    for (let next = afterBlobs; next !== -1 && next <= end; next = matchEnd(BLOB, text, next))
      [last, afterBlobs] = [afterBlobs, next];
    const afterMark = matchEnd(REFWD, text, afterBlobs);
    if (afterMark === -1 || afterMark > end) return { start: afterBlobs < end ? afterBlobs : last, marked };
    [start, marked] = [afterMark, true];
  }
};

/** Where the match of a sticky pattern at this offset ends; -1 for none. */
const matchEnd = (pattern: RegExp, text: string, at: number): number => {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : -1;
};
