import type { Scanner } from '../scanner.ts';
import { mailbox } from './mailbox.ts';

export type ListCommand = {
  readonly name: 'LIST' | 'LSUB';
  readonly reference: string;
  readonly patterns: readonly string[];
};

// list = "LIST" SP mailbox SP list-mailbox                                       (RFC 3501 section 9)
// lsub = "LSUB" SP mailbox SP list-mailbox
/** RFC 9051 section 6.3.9; LSUB is RFC 3501 section 6.3.9. */
export const list =
  <Name extends ListCommand['name']>(name: Name) =>
  (scan: Scanner): ListCommand & { readonly name: Name } => {
    const reference = mailbox(scan);
    scan.space();
    return { name, reference, patterns: [scan.listMailbox()] };
  };
