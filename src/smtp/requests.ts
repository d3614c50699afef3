import type { Address } from '../mail/address.ts';

/** What a client asked for with MAIL beyond the letter itself; a field is null, or false, where it did not. */
export type MailRequests = {
  /** REQUIRETLS: no hop without TLS, from here to the mailbox (RFC 8689 section 2). */
  readonly requireTls: boolean;
  /** RET: how much of the letter a report brings back (RFC 3461 section 4.3). */
  readonly ret: 'FULL' | 'HDRS' | null;
  /** ENVID: the sender's name for this transaction, decoded, printable ASCII (RFC 3461 section 4.4). */
  readonly envelopeId: string | null;
  /** HOLDFOR in seconds, or HOLDUNTIL in milliseconds since 1970 (RFC 4865 section 3). */
  readonly hold: { readonly forSeconds: number } | { readonly untilMs: number } | null;
  readonly deliverBy: DeliverBy | null;
  /** MT-PRIORITY: -9 to 9; 0 is what a letter without it has (RFC 6710 section 3). */
  readonly priority: number | null;
  /** AUTH: who submitted the letter first, as the client claims; `unknown` for `<>` (RFC 4954 section 5). */
  readonly submitter: Address | 'unknown' | null;
};

/** BY: how long delivery may take, and what happens then (RFC 2852 section 4). */
export type DeliverBy = {
  /** Seconds from now; with `notify` they may have passed already. */
  readonly seconds: number;
  /** `R`: the letter goes back; `N`: the sender is told that it is late. */
  readonly otherwise: 'return' | 'notify';
  /** Whether each hop is to report (`T`). */
  readonly trace: boolean;
};

/** What a client asked for with RCPT (RFC 3461 section 4). */
export type RecipientRequests = {
  /** NOTIFY: when the sender is told; an empty list is NEVER, null is as the server usually does. */
  readonly notify: readonly NotifyOn[] | null;
  /** ORCPT: the recipient whom the sender wrote to, decoded. */
  readonly originalRecipient: OriginalRecipient | null;
};

export type NotifyOn = 'SUCCESS' | 'FAILURE' | 'DELAY';

/** An address and its type in lower case, `rfc822` or `utf-8` or another registered one; no control characters. */
export type OriginalRecipient = { readonly type: string; readonly address: string };

/** Nothing was asked for with MAIL. */
export const noMailRequests: MailRequests = {
  requireTls: false,
  ret: null,
  envelopeId: null,
  hold: null,
  deliverBy: null,
  priority: null,
  submitter: null,
};

/** Nothing was asked for with RCPT. */
export const noRecipientRequests: RecipientRequests = { notify: null, originalRecipient: null };
