import type { Annotation } from '../annotation.ts';
import { formatMailboxName } from '../mailbox-name.ts';
import { quoted, type TextForm } from './string.ts';

/** An entry with its value, or without one where it has none. */
export type ShownEntry = { readonly entry: string; readonly value: Annotation['value'] | null };

// metadata-resp = "METADATA" SP mailbox SP (entry-values / entry-list)            (RFC 5464 section 5)
// entry-value   = entry SP value
/** Of the server where the path is empty. */
export const formatMetadata = (path: string, entries: readonly ShownEntry[], form: TextForm): string =>
  `* METADATA ${formatMailboxName(path, form)} (${entries
    .map(({ entry, value }) => `${quoted(entry)} ${formatValue(value)}`)
    .join(' ')})\r\n`;

// value = nstring / literal8
function formatValue(value: Uint8Array | null): string {
  if (value === null) return 'NIL';
  const octets = Buffer.from(value).toString('latin1');
  // oxlint-disable-next-line no-control-regex -- what a quoted string may have is the question
  if (/^[\u0001-\u0009\u000b\u000c\u000e-\u007f]*$/.test(octets)) return quoted(octets);
  return `${octets.includes('\0') ? '~' : ''}{${octets.length}}\r\n${octets}`;
}
