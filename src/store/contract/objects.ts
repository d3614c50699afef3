import assert from 'node:assert/strict';
import type { ObjectChange, ObjectKind } from '../port.ts';
import { MAX_OBJECTS } from '../rules.ts';
import { makeAccount, mustBeOk, nobody, refusal, T0, type Cases, type OpenedForTest } from './fixtures.ts';

/** The small things that an account has beside its letters. */
export const objectCases: Cases = new Map([
  ['an object is put, replaced and removed, each under a number of its own', objectsAreKept],
  ['objects are listed by name, kind by kind, and are no other account’s', objectsAreListed],
  ['several changes are made in order, all or none', allOrNone],
  ['to remove what is not there changes nothing', removedTwice],
  ['a name has at most 1,024 bytes and a value 1 MiB', objectsAreSmall],
  ['an account has at most 10,000 objects of a kind, at every moment of the changes', objectsAreBounded],
  ['an object without a name is a fault', namesAreNeeded],
]);

const put = (name: string, value = '', kind: ObjectKind = 'sieve-script'): ObjectChange => ({
  do: 'put',
  kind,
  name,
  value,
});

const remove = (name: string, kind: ObjectKind = 'sieve-script'): ObjectChange => ({
  do: 'remove',
  kind,
  name,
});

async function objectsAreKept({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const kind = 'sieve-script';
  assert.equal(await store.object(id, kind, 'a'), null);
  assert.equal(await mustBeOk(store.changeObjects(id, [put('a', 'keep;\0\u{1f48c}')], T0)), 2n);
  const made = { kind, name: 'a', value: 'keep;\0\u{1f48c}', createdModSeq: 2n, modSeq: 2n };
  assert.deepEqual(await store.object(id, kind, 'a'), made);
  assert.equal(await mustBeOk(store.changeObjects(id, [put('a', 'stop;')], T0)), 3n);
  assert.deepEqual(await store.object(id, kind, 'a'), { ...made, value: 'stop;', modSeq: 3n });
  assert.equal(await mustBeOk(store.changeObjects(id, [put('a', 'stop;')], T0)), 4n);
  assert.equal(await mustBeOk(store.changeObjects(id, [remove('a')], T0)), 5n);
  assert.equal(await store.object(id, kind, 'a'), null);
  assert.equal(await mustBeOk(store.changeObjects(id, [put('a')], T0)), 6n);
  assert.equal((await store.object(id, kind, 'a'))?.createdModSeq, 6n);
  assert.equal(await store.modSeq(id), 6n);
}

async function objectsAreListed({ store }: OpenedForTest): Promise<void> {
  const one = await makeAccount(store, 'nu1@447.edu');
  const two = await makeAccount(store, 'nu2@447.edu');
  const names = ['constructor', 'b', '\u{1f48c}', '\uff5e', '__proto__', 'B', '1'];
  await mustBeOk(
    store.changeObjects(
      one.id,
      names.map((name) => put(name, name)),
      T0,
    ),
  );
  await mustBeOk(store.changeObjects(one.id, [put('b', 'other', 'annotation')], T0));
  const listed = await store.objects(one.id, 'sieve-script');
  assert.deepEqual(
    listed.map(({ name, value, modSeq }) => [name, value, modSeq]),
    [
      ['1', '1', 8n],
      ['B', 'B', 7n],
      ['__proto__', '__proto__', 6n],
      ['b', 'b', 3n],
      ['constructor', 'constructor', 2n],
      ['\uff5e', '\uff5e', 5n],
      ['\u{1f48c}', '\u{1f48c}', 4n],
    ],
  );
  assert.equal((await store.object(one.id, 'annotation', 'b'))?.value, 'other');
  assert.equal(await store.object(one.id, 'sieve-script', 'toString'), null);
  assert.equal(await store.object(two.id, 'annotation', 'b'), null);
  assert.deepEqual(await store.objects(two.id, 'sieve-script'), []);
  assert.deepEqual(await store.objects(nobody, 'sieve-script'), []);
}

async function allOrNone({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const changes = [put('a', '1'), put('b'), remove('a'), put('a', '2'), remove('b'), put('c')];
  assert.equal(await mustBeOk(store.changeObjects(id, changes, T0)), 7n);
  const listed = await store.objects(id, 'sieve-script');
  assert.deepEqual(
    listed.map(({ name, value, createdModSeq, modSeq }) => [name, value, createdModSeq, modSeq]),
    [
      ['a', '2', 5n, 5n],
      ['c', '', 7n, 7n],
    ],
  );
  const large = 'a'.repeat(1_048_577);
  assert.deepEqual(await store.changeObjects(id, [put('d'), put('e', large)], T0), refusal('too-large'));
  await assert.rejects(store.changeObjects(id, [put('d'), put('')], T0), { name: 'StoreFault' });
  assert.equal((await store.objects(id, 'sieve-script')).length, 2);
  assert.equal(await store.modSeq(id), 7n);
}

async function removedTwice({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  assert.equal(await mustBeOk(store.changeObjects(id, [remove('a')], T0)), 1n);
  assert.equal(await mustBeOk(store.changeObjects(id, [put('a'), remove('a'), remove('a')], T0)), 3n);
  assert.equal(await mustBeOk(store.changeObjects(id, [remove('a', 'identity')], T0)), 3n);
  assert.equal(await mustBeOk(store.changeObjects(id, [], T0)), 3n);
  assert.deepEqual(await store.changeObjects(nobody, [remove('a')], T0), refusal('no-account'));
  assert.deepEqual(await store.changeObjects(nobody, [], T0), refusal('no-account'));
}

async function objectsAreSmall({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const [name, value] = ['\u00e9'.repeat(512), '\u00e9'.repeat(524_288)];
  assert.equal(await mustBeOk(store.changeObjects(id, [put(name, value)], T0)), 2n);
  assert.equal((await store.object(id, 'sieve-script', name))?.value, value);
  for (const change of [put(`${name}a`), put('a', `${value}a`), remove(`${name}a`)])
    assert.deepEqual(await store.changeObjects(id, [change], T0), refusal('too-large'));
  assert.equal(await store.modSeq(id), 2n);
}

async function objectsAreBounded({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const names = Array.from({ length: MAX_OBJECTS }, (_, n) => `n${n}`);
  const all = names.map((name) => put(name));
  assert.deepEqual(await store.changeObjects(id, [...all, put('more')], T0), refusal('too-many'));
  const between = [...all, put('more'), remove('more')];
  assert.deepEqual(await store.changeObjects(id, between, T0), refusal('too-many'));
  assert.equal(await store.modSeq(id), 1n);
  await mustBeOk(store.changeObjects(id, all, T0));
  assert.deepEqual(await store.changeObjects(id, [put('more')], T0), refusal('too-many'));
  await mustBeOk(store.changeObjects(id, [put('n7', 'x'), put('more', '', 'identity')], T0));
  assert.deepEqual(await store.changeObjects(id, [put('more'), remove('n1')], T0), refusal('too-many'));
  await mustBeOk(store.changeObjects(id, [remove('n1'), put('more')], T0));
  assert.equal((await store.objects(id, 'sieve-script')).length, MAX_OBJECTS);
}

async function namesAreNeeded({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  for (const change of [put(''), remove('')])
    await assert.rejects(store.changeObjects(id, [change], T0), { name: 'StoreFault' });
}
