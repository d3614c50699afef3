import type { FetchedLetter } from '../../imap/letters.ts';
import type { SortKey } from '../../imap/sort-key.ts';
import { orderedSubject, references, type ThreadLetter } from '../../imap/threading.ts';
import { decodeNames } from '../../mail/address-list.ts';
import { baseSubject } from '../../mail/base-subject.ts';
import { sentAt, type Envelope } from '../../mail/envelope.ts';
import { threadReferences } from '../../mail/message-ids.ts';
import { unicodeCasemap } from '../../mail/unicode-casemap.ts';
import { ok } from '../../result.ts';
import type { PlacedLetter } from '../../store/port.ts';
import type { Answering } from './desk.ts';
import { readLetters } from './read-letters.ts';
import { find } from './search-answer.ts';
import { envelopeOf } from './search-texts.ts';

type Value = number | string;

/** What a letter is sorted by, where its place does not say it. */
type InEnvelope = Exclude<SortKey['by'], 'ARRIVAL' | 'SIZE'>;

/** Finds letters and sorts them (RFC 5256 section 3); what is equal stays in the order of uids. */
export const sort: Answering<'sort'> = async ({ mailbox, upTo, key, sort: keys }, desk) => {
  const found = await find({ mailbox, upTo, key }, desk);
  if (!found.ok) return found;
  const places = new Map(found.value.map((place) => [place.uid as number, place]));
  const values = new Map<number, readonly Value[]>();
  if (keys.every(({ by }) => by === 'ARRIVAL' || by === 'SIZE')) {
    for (const place of found.value)
      values.set(
        place.uid,
        keys.map(({ by }) => placeValue(by, place)),
      );
  } else {
    const uids = [...places.keys()];
    for await (const letter of readLetters({ mailbox, uids, need: 'parsed' }, desk))
      values.set(
        letter.uid,
        keys.map(({ by }) => letterValue(by, letter)),
      );
  }
  const ordered = [...values].sort(([uid, own], [otherUid, other]) => {
    for (const [index, { order }] of keys.entries()) {
      const compared = compare(own[index] ?? 0, other[index] ?? 0);
      if (compared !== 0) return order === 'ascending' ? compared : -compared;
    }
    return uid - otherUid;
  });
  return ok(ordered.flatMap(([uid]) => places.get(uid) ?? []));
};

const compare = (one: Value, other: Value): number => (one < other ? -1 : one > other ? 1 : 0);

const placeValue = (by: SortKey['by'], place: Pick<PlacedLetter, 'receivedAt' | 'servedBytes'>): number =>
  by === 'SIZE' ? place.servedBytes : place.receivedAt;

function letterValue(by: SortKey['by'], letter: FetchedLetter): Value {
  if (by === 'ARRIVAL') return letter.receivedAt;
  return by === 'SIZE' ? letter.sizeBytes : envelopeValues[by](envelopeOf(letter), letter);
}

/** Texts are compared as i;unicode-casemap does (RFC 5255 section 4.3). A missing row is a type error. */
const envelopeValues: { readonly [By in InEnvelope]: (envelope: Envelope, letter: FetchedLetter) => Value } =
  {
    CC: ({ cc }) => mailboxName(cc),
    // RFC 5256 section 2.2: a letter without a date was sent when it came.
    DATE: (envelope, { receivedAt }) => sentAt(envelope) ?? receivedAt,
    DISPLAYFROM: ({ from }) => displayName(from),
    DISPLAYTO: ({ to }) => displayName(to),
    FROM: ({ from }) => mailboxName(from),
    SUBJECT: ({ subject }) => unicodeCasemap(baseSubject(subject ?? '').text),
    TO: ({ to }) => mailboxName(to),
  };

/** The mailbox of the first address, as ENVELOPE has it: of a group its name (RFC 5256 section 3). */
function mailboxName(addresses: Envelope['from']): string {
  const first = addresses?.[0];
  if (first === undefined) return '';
  return unicodeCasemap(first.is === 'group' ? first.name : (first.address?.localPart ?? ''));
}

/** What a program shows of the first address: its name, or else the address (RFC 5957 section 3). */
function displayName(addresses: Envelope['from']): string {
  const [first] = decodeNames(addresses?.slice(0, 1) ?? []);
  if (first === undefined) return '';
  if (first.is === 'group' || (first.name !== null && first.name !== ''))
    return unicodeCasemap(first.name ?? '');
  const { address } = first;
  return address === null ? '' : unicodeCasemap(`${address.localPart}@${address.domain}`);
}

/** Finds letters and puts them into their threads (RFC 5256 section 3). */
export const thread: Answering<'thread'> = async ({ mailbox, upTo, key, algorithm }, desk) => {
  const found = await find({ mailbox, upTo, key }, desk);
  if (!found.ok) return found;
  const letters: ThreadLetter[] = [];
  const uids = found.value.map(({ uid }) => uid);
  for await (const letter of readLetters({ mailbox, uids, need: 'parsed' }, desk))
    letters.push(threadLetterOf(letter));
  return ok(algorithm === 'REFERENCES' ? references(letters) : orderedSubject(letters));
};

function threadLetterOf(letter: FetchedLetter): ThreadLetter {
  const envelope = envelopeOf(letter);
  const { text, isReplyOrForward } = baseSubject(envelope.subject ?? '');
  return {
    uid: letter.uid,
    sentAt: sentAt(envelope) ?? letter.receivedAt,
    subject: unicodeCasemap(text),
    isReplyOrForward,
    ...threadReferences(envelope),
  };
}
