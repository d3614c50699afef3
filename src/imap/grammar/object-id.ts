import type { Scanner } from '../scanner.ts';

const objectIdPattern = /[A-Za-z0-9_-]{1,255}(?![A-Za-z0-9_-])/y;
const ownNumber = /^([MT])([1-9][0-9]{0,15})$/;

// objectid = 1*255(ALPHA / DIGIT / "_" / "-")    ; case significant               (RFC 8474 section 7)
/** The number behind the letter that a kind of objects has here; null for an id that nothing here has. */
export function objectId(scan: Scanner, kind: 'M' | 'T'): number | null {
  const match = scan.match(objectIdPattern);
  if (match === null) {
    scan.fail('an object identifier');
    return null;
  }
  const [, of, digits] = ownNumber.exec(match[0]) ?? [];
  return of === kind ? Number(digits) : null;
}
