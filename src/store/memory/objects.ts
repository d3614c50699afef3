import { inOrder } from '../order.ts';
import type { ModSeq, ObjectChange, ObjectKind, ObjectStore, StoredObject } from '../port.ts';
import { ok, refused, type Result } from '../../result.ts';
import { areObjectsSmall, MAX_OBJECTS } from '../rules.ts';
import { Notes, raise, type Box, type World } from './world.ts';

/** The small things beside the letters. */
export const objectVerbs = (world: World): ObjectStore => ({
  objects: (account, kind) => objectsOf(world.box(account)?.objects, kind),
  object: (account, kind, name) => world.box(account)?.objects.get(keyOf(kind, name)) ?? null,
  changeObjects: async (account, changes, at) => {
    if (!areObjectsSmall(changes)) return refused('too-large');
    const box = world.box(account);
    return box === undefined ? refused('no-account') : changeObjects(world, box, changes, at);
  },
});

/** No kind has a space in it. */
const keyOf = (kind: ObjectKind, name: string): string => `${kind} ${name}`;

const objectsOf = (objects: Box['objects'] | undefined, kind: ObjectKind): readonly StoredObject[] =>
  [...(objects?.values() ?? [])]
    .filter((object) => object.kind === kind)
    .sort((one, other) => inOrder(one.name, other.name));

const changeObjects = (
  world: World,
  box: Box,
  changes: readonly ObjectChange[],
  at: number,
): Result<ModSeq, 'too-many'> => {
  if (!hasRoom(box, changes)) return refused('too-many');
  const notes = new Notes();
  for (const change of changes) changeOne(box, change, at, notes);
  world.tell(notes);
  return ok(box.modSeq);
};

/** Whether no kind comes above its bound at any moment of the changes. */
const hasRoom = (box: Box, changes: readonly ObjectChange[]): boolean => {
  const there = new Set(box.objects.keys());
  const counts = new Map<ObjectKind, number>();
  for (const { do: what, kind, name } of changes) {
    const key = keyOf(kind, name);
    const count = counts.get(kind) ?? objectsOf(box.objects, kind).length;
    counts.set(kind, count + Number(what === 'put') - Number(there.has(key)));
    if (what === 'put') there.add(key);
    else there.delete(key);
    if ((counts.get(kind) ?? 0) > MAX_OBJECTS) return false;
  }
  return true;
};

const changeOne = (box: Box, change: ObjectChange, at: number, notes: Notes): void => {
  const { kind, name } = change;
  const known = box.objects.get(keyOf(kind, name));
  if (change.do === 'remove' && known === undefined) return;
  const modSeq = raise(box);
  notes.add(box);
  if (change.do === 'put') {
    const createdModSeq = known?.createdModSeq ?? modSeq;
    box.objects.set(keyOf(kind, name), { kind, name, value: change.value, createdModSeq, modSeq });
  } else {
    box.objects.delete(keyOf(kind, name));
    box.tombstones.push({ of: kind, id: name, modSeq, at });
  }
};
