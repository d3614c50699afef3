import type { NumberRange } from '../number-set.ts';
import type { Scanner } from '../scanner.ts';

export type UidBatchesCommand = {
  readonly name: 'UIDBATCHES';
  /** How many letters a batch has. */
  readonly size: number;
  /** Which batches are wanted, the one with the highest uids being the first; null for all. */
  readonly batches: NumberRange | null;
};

// uidbatches = "UIDBATCHES" SP nz-number [SP nz-number ":" nz-number]             (RFC 10022)
export function uidBatches(scan: Scanner): UidBatchesCommand {
  const size = scan.nzNumber();
  if (!scan.take(' ')) return { name: 'UIDBATCHES', size, batches: null };
  const from = scan.nzNumber();
  scan.expect(':');
  return { name: 'UIDBATCHES', size, batches: { from, to: scan.nzNumber() } };
}
