import { asBuffer } from '../bytes/buffer.ts';

/** What the separator line of a letter says. */
export type MboxEnvelope = {
  /** Without angle brackets; empty for the null sender. */
  readonly reversePath: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
};

const LF = 0x0a;
/** As much of a letter as is turned at once. */
const pieceBytes = 262_144;

// entry   = "From " addr-spec SP asctime LF *( line LF ) LF
/**
 * One letter as an entry of an mbox file (RFC 4155 appendix A), in pieces. Each CRLF becomes LF, and a line that begins
 * with `From ` after any number of `>` gets one `>` more (the form called mboxrd). So the letter comes back whole:
 * without the separator line and the empty line at the end, one `>` less on those lines, CRLF for each LF. That holds
 * for every letter in which lines end in CRLF alone and the last line ends, as in all that came by SMTP
 * (RFC 5321 section 2.3.8).
 */
export function* mboxEntry(
  envelope: MboxEnvelope,
  prefix: Uint8Array,
  letter: Uint8Array,
): Generator<Uint8Array> {
  yield Buffer.from(mboxSeparator(envelope));
  yield* mboxLines(prefix);
  yield* mboxLines(letter);
  yield Buffer.from(endsLine(letter.length === 0 ? prefix : letter) ? '\n' : '\n\n');
}

/** The separator line of an entry. */
export const mboxSeparator = ({ reversePath, receivedAt }: MboxEnvelope): string =>
  `From ${reversePath || 'MAILER-DAEMON'} ${asctime(receivedAt)}\n`;

/** Lines of a letter as `mboxEntry` has them; the bytes begin with a line. */
export function* mboxLines(bytes: Uint8Array): Generator<Uint8Array> {
  const whole = asBuffer(bytes);
  for (let start = 0; start < whole.length;) {
    const end = pieceEnd(whole, start);
    const text = whole.toString('latin1', start, end).replaceAll('\r\n', '\n');
    yield Buffer.from(text.replaceAll(/(?<![^\n])>*From /g, '>$&'), 'latin1');
    start = end;
  }
}

/** Pieces end with a line, so that neither a CRLF nor a `From ` is cut. */
function pieceEnd(whole: Buffer, start: number): number {
  if (whole.length - start <= pieceBytes) return whole.length;
  const last = whole.subarray(start, start + pieceBytes).lastIndexOf(LF);
  const at = last === -1 ? whole.indexOf(LF, start + pieceBytes) : start + last;
  return at === -1 ? whole.length : at + 1;
}

const endsLine = (bytes: Uint8Array): boolean => bytes.length === 0 || bytes.at(-1) === LF;

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** `Tue Jun 30 01:03:35 2020`, in UTC as RFC 4155 appendix A has it. */
function asctime(ms: number): string {
  const at = new Date(ms);
  const day = String(at.getUTCDate()).padStart(2, ' ');
  const time = at.toISOString().slice(11, 19);
  return `${days[at.getUTCDay()]} ${months[at.getUTCMonth()]} ${day} ${time} ${at.getUTCFullYear()}`;
}
