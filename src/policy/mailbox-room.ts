import { whenThere, type Eventually } from '../result.ts';
import type { Question } from '../smtp/session.ts';
import type { Store } from '../store/port.ts';
import { recipientRefusal, type LocalDestination, type LocalRecipients } from './local-recipients.ts';
import type { Route } from './reception.ts';

/**
 * Why a letter does not fit: a mailbox is full, which may be otherwise tomorrow; or the letter is larger than all that
 * the account may keep, which stays so.
 */
export type NoRoom = 'over-quota' | 'exceeds-quota';

/**
 * Whether all these mailboxes have room for one letter more of so many bytes, 0 where nobody knows yet; null where they
 * have. Rejects for faults only.
 */
export function roomFor(
  store: Pick<Store, 'quota'>,
  destinations: readonly LocalDestination[],
  sizeBytes: number,
): Eventually<NoRoom | null> {
  const bounded = destinations.filter(({ isBounded }) => isBounded);
  return bounded.length === 0 ? null : roomWithin(store, bounded, sizeBytes);
}

async function roomWithin(
  store: Pick<Store, 'quota'>,
  destinations: readonly LocalDestination[],
  sizeBytes: number,
): Promise<NoRoom | null> {
  let refusal: NoRoom | null = null;
  for (const { account } of destinations) {
    const found = await store.quota(account.id);
    if (found === null) continue;
    const { quota, usage } = found;
    if (sizeBytes > (quota.bytes ?? Infinity)) return 'exceeds-quota';
    const isFull =
      usage.bytes + Math.max(sizeBytes, 1) > (quota.bytes ?? Infinity) ||
      usage.letters >= (quota.letters ?? Infinity);
    if (isFull) refusal = 'over-quota';
  }
  return refusal;
}

/** Why the recipient of RCPT cannot get the letter, as far as it is known by then. */
type Unreachable = ReturnType<typeof recipientRefusal> | NoRoom;

/** Why this recipient cannot get the letter; null where nothing is in the way. Rejects for faults only. */
export function objectionTo(
  { recipient, envelope }: Extract<Question, { ask: 'recipient' }>,
  { recipients, store }: { readonly recipients: LocalRecipients; readonly store: Pick<Store, 'quota'> },
): Eventually<Unreachable | null> {
  return whenThere(recipients.find(recipient), (found) =>
    found.ok ? roomFor(store, found.value, envelope.announcedBytes ?? 0) : recipientRefusal(found.refusal),
  );
}

/** Why a letter that the store refused as over a quota did not fit: by what its recipients keep now. */
export async function whyNoRoom(
  store: Pick<Store, 'quota'>,
  routes: readonly Route[],
  sizeBytes: number,
): Promise<NoRoom> {
  const destinations = routes.flatMap((route) => route.destinations);
  return (await roomFor(store, destinations, sizeBytes)) ?? 'over-quota';
}
