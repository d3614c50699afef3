import type { Scanner } from '../scanner.ts';

export type IdCommand = {
  readonly name: 'ID';
  /** What the client says of itself, for a log; nothing is decided by it (RFC 2971 section 3.3). */
  readonly fields: readonly { readonly name: string; readonly value: string | null }[];
};

const mostFields = 30;
const nil = /NIL/iy;

// id             = "ID" SP id-params-list                                        (RFC 2971 section 4)
// id-params-list = "(" *(string SP nstring) ")" / nil
export function id(scan: Scanner): IdCommand {
  if (scan.match(nil) !== null) return { name: 'ID', fields: [] };
  const fields = scan.list(() => {
    const name = scan.string();
    scan.space();
    return { name, value: scan.nstring() };
  });
  if (fields.length > mostFields) scan.fail(`at most ${mostFields} fields`);
  return { name: 'ID', fields };
}
