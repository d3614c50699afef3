import type {
  Delivery,
  DeliveryRecipient,
  DeliveryRefusal,
  Letter,
  LetterId,
  LetterStore,
  PlacedLetter,
  PlacedQuery,
  Placement,
} from '../port.ts';
import { ok, refused, type Result } from '../../result.ts';
import { checkCount, checkDelivery, servedBytes } from '../rules.ts';
import { fits } from './accounts.ts';
import { bytesOf, giveSpoolsUp } from './blobs.ts';
import { placedLetter, placesIn, placesOf, put } from './places.ts';
import { enterThread } from './threads.ts';
import { Notes, raise, type Box, type KeptLetter, type KeptMailbox, type World } from './world.ts';

type LetterVerbs = Pick<
  LetterStore,
  'letter' | 'lettersById' | 'uids' | 'placed' | 'placedParsed' | 'placesOf' | 'deliver'
>;

/** How letters come in, and how they are listed. */
export const letterVerbs = (world: World): LetterVerbs => ({
  letter: (account, letter) => lettersById(world.box(account), [letter])[0] ?? null,
  lettersById: (account, letters) => lettersById(world.box(account), letters),
  uids: (account, mailbox) => {
    const box = world.box(account);
    return Uint32Array.from(box === undefined ? [] : placesIn(box, mailbox), ({ uid }) => uid);
  },
  placed: (query) => placed(world, query),
  placedParsed: (query) => {
    const box = world.box(query.account);
    return placed(world, query).flatMap((place) => {
      const letter = box?.letters.get(place.letter);
      if (letter === undefined) return [];
      const { parsed, prefix, omitted } = letter;
      return [{ ...place, parsed, prefix, omitted }];
    });
  },
  placesOf: (account, letters) => {
    const box = world.box(account);
    const ordered = [...new Set(letters)].sort((one, other) => one - other);
    return ordered.flatMap((letter) => (box === undefined ? [] : placesOf(box, letter).map(placedLetter)));
  },
  deliver: async (...deliveries) => deliver(world, deliveries),
});

const placed = (world: World, query: PlacedQuery): readonly PlacedLetter[] => {
  const { account, mailbox, from = 0, to = Infinity, changedSince = -1n, count = Infinity, order } = query;
  if (count !== Infinity) checkCount(count);
  const box = world.box(account);
  const ascending = box === undefined ? [] : placesIn(box, mailbox);
  return (order === 'descending' ? ascending.toReversed() : ascending)
    .filter(({ uid, modSeq }) => uid >= from && uid <= to && modSeq > changedSince)
    .slice(0, count)
    .map(placedLetter);
};

const lettersById = (box: Box | undefined, letters: readonly LetterId[]): readonly Letter[] =>
  [...new Set(letters)].flatMap((id) => {
    const letter = box?.letters.get(id);
    return box === undefined || letter === undefined || placesOf(box, id).length === 0 ? [] : shown(letter);
  });

/** As the port tells of it. */
const shown = (letter: KeptLetter): Letter => {
  const { bytes: _, servedBytes: __, modSeq: ___, left: ____, ...told } = letter;
  return told;
};

/** A recipient with what is known of him. */
type Addressee = {
  readonly delivery: Delivery;
  readonly recipient: DeliveryRecipient;
  readonly box: Box;
  readonly mailboxes: readonly KeptMailbox[];
};

const deliver = (
  world: World,
  deliveries: readonly Delivery[],
): Result<readonly Placement[], DeliveryRefusal> => {
  for (const delivery of deliveries) checkDelivery(delivery);
  const addressees: Addressee[] = [];
  for (const delivery of deliveries)
    for (const recipient of delivery.recipients) {
      const box = world.box(recipient.account);
      if (box === undefined) return refused('no-account');
      const inbox = [...box.mailboxes.values()].find(({ role }) => role === 'inbox');
      const mailboxes = recipient.mailboxes?.map((id) => box.mailboxes.get(id)) ?? [inbox];
      if (!mailboxes.every((mailbox) => mailbox !== undefined)) return refused('no-mailbox');
      addressees.push({ delivery, recipient, box, mailboxes });
    }
  if (!allFit(addressees)) return refused('over-quota');
  const bytes = new Map(bytesOf(world, deliveries).map((one, index) => [deliveries[index], one]));
  giveSpoolsUp(world, deliveries);
  const notes = new Notes();
  const placements = addressees.flatMap((addressee) =>
    place(world, addressee, bytes.get(addressee.delivery) ?? new Uint8Array(), notes),
  );
  world.tell(notes);
  return ok(placements);
};

const allFit = (addressees: readonly Addressee[]): boolean =>
  [...Map.groupBy(addressees, ({ box }) => box)].every(([box, own]) => {
    const sizes = own.map(({ delivery, recipient }) => servedBytes(delivery, recipient.prefix));
    return fits(
      box,
      sizes.reduce((sum, size) => sum + size, 0),
      sizes.length,
    );
  });

/** Makes the recipient's letter and puts it into his mailboxes. */
const place = (
  world: World,
  { delivery, recipient, box, mailboxes }: Addressee,
  bytes: Uint8Array,
  notes: Notes,
): readonly Placement[] => {
  const id = world.kept.nextLetter++ as LetterId;
  const modSeq = raise(box);
  const letter: KeptLetter = {
    id,
    bytes,
    thread: enterThread(box, id, delivery.threading),
    createdModSeq: modSeq,
    modSeq,
    hash: delivery.hash,
    sizeBytes: delivery.sizeBytes,
    prefix: new Uint8Array(recipient.prefix),
    omitted: (delivery.omitted ?? []).map(({ start, end }) => ({ start, end })),
    forwardPath: recipient.forwardPath,
    summary: delivery.summary,
    parsed: delivery.parsed === undefined ? null : new Uint8Array(delivery.parsed),
    transport: delivery.transport,
    receivedAt: delivery.receivedAt,
    servedBytes: servedBytes(delivery, recipient.prefix),
    left: null,
  };
  box.letters.set(id, letter);
  const savedAt = delivery.savedAt ?? delivery.receivedAt;
  const how = { modSeq, keywords: [...(recipient.keywords ?? [])], savedAt };
  return mailboxes.map((mailbox) => put(box, mailbox, letter, how, notes));
};
