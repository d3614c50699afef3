import { parseAddress, type Address } from '../mail/address.ts';
import type { Header } from '../mail/header.ts';
import type { OmittedRange } from '../mail/omitted-ranges.ts';
import {
  formatAddedFields,
  formatSender,
  readSubmittedHeader,
  unservedFields,
} from '../mail/submitted-header.ts';
import { ok, refused, type Eventually, type Result } from '../result.ts';
import type { Refusal } from '../smtp/session.ts';

/** What becomes of a letter whose From names somebody else than its sender. */
export type ForeignFrom =
  /** It is refused. */
  | 'refuse'
  /** It is delivered, and its Sender names the account. */
  | 'sender';

/** What a submission server needs to know to look a letter over. */
export type SubmittedLetter = {
  /** The whole header. */
  readonly header: Header;
  /** The reverse path; null for the null one. */
  readonly reversePath: Address | null;
  /** The account's canonical address. */
  readonly account: string;
  /** When it arrived, milliseconds since 1970. */
  readonly receivedAt: number;
  /** One for a letter that has none, without angle brackets. */
  readonly newMessageId: () => string;
  /** The name of this server in Authentication-Results. */
  readonly authservId: string;
};

/** A letter as it will be served. */
export type LookedOver = {
  /** Sender, where it is this server's to say; CRLF included, as below. */
  readonly findings: string;
  /** Date and Message-ID, where they are missing. */
  readonly added: string;
  readonly omitted: readonly OmittedRange[];
};

/** More names than this in From and Sender are nobody's own. */
const mostNamed = 100;

/**
 * Looks a submitted letter over (RFC 6409 sections 6.3 and 8): who wrote it must be who sends it, Date and Message-ID
 * are added where they are missing, Bcc is not served. Nothing else is touched, and not a byte of what is kept.
 * `owns` tells whether an address is the account's own. Rejects for faults only.
 */
export async function lookOver(
  letter: SubmittedLetter,
  owns: (address: Address) => Eventually<boolean>,
  foreignFrom: ForeignFrom,
): Promise<Result<LookedOver, Refusal>> {
  const { header, receivedAt } = letter;
  const { from, sender, hasDate, hasMessageId } = readSubmittedHeader(header);
  const author = await firstForeign(from, owns);
  const agent = await firstForeign(sender, owns);
  // RFC 8098 section 3: who tells that a letter was read says so with the null reverse path, and as nobody else.
  if (letter.reversePath === null && (from.length === 0 || author !== null))
    return refused({ why: 'from-not-yours', address: author?.address ?? null });
  const stranger = author ?? agent;
  if (stranger !== null && foreignFrom === 'refuse')
    return refused({ why: 'from-not-yours', address: stranger.address });
  const says = agent === null && (author === null || sender.length > 0) ? 'kept' : 'replaced';
  const date = hasDate ? null : receivedAt;
  const messageId = hasMessageId ? null : letter.newMessageId();
  return ok({
    findings: says === 'kept' ? '' : formatSender(accountOf(letter)),
    added: formatAddedFields({ date, messageId }),
    omitted: unservedFields(header, letter.authservId, says),
  });
}

/** The first of them that is not the account's own; null where all are. */
async function firstForeign(
  named: readonly (Address | null)[],
  owns: (address: Address) => Eventually<boolean>,
): Promise<{ readonly address: Address | null } | null> {
  if (named.length > mostNamed) return { address: named[mostNamed] ?? null };
  for (const address of named) if (address === null || !(await owns(address))) return { address };
  return null;
}

function accountOf({ account }: SubmittedLetter): Address {
  const parsed = parseAddress(account);
  if (!parsed.ok) throw new Error('an account is named by something that is no address');
  return parsed.value;
}
