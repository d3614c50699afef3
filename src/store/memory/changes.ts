import type { ChangedKind, Changes, ChangeStore, LetterId, ModSeq, ThreadId } from '../port.ts';
import { ok, refused, type Result } from '../../result.ts';
import { checkMost } from '../rules.ts';
import type { Box, KeptLetter, World } from './world.ts';

/** What changed, for those who were here before. */
export const changeVerbs = (world: World): ChangeStore => ({
  modSeq: (account) => world.box(account)?.modSeq ?? null,
  changesSince: (account, kind, since, most) => {
    checkMost(most);
    const box = world.box(account);
    if (!knows(box, since)) return refused('cannot-calculate');
    // Of each kind the identifiers are what the port says that they are.
    return paged(box, changesOf(box, kind, since), most) as Result<Changes<never>, 'cannot-calculate'>;
  },
  vanishedSince: (account, mailbox, since) => {
    const box = world.box(account);
    if (!knows(box, since)) return refused('cannot-calculate');
    const gone = box.tombstones.flatMap((tombstone) =>
      tombstone.of === 'place' && tombstone.mailbox === mailbox && tombstone.modSeq > since
        ? tombstone.uid
        : [],
    );
    return ok(gone.sort((one, other) => one - other));
  },
  onChange: (listener) => world.listen(listener),
});

const knows = (box: Box | undefined, since: ModSeq): box is Box =>
  box !== undefined && since >= box.floor && since <= box.modSeq;

type Id = LetterId | ThreadId | number | string;
/** That something was made, changed or removed, and the number under which it is told. */
type Told = { readonly id: Id; readonly how: 'created' | 'updated' | 'removed'; readonly modSeq: ModSeq };
/** Something that is there. */
type There = { readonly id: Id; readonly createdModSeq: ModSeq; readonly modSeq: ModSeq };

/** What of the kind changed after `since`, each once. */
const changesOf = (box: Box, kind: ChangedKind, since: ModSeq): readonly Told[] => {
  const there = new Map(thereOf(box, kind).map((one) => [one.id, one]));
  const told = [...there.values()].map(({ id, createdModSeq, modSeq }): Told =>
    createdModSeq > since ? { id, how: 'created', modSeq: createdModSeq } : { id, how: 'updated', modSeq },
  );
  const gone = new Map<Id, Told>();
  for (const tombstone of box.tombstones)
    if (tombstone.of === kind && !there.has(tombstone.id))
      gone.set(tombstone.id, { id: tombstone.id, how: 'removed', modSeq: tombstone.modSeq });
  return [...told, ...gone.values()].filter(({ modSeq }) => modSeq > since);
};

/** Everything of the kind that is there. */
const thereOf = (box: Box, kind: ChangedKind): readonly There[] => {
  if (kind === 'mailbox') return [...box.mailboxes.values()];
  const letters = [...new Set([...box.places].map(({ letter }) => letter))];
  if (kind === 'letter') return letters;
  if (kind === 'thread') return threadsOf(box, letters);
  return [...box.objects.values()]
    .filter((object) => object.kind === kind)
    .map(({ name, createdModSeq, modSeq }) => ({ id: name, createdModSeq, modSeq }));
};

/** The threads of these letters. A thread was made with its first letter, and changes with any that is or was of it. */
const threadsOf = (box: Box, letters: readonly KeptLetter[]): readonly There[] =>
  [...Map.groupBy(letters, ({ thread }) => thread)].map(([id, own]) => {
    const gone = box.tombstones.filter((tombstone) => tombstone.of === 'thread' && tombstone.id === id);
    const first = box.letters.get(id as number as LetterId);
    return {
      id,
      createdModSeq: first?.createdModSeq ?? (0n as ModSeq),
      modSeq: [...own, ...gone]
        .map(({ modSeq }) => modSeq)
        .reduce((one, other) => (one > other ? one : other)),
    };
  });

/** The first of what is told, in the order of its numbers; what has one number is not torn apart. */
const paged = (box: Box, told: readonly Told[], most: number): Result<Changes<Id>, 'cannot-calculate'> => {
  const ordered = [...told].sort(
    (one, other) => Number(one.modSeq - other.modSeq) || Number(one.id) - Number(other.id),
  );
  const next = ordered[most];
  const taken = next === undefined ? ordered : ordered.filter(({ modSeq }) => modSeq < next.modSeq);
  const last = taken.at(-1);
  if (next !== undefined && last === undefined) return refused('cannot-calculate');
  const ids = (how: Told['how']): readonly Id[] => taken.filter((one) => one.how === how).map(({ id }) => id);
  return ok({
    created: ids('created'),
    updated: ids('updated'),
    removed: ids('removed'),
    upTo: next === undefined || last === undefined ? box.modSeq : last.modSeq,
    more: next !== undefined,
  });
};
