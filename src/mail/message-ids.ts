import type { Envelope } from './envelope.ts';

/** Octets that an identifier has at the most: those of a line (RFC 5322 section 2.1.1). */
const LONGEST_ID = 998;
/** Ancestors by which a letter is found; nobody needs the hundredth, but the first has the whole thread. */
const MOST_ANCESTORS = 100;

// msg-id   = [CFWS] "<" id-left "@" id-right ">" [CFWS]
// id-left  = dot-atom-text / obs-id-left          ; obs-id-left = local-part, which may be quoted
// id-right = dot-atom-text / no-fold-literal / obs-id-right
const NO_BARE_ID = /[\s<>]/;

/**
 * The message identifiers in the value of `Message-ID:`, `In-Reply-To:` or `References:` (RFC 5322 section 3.6.4), as
 * they are written but without their angle brackets, each once and in their order; what is none is passed over.
 * Lenient: white space inside them, none of the `@`, one alone without brackets (old mail programs).
 */
export const parseMessageIds = (value: string): readonly string[] => {
  const ids = new Set<string>();
  for (let start = value.indexOf('<'); start !== -1;) {
    const end = value.indexOf('>', start);
    if (end === -1) break;
    // Of several opening brackets the last counts.
    addId(value.slice(value.lastIndexOf('<', end) + 1, end), ids);
    start = value.indexOf('<', end);
  }
  const bare = value.trim();
  if (ids.size === 0 && bare.includes('@') && !NO_BARE_ID.test(bare)) addId(bare, ids);
  return [...ids];
};

const BLANK = /\s/;

const addId = (written: string, ids: Set<string>): void => {
  const id = BLANK.test(written) ? written.replaceAll(/\s+/g, '') : written;
  if (id !== '' && id.length <= LONGEST_ID) ids.add(id);
};

const QUOTED = /"((?:[^"\\]|\\[^])*)"/g;

/**
 * The one spelling that all of an identifier share: `"01KF8JCEOCBS0045PS"@xxx.yyy.com` is the same as without the quotes
 * (RFC 5256 section 3).
 */
const normalized = (id: string): string =>
  id.includes('"') ? id.replaceAll(QUOTED, (_, text: string) => text.replaceAll(/\\([^])/g, '$1')) : id;

/** Where a letter stands in its thread. */
export type ThreadReferences = {
  /** Null where it has no identifier. */
  readonly own: string | null;
  /** From the first ancestor to the parent. */
  readonly ancestors: readonly string[];
};

/**
 * The identifiers by which RFC 5256 section 3 threads letters, normalised: the ancestors are those of `References:`, or
 * else the first of `In-Reply-To:`, which may be followed by what only looks like one.
 */
export const threadReferences = ({ messageId, inReplyTo, references }: Envelope): ThreadReferences => {
  const ids = (value: string | null): readonly string[] =>
    value === null ? [] : parseMessageIds(value).map(normalized);
  const named = ids(references);
  return {
    own: ids(messageId)[0] ?? null,
    ancestors: named.length > 0 ? named : ids(inReplyTo).slice(0, 1),
  };
};

/**
 * The identifiers of which letters of one thread share one (RFC 8621 section 3), normalised, each once: the letter's own,
 * those it answers, and its ancestors from the first one on.
 */
export const threadIds = (envelope: Envelope): readonly string[] => {
  const { own, ancestors } = threadReferences(envelope);
  if (own !== null && ancestors.length === 0) return [own];
  const answered = parseMessageIds(envelope.inReplyTo ?? '').map(normalized);
  const near = ancestors.slice(Math.max(1, ancestors.length - MOST_ANCESTORS + 1));
  return [
    ...new Set([
      ...(own === null ? [] : [own]),
      ...answered.slice(0, MOST_ANCESTORS),
      ...ancestors.slice(0, 1),
      ...near,
    ]),
  ];
};
