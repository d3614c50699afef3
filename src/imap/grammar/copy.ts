import type { NumberSet } from '../number-set.ts';
import type { Scanner } from '../scanner.ts';
import { mailbox } from './mailbox.ts';
import { numberSet } from './number-set.ts';

export type CopyCommand = {
  readonly name: 'COPY' | 'MOVE' | 'UID COPY' | 'UID MOVE';
  readonly set: NumberSet;
  readonly mailbox: string;
};

// copy = "COPY" SP sequence-set SP mailbox        ; RFC 9051 section 6.4.7
// move = "MOVE" SP sequence-set SP mailbox        ; RFC 9051 section 6.4.8
export const copy =
  <Name extends CopyCommand['name']>(name: Name) =>
  (scan: Scanner): CopyCommand & { readonly name: Name } => {
    const set = numberSet(scan);
    scan.space();
    return { name, set, mailbox: mailbox(scan) };
  };
