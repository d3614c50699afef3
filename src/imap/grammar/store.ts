import type { NumberSet } from '../number-set.ts';
import type { Scanner } from '../scanner.ts';
import { flags } from './flags.ts';
import { numberSet } from './number-set.ts';

export type StoreCommand = {
  readonly name: 'STORE' | 'UID STORE';
  readonly set: NumberSet;
  readonly how: 'add' | 'remove' | 'replace';
  readonly keywords: readonly string[];
  /** Only letters that did not change after it (RFC 7162 section 3.1.3); null for all. */
  readonly unchangedSince: bigint | null;
  /** Whether the client knows already what it does (`.SILENT`). */
  readonly silent: boolean;
};

// store           = "STORE" SP sequence-set [store-modifiers] SP store-att-flags
// store-modifiers = SP "(" "UNCHANGEDSINCE" SP mod-sequence-valzer ")"            (RFC 7162 section 7)
// store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag)))
/** RFC 9051 section 6.4.6. */
export const store =
  <Name extends StoreCommand['name']>(name: Name) =>
  (scan: Scanner): StoreCommand & { readonly name: Name } => {
    const set = numberSet(scan);
    scan.space();
    let unchangedSince: bigint | null = null;
    if (scan.take('(UNCHANGEDSINCE ')) {
      unchangedSince = scan.modSeq();
      scan.expect(') ');
    }
    const how = scan.take('+') ? 'add' : scan.take('-') ? 'remove' : 'replace';
    scan.expect('FLAGS');
    const silent = scan.take('.SILENT');
    scan.space();
    return { name, set, unchangedSince, how, keywords: flags(scan), silent };
  };
