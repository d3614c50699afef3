/** How much of something there is, and may be; null is without a bound. */
export type Share = { readonly used: number; readonly limit: number | null };

/** What an account has of everything that is bounded (RFC 9208 section 5). */
export type AccountQuota = { readonly octets: Share; readonly letters: Share; readonly mailboxes: Share };
