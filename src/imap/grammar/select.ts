import type { Scanner } from '../scanner.ts';
import { mailbox } from './mailbox.ts';

export type SelectCommand = { readonly name: 'SELECT' | 'EXAMINE'; readonly mailbox: string };

// select  = "SELECT" SP mailbox
// examine = "EXAMINE" SP mailbox
/** RFC 9051 sections 6.3.2 and 6.3.3. */
export const select =
  <Name extends SelectCommand['name']>(name: Name) =>
  (scan: Scanner): SelectCommand & { readonly name: Name } => ({ name, mailbox: mailbox(scan) });
