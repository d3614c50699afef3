import type { NumberRange } from '../number-set.ts';
import type { Scanner } from '../scanner.ts';
import { mailbox } from './mailbox.ts';
import { numberSet } from './number-set.ts';

export type SelectCommand = {
  readonly name: 'SELECT' | 'EXAMINE';
  readonly mailbox: string;
  readonly condstore: boolean;
  readonly resync: Resync | null;
};

/** What a client knows of a mailbox that it was in before (RFC 7162 section 3.2.5). */
export type Resync = {
  readonly uidValidity: number;
  readonly since: bigint;
  /** The uids that it knows; null for all up to then. */
  readonly known: readonly NumberRange[] | null;
};

// select        = "SELECT" SP mailbox [select-params]                             (RFC 4466 section 2.1)
// examine       = "EXAMINE" SP mailbox [select-params]
// select-params = SP "(" select-param *(SP select-param) ")"
// select-param  = "CONDSTORE" / "QRESYNC" SP "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")"
/** RFC 9051 sections 6.3.2 and 6.3.3; the parameters are those of RFC 7162 sections 3.1.8 and 3.2.5. */
export const select =
  <Name extends SelectCommand['name']>(name: Name) =>
  (scan: Scanner): SelectCommand & { readonly name: Name } => {
    const wanted = mailbox(scan);
    let condstore = false;
    let resync: Resync | null = null;
    if (scan.take(' ')) {
      const parameters = scan.list(() => {
        if (scan.take('CONDSTORE')) condstore = true;
        else if (scan.take('QRESYNC ')) resync = qresync(scan);
        else scan.fail('CONDSTORE or QRESYNC');
      });
      if (parameters.length === 0) scan.fail('CONDSTORE or QRESYNC');
    }
    return { name, mailbox: wanted, condstore, resync };
  };

// known-uids     = sequence-set
// seq-match-data = "(" known-sequence-set SP known-uid-set ")"
/** What the client says of its numbers helps a server that forgets soon what was removed; here it is only read. */
function qresync(scan: Scanner): Resync {
  scan.expect('(');
  const uidValidity = scan.nzNumber();
  scan.space();
  const since = scan.modSeq();
  let known: readonly NumberRange[] | null = null;
  let more = scan.take(' ');
  if (more && scan.next !== '(') {
    const set = numberSet(scan);
    if (set === 'saved') scan.fail('a set of uids');
    else known = set;
    more = scan.take(' ');
  }
  if (more) {
    scan.expect('(');
    numberSet(scan);
    scan.space();
    numberSet(scan);
    scan.expect(')');
  }
  scan.expect(')');
  return { uidValidity, since, known };
}
