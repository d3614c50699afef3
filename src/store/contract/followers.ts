import assert from 'node:assert/strict';
import type {
  AccountId,
  ChangedKind,
  LetterId,
  MailboxId,
  ModSeq,
  PlacedLetter,
  Store,
  Uid,
} from '../port.ts';

/** What somebody has of an account who was here before and asks only what changed since. */
export type Follower = {
  readonly account: AccountId;
  /** What is there of a kind, and up to when that is known. */
  readonly known: Map<ChangedKind, { upTo: ModSeq; readonly ids: Set<unknown> }>;
  /** The places of each letter. */
  readonly places: Map<LetterId, readonly PlacedLetter[]>;
  /** The letters of each mailbox by uid, and up to when they are known (RFC 7162 section 3.2.5). */
  readonly mailboxes: Map<MailboxId, { upTo: ModSeq; readonly placed: Map<Uid, PlacedLetter> }>;
};

const KINDS: readonly ChangedKind[] = ['letter', 'thread', 'mailbox', 'identity', 'sieve-script'];

/** Somebody who knows nothing yet. */
export const newFollower = (account: AccountId): Follower => ({
  account,
  known: new Map(),
  places: new Map(),
  mailboxes: new Map(),
});

/** Asks what changed, at most so many ids a page, and asserts that it comes to what is there. */
export const follow = async (store: Store, follower: Follower, most: number): Promise<void> => {
  const { account } = follower;
  if ((await store.modSeq(account)) === null) return;
  for (const kind of KINDS) {
    await followKind(store, follower, kind, most);
    const { ids } = follower.known.get(kind) ?? { ids: new Set() };
    assert.deepEqual(sorted(ids), sorted(await present(store, account, kind)), `${kind} of ${account}`);
  }
  const letters = [...follower.places.keys()].sort((one, other) => one - other);
  const places = letters.flatMap((letter) => follower.places.get(letter) ?? []);
  assert.deepEqual(places, await store.placesOf(account, letters));
  for (const { id } of await store.mailboxes(account)) await followMailbox(store, follower, id);
};

const sorted = (ids: Iterable<unknown>): readonly string[] => [...ids].map(String).sort();

const everyPlace = async (store: Store, account: AccountId): Promise<readonly PlacedLetter[]> => {
  const places: PlacedLetter[] = [];
  for (const { id } of await store.mailboxes(account))
    places.push(...(await store.placed({ account, mailbox: id })));
  return places;
};

const present = async (store: Store, account: AccountId, kind: ChangedKind): Promise<Set<unknown>> => {
  if (kind === 'mailbox') return new Set((await store.mailboxes(account)).map(({ id }) => id));
  if (kind !== 'letter' && kind !== 'thread')
    return new Set((await store.objects(account, kind)).map(({ name }) => name));
  return new Set((await everyPlace(store, account)).map((place) => place[kind]));
};

const followKind = async (
  store: Store,
  { account, known, places }: Follower,
  kind: ChangedKind,
  most: number,
): Promise<void> => {
  const state = known.get(kind) ?? { upTo: 0n as ModSeq, ids: new Set() };
  known.set(kind, state);
  for (let more = true; more;) {
    let page = await store.changesSince(account, kind, state.upTo, most);
    if (!page.ok) page = await store.changesSince(account, kind, state.upTo, 100_000);
    if (!page.ok) return startAnew(store, account, kind, { state, places });
    const { created, updated, removed } = page.value;
    const pageIds = [...created, ...updated, ...removed];
    assert.equal(new Set(pageIds).size, pageIds.length, 'an id in two lists');
    for (const id of [...created, ...updated]) state.ids.add(id);
    for (const id of removed) state.ids.delete(id);
    if (kind === 'letter') await readPlaces(store, account, places, pageIds as readonly LetterId[]);
    assert.ok(page.value.upTo > state.upTo || !page.value.more, 'a page that leads nowhere');
    state.upTo = page.value.upTo;
    more = page.value.more;
  }
};

/** After `cannot-calculate` everything is read again. */
const startAnew = async (
  store: Store,
  account: AccountId,
  kind: ChangedKind,
  {
    state,
    places,
  }: { readonly state: { upTo: ModSeq; readonly ids: Set<unknown> }; readonly places: Follower['places'] },
): Promise<void> => {
  const modSeq = await store.modSeq(account);
  assert.ok(modSeq !== null);
  state.upTo = modSeq;
  state.ids.clear();
  for (const id of await present(store, account, kind)) state.ids.add(id);
  if (kind !== 'letter') return;
  places.clear();
  await readPlaces(store, account, places, [...state.ids] as readonly LetterId[]);
};

const readPlaces = async (
  store: Store,
  account: AccountId,
  places: Follower['places'],
  letters: readonly LetterId[],
): Promise<void> => {
  for (const letter of letters) {
    const now = await store.placesOf(account, [letter]);
    if (now.length === 0) places.delete(letter);
    else places.set(letter, now);
  }
};

/** As QRESYNC has it: what changed since, and which uids are gone. */
const followMailbox = async (store: Store, follower: Follower, mailbox: MailboxId): Promise<void> => {
  const { account, mailboxes } = follower;
  const state = mailboxes.get(mailbox) ?? { upTo: 0n as ModSeq, placed: new Map() };
  mailboxes.set(mailbox, state);
  const gone = await store.vanishedSince(account, mailbox, state.upTo);
  for (const uid of gone.ok ? gone.value : state.placed.keys()) state.placed.delete(uid);
  const changedSince = gone.ok ? state.upTo : (0n as ModSeq);
  for (const placed of await store.placed({ account, mailbox, changedSince }))
    state.placed.set(placed.uid, placed);
  state.upTo = (await store.mailbox(account, mailbox))?.highestModSeq ?? state.upTo;
  const known = [...state.placed.values()].sort((one, other) => one.uid - other.uid);
  assert.deepEqual(known, await store.placed({ account, mailbox }), `mailbox ${mailbox} of ${account}`);
};
