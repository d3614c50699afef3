import { createHash } from 'node:crypto';
import { MAX_SEGMENT_BLOB_BYTES } from '../../src/store/sqlite/blob-rows.ts';
import type { SeededRandom } from '../support/random.ts';

/** A letter that somebody tries to send, without its bytes. */
export type SentLetter = {
  readonly sha256: string;
  readonly recipients: readonly string[];
  /** Whether the server answered 250. */
  acknowledged: boolean;
};

/** Lines of bodies: printable, some of them with dots where dots matter. */
const lines = [
  '.',
  '..',
  '.hidden',
  'A line of text that says nothing in particular, and says it in seventy octets.',
  '',
  'short',
  'x'.repeat(900),
].map((line) => `${line}\r\n`);

/** A letter from 100 octets to 1 MiB: mostly small, some in rows, some above the bound from where the store keeps files. */
export function makeLetter(
  random: SeededRandom,
  name: string,
  from: string,
  recipients: readonly string[],
): { readonly letter: SentLetter; readonly bytes: Buffer } {
  const header = `From: <${from}>\r\nMessage-ID: <${name}@letters.example>\r\nSubject: ${name}\r\n\r\n`;
  const bodyBytes = sizeBytes(random) - header.length;
  // A long letter repeats what it has: making it must not be what the processors are busy with.
  let block = '';
  while (block.length < Math.min(bodyBytes, 8192)) block += lines[random.whole(0, lines.length - 1)] ?? '';
  const body = block.repeat(Math.max(1, Math.floor(bodyBytes / Math.max(1, block.length))));
  const bytes = Buffer.from(header + body, 'latin1');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { letter: { sha256, recipients, acknowledged: false }, bytes };
}

function sizeBytes(random: SeededRandom): number {
  const kind = random.fraction();
  if (kind < 0.75) return random.whole(100, 4096);
  if (kind < 0.9) return random.whole(4096, 65_536);
  if (kind < 0.98) return random.whole(65_536, MAX_SEGMENT_BLOB_BYTES);
  return random.whole(MAX_SEGMENT_BLOB_BYTES, 2 * MAX_SEGMENT_BLOB_BYTES);
}
