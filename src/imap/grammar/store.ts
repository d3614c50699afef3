import type { NumberSet } from '../number-set.ts';
import type { Scanner } from '../scanner.ts';
import { flags } from './flags.ts';
import { numberSet } from './number-set.ts';

export type StoreCommand = {
  readonly name: 'STORE' | 'UID STORE';
  readonly set: NumberSet;
  readonly how: 'add' | 'remove' | 'replace';
  readonly keywords: readonly string[];
  /** Whether the client knows already what it does (`.SILENT`). */
  readonly silent: boolean;
};

// store           = "STORE" SP sequence-set SP store-att-flags
// store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag)))
/** RFC 9051 section 6.4.6. */
export const store =
  <Name extends StoreCommand['name']>(name: Name) =>
  (scan: Scanner): StoreCommand & { readonly name: Name } => {
    const set = numberSet(scan);
    scan.space();
    const how = scan.take('+') ? 'add' : scan.take('-') ? 'remove' : 'replace';
    scan.expect('FLAGS');
    const silent = scan.take('.SILENT');
    scan.space();
    return { name, set, how, keywords: flags(scan), silent };
  };
