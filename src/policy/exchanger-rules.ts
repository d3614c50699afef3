import type { SenderAuthentication } from '../mail/sender-authentication.ts';

/** What is done with letters whose sender could not be confirmed. `mark`: they are delivered, with the finding on top. */
export type AuthenticationRules = {
  /** A letter fails DMARC, and the domain in `From:` asks that such letters be rejected (RFC 9989 section 4.7, `p=reject`). */
  readonly dmarcReject: 'refuse' | 'mark';
  /** The same where the domain asks for quarantine. */
  readonly dmarcQuarantine: 'refuse' | 'mark';
  /** The domain of the sender says that the client may not send for it (RFC 7208 section 8.4). */
  readonly spfFail: 'refuse' | 'mark';
  /** Something that would have decided could not be looked up. */
  readonly temporary: 'defer' | 'mark';
  /**
   * Domains whose ARC seal is believed (mailing lists): where such a seal holds and says that DMARC passed before the list
   * changed the letter, DMARC is no reason to refuse it (RFC 8617 section 7.2.1).
   */
  readonly trustedSealers: readonly string[];
};

export const defaultAuthenticationRules: AuthenticationRules = {
  dmarcReject: 'refuse',
  dmarcQuarantine: 'mark',
  spfFail: 'mark',
  temporary: 'mark',
  trustedSealers: [],
};

/** Why a letter is not taken. `domain` is the one whose wish it is, as A-labels. */
export type AuthenticationRefusal =
  | { readonly why: 'dmarc' | 'spf'; readonly domain: string }
  | { readonly why: 'not-looked-up' };

/** What the rules make of the findings; null where the letter is taken. */
export function judge(
  { spf, dmarc, arc }: SenderAuthentication,
  rules: AuthenticationRules,
): AuthenticationRefusal | null {
  const vouched = arc.dmarc === 'pass' && arc.sealer !== null && rules.trustedSealers.includes(arc.sealer);
  for (const { result, policy, domain } of vouched ? [] : dmarc) {
    if (result !== 'fail' && result !== 'permerror') continue;
    const wish =
      policy === 'reject' ? rules.dmarcReject : policy === 'quarantine' ? rules.dmarcQuarantine : 'mark';
    if (wish === 'refuse') return { why: 'dmarc', domain };
  }
  if (spf.result === 'fail' && rules.spfFail === 'refuse') return { why: 'spf', domain: spf.domain };
  if (rules.temporary === 'mark') return null;
  const open = (!vouched && dmarc.some(({ result }) => result === 'temperror')) || spf.result === 'temperror';
  return open ? { why: 'not-looked-up' } : null;
}
