import type { Scanner } from '../scanner.ts';
import { mailbox } from './mailbox.ts';

export type QuotaCommand =
  | { readonly name: 'GETQUOTA'; readonly root: string }
  | { readonly name: 'GETQUOTAROOT'; readonly mailbox: string };

// getquota        = "GETQUOTA" SP quota-root-name                                 (RFC 9208 section 7)
// quota-root-name = astring
export const getQuota = (scan: Scanner): Extract<QuotaCommand, { name: 'GETQUOTA' }> => ({
  name: 'GETQUOTA',
  root: scan.astring(),
});

// getquotaroot = "GETQUOTAROOT" SP mailbox                                        (RFC 9208 section 7)
export const getQuotaRoot = (scan: Scanner): Extract<QuotaCommand, { name: 'GETQUOTAROOT' }> => ({
  name: 'GETQUOTAROOT',
  mailbox: mailbox(scan),
});
