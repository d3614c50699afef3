import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnnotationChange } from '../../imap/annotation.ts';
import { makeAccount } from '../../store/contract/fixtures.ts';
import { openMemoryStore } from '../../store/memory/store.ts';
import type { Desk } from './desk.ts';
import { metadata, setMetadata } from './metadata-answer.ts';

async function openDesk(): Promise<Desk> {
  const store = openMemoryStore();
  const { id } = await makeAccount(store, 'ada@example.org');
  return { store, account: id, now: () => 1, large: new Map() };
}

const set = async (desk: Desk, of: number | null, ...changes: AnnotationChange[]): Promise<string> => {
  const result = await setMetadata({ ask: 'set-metadata', of, changes }, desk);
  return result.ok ? 'set' : result.refusal;
};

const entries = (count: number, value: Uint8Array | null = Buffer.from('x')): AnnotationChange[] =>
  Array.from({ length: count }, (_, number) => ({ entry: `/private/vendor/x/${number}`, value }));

test('a mailbox has a hundred annotations, and what is there can be changed and removed all the same', async () => {
  const desk = await openDesk();
  assert.equal(await set(desk, 1, ...entries(101)), 'too-many-annotations');
  assert.equal(await set(desk, 1, ...entries(100)), 'set');
  assert.equal(await set(desk, 1, { entry: '/private/y', value: Buffer.from('y') }), 'too-many-annotations');
  assert.equal(await set(desk, 1, ...entries(100, Buffer.from('z'))), 'set');
  assert.equal(
    await set(desk, 1, ...entries(1, null), { entry: '/private/y', value: Buffer.from('y') }),
    'set',
  );
  assert.equal(await set(desk, null, ...entries(100)), 'set');
});

test('an account has a thousand of them', async () => {
  const desk = await openDesk();
  for (let more = 0; more < 5; more++)
    await desk.store.createMailbox(desk.account, { name: `More ${more}`, parent: null, createdAt: 1 });
  for (let mailbox = 1; mailbox <= 10; mailbox++)
    assert.equal(await set(desk, mailbox, ...entries(100)), 'set');
  assert.equal(await set(desk, 11, ...entries(1)), 'too-many-annotations');
});

test('where one is refused, none is set', async () => {
  const desk = await openDesk();
  const use = { entry: '/private/specialuse', value: Buffer.from('\\Archive') };
  assert.equal(await set(desk, 3, { entry: '/private/y', value: Buffer.from('y') }, use), 'role-taken');
  const found = await metadata({ ask: 'metadata', of: [3] }, desk);
  assert(found.ok);
  assert.deepEqual(
    found.value.get(3)?.map(({ entry }) => entry),
    ['/private/specialuse'],
  );
});

test('octets come back as they were, whatever they are', async () => {
  const desk = await openDesk();
  for (const value of ['', 'text x', 'grün', Buffer.of(0), Buffer.of(255, 254), Buffer.from('\ufeffx')]) {
    const octets = Buffer.from(value);
    assert.equal(await set(desk, 1, { entry: '/private/y', value: octets }), 'set');
    const found = await metadata({ ask: 'metadata', of: [1] }, desk);
    assert(found.ok);
    assert.deepEqual([...(found.value.get(1)?.[0]?.value ?? [])], [...octets]);
  }
});
