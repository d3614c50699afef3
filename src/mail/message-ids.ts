// msg-id = [CFWS] "<" id-left "@" id-right ">" [CFWS]
const MESSAGE_ID = /<([^<>\s]+)>/g;

/** Identifiers that are taken from one field; nobody needs the thousandth ancestor of a letter. */
const MOST_IDS = 200;

/**
 * The message identifiers in `Message-ID:`, `In-Reply-To:` or `References:` (RFC 5322 section 3.6.4), without their
 * angle brackets, each once and in their order; what is none is passed over.
 */
export const parseMessageIds = (value: string): readonly string[] => {
  const ids = new Set<string>();
  for (const [, id = ''] of value.matchAll(MESSAGE_ID)) {
    ids.add(id);
    if (ids.size === MOST_IDS) break;
  }
  return [...ids];
};
