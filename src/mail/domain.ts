import tr46 from 'tr46';

/** What is wrong with a domain. */
export type DomainProblem =
  | 'domain-empty'
  | 'domain-too-long'
  | 'domain-label'
  | 'domain-character'
  | 'domain-idna';

/** RFC 5321 section 4.5.3.1.2. */
const LONGEST_DOMAIN = 255;
/** RFC 1035 section 2.3.4. */
const LONGEST_LABEL = 63;

const ASCII = /^[\0-\x7f]*$/;
const PUNYCODE_LABEL = /(?:^|\.)xn--/i;
const NO_LDH = /[^A-Za-z0-9.\x80-\u{10ffff}-]/u;

const IDNA = {
  checkBidi: true,
  // RFC 5891 section 4.2.3.1 forbids hyphens in the third and fourth place, but host names in use have them.
  checkHyphens: false,
  checkJoiners: true,
  transitionalProcessing: false,
  useSTD3ASCIIRules: true,
  verifyDNSLength: true,
} as const;

// Domain       = sub-domain *("." sub-domain)
// sub-domain   = Let-dig [Ldh-str]
// sub-domain   =/ U-label
/**
 * Looks for the first thing wrong with a domain, an offset into it in UTF-16 units, or null when it is right (RFC 5321
 * section 4.1.2, RFC 6531 section 3.3). A-labels must decode to what IDNA allows; U-labels may be in any letter case,
 * but not in another disguise that mapping would undo (full-width letters, soft hyphens, ideographic dots).
 */
export const domainProblem = (
  domain: string,
): { readonly why: DomainProblem; readonly at: number } | null => {
  if (domain === '') return { why: 'domain-empty', at: 0 };
  if (domain.length > LONGEST_DOMAIN) return { why: 'domain-too-long', at: LONGEST_DOMAIN };
  const stranger = NO_LDH.exec(domain);
  if (stranger !== null) return { why: 'domain-character', at: stranger.index };
  let at = 0;
  for (const label of domain.split('.')) {
    const shaped = label !== '' && !label.startsWith('-') && !label.endsWith('-');
    if (!shaped || label.length > LONGEST_LABEL) return { why: 'domain-label', at };
    at += label.length + 1;
  }
  if (ASCII.test(domain) && !PUNYCODE_LABEL.test(domain)) return null;
  return internationalProblem(domain);
};

const internationalProblem = (
  domain: string,
): { readonly why: DomainProblem; readonly at: number } | null => {
  if (tr46.toASCII(domain, IDNA) === null) return { why: 'domain-idna', at: 0 };
  let at = 0;
  for (const label of domain.split('.')) {
    const plain = ASCII.test(label) || tr46.toUnicode(label, IDNA).domain === lowerCase(label);
    if (!plain) return { why: 'domain-idna', at };
    at += label.length + 1;
  }
  return null;
};

/** Letter by letter, as the IDNA mapping does it: a final sigma is no special case. */
const lowerCase = (label: string): string =>
  Array.from(label.normalize('NFC'), (letter) => letter.toLowerCase())
    .join('')
    .normalize('NFC');

/** The one spelling that all spellings of a valid domain share: U-labels in lower case. */
export const canonicalDomain = (domain: string): string => {
  if (ASCII.test(domain) && !PUNYCODE_LABEL.test(domain)) return domain.toLowerCase();
  const { domain: unicode, error } = tr46.toUnicode(domain, IDNA);
  return error ? domain.toLowerCase() : unicode;
};

/** A valid domain in ASCII, each U-label as its A-label; as it is where it cannot be converted. */
export const asciiDomain = (domain: string): string =>
  ASCII.test(domain) ? domain : (tr46.toASCII(domain, IDNA) ?? domain);
