import { star, type NumberRange, type NumberSet } from '../number-set.ts';
import type { Scanner } from '../scanner.ts';

// sequence-set = (seq-number / seq-range) ["," sequence-set]        (RFC 9051 section 9)
// sequence-set =/ seq-last-command        ; seq-last-command = "$"
// seq-range    = seq-number ":" seq-number
export function numberSet(scan: Scanner): NumberSet {
  if (scan.take('$')) return 'saved';
  const ranges: NumberRange[] = [];
  do ranges.push(range(scan));
  while (scan.take(','));
  return ranges;
}

function range(scan: Scanner): NumberRange {
  const from = seqNumber(scan);
  return scan.take(':') ? { from, to: seqNumber(scan) } : { from, to: from };
}

// seq-number = nz-number / "*"
const seqNumber = (scan: Scanner): number => (scan.take('*') ? star : scan.nzNumber());
