import type { AccountQuota, Share } from '../quota.ts';
import { quoted } from './string.ts';

/** Everything of an account is under one root (RFC 9208 section 3.2). */
export const quotaRoot = '';

const kibibyte = 1024;

// quota-response = "QUOTA" SP quota-root-name SP quota-list                       (RFC 9208 section 7)
// quota-list     = "(" quota-resource *(SP quota-resource) ")"
// quota-resource = resource-name SP resource-usage SP resource-limit
/** What is without a bound is not named (RFC 9208 section 4.2.1). */
export function formatQuota({ octets, letters, mailboxes }: AccountQuota): string {
  const { used, limit } = octets;
  // Who is told of a unit less than there is stays within the bound.
  const storage = {
    used: Math.ceil(used / kibibyte),
    limit: limit === null ? null : Math.floor(limit / kibibyte),
  };
  const resources = [
    ...resource('STORAGE', storage),
    ...resource('MESSAGE', letters),
    ...resource('MAILBOX', mailboxes),
  ];
  return `* QUOTA ${quoted(quotaRoot)} (${resources.join(' ')})\r\n`;
}

const resource = (name: string, { used, limit }: Share): string[] =>
  limit === null ? [] : [`${name} ${used} ${limit}`];
