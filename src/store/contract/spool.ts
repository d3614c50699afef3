import assert from 'node:assert/strict';
import type { Delivery, LetterId, Spool, Store } from '../port.ts';
import {
  INBOX,
  letterBytes,
  letterFor,
  makeAccount,
  mustDeliver,
  nobody,
  plain,
  refusal,
  uidsIn,
  type Cases,
  type OpenedForTest,
} from './fixtures.ts';

/** Letters that are too large to hold in memory, on their way in and out. */
export const spoolCases: Cases = new Map([
  ['a spooled letter comes out byte for byte, and is read before it is delivered', spooledComesOut],
  ['what was written in one chunk or in many is the same letter', chunksMakeNoDifference],
  ['a spool is given up with the delivery, and is refused a second time', spooledOnce],
  ['after a refusal the spool is still there, until it is discarded', refusedIsKept],
  ['a spooled letter that contradicts itself is a fault and leaves nothing', contradictions],
  ['a spooled letter whose bytes are known shares them', knownBytes],
  ['a spooled letter is queued as well', spooledQueue],
  ['pieces of a blob are those between the bounds, none longer than 256 KiB', piecesBetween],
  ['a letter as it is served is its prefix, its bytes and what of them is left out', servedLetters],
  ['pieces outside of a blob are none, and bounds that are no numbers are a fault', piecesOutside],
]);

const spoolOf = async (store: Store, bytes: Uint8Array, chunkBytes = 65_536): Promise<Spool> => {
  const spool = await store.spool();
  for (let at = 0; at < bytes.length; at += chunkBytes)
    await spool.write(new Uint8Array(bytes.subarray(at, at + chunkBytes)));
  await spool.finish();
  return spool;
};

const spooled = (delivery: Delivery, spool: Spool): Delivery => ({
  ...delivery,
  chunks: [],
  spool: spool.id,
});

/** Delivers and gives the number of the letter. */
const deliver = async (store: Store, delivery: Delivery): Promise<LetterId> => {
  const [placed] = await mustDeliver(store, delivery);
  assert.ok(placed);
  return placed.letter;
};

const gather = async (pieces: AsyncIterable<Uint8Array> | null): Promise<Buffer> => {
  assert.ok(pieces);
  const all: Buffer[] = [];
  for await (const piece of pieces) {
    assert.ok(piece.length > 0 && piece.length <= 256 * 1024, `a piece of ${piece.length} bytes`);
    all.push(Buffer.from(piece));
  }
  return Buffer.concat(all);
};

async function spooledComesOut({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  for (const size of [0, 1, 65_536, 262_144, 262_145, 1_000_003]) {
    const bytes = letterBytes(size, 7);
    const spool = await spoolOf(store, bytes);
    assert.ok((await gather(spool.pieces())).equals(bytes));
    const letter = await deliver(store, spooled(letterFor(id, { bytes }), spool));
    await spool.discard();
    assert.ok(plain(await store.blob(id, letter))?.equals(bytes), `${size} bytes`);
    assert.ok((await gather(await store.blobPieces(id, letter))).equals(bytes));
  }
}

async function chunksMakeNoDifference({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  for (const chunkBytes of [997, 300_000]) {
    const bytes = letterBytes(300_000, chunkBytes);
    const spool = await spoolOf(store, bytes, chunkBytes);
    const letter = await deliver(store, spooled(letterFor(id, { bytes }), spool));
    assert.ok(plain(await store.blob(id, letter))?.equals(bytes));
  }
  // The chunk is its owner's again when the write resolves.
  const spool = await store.spool();
  const chunk = new Uint8Array(letterBytes(1000));
  await spool.write(chunk);
  chunk.fill(0);
  await spool.finish();
  assert.ok((await gather(spool.pieces())).equals(letterBytes(1000)));
  await spool.discard();
}

async function spooledOnce({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const bytes = letterBytes(300_000);
  const spool = await spoolOf(store, bytes);
  const letter = await deliver(store, spooled(letterFor(id, { bytes }), spool));
  const again = letterBytes(300_000, 1);
  const delivery = spooled(letterFor(id, { bytes: again }), spool);
  await assert.rejects(store.deliver(delivery), { name: 'StoreFault' });
  await assert.rejects(spool.write(again));
  await spool.discard();
  await spool.discard();
  assert.ok(plain(await store.blob(id, letter))?.equals(bytes));
  assert.deepEqual(await uidsIn(store, id, INBOX), [1]);
}

async function refusedIsKept({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const bytes = letterBytes(300_000);
  const spool = await spoolOf(store, bytes);
  const refused = await store.deliver(spooled(letterFor(nobody, { bytes }), spool));
  assert.deepEqual(refused, refusal('no-account'));
  assert.ok((await gather(spool.pieces())).equals(bytes));
  await mustDeliver(store, spooled(letterFor(id, { bytes }), spool));
  const other = await spoolOf(store, letterBytes(10));
  await other.discard();
  const gone = spooled(letterFor(id, { bytes: letterBytes(10) }), other);
  await assert.rejects(store.deliver(gone), { name: 'StoreFault' });
}

async function contradictions({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const bytes = letterBytes(300_000);
  const short = await spoolOf(store, bytes.subarray(1));
  await assert.rejects(store.deliver(spooled(letterFor(id, { bytes }), short)), { name: 'StoreFault' });
  const both = { ...letterFor(id, { bytes }), spool: short.id };
  await assert.rejects(store.deliver(both), { name: 'StoreFault' });
  for (const name of ['', '..', '../letterlock.db', '/etc/passwd', '4711-x']) {
    const delivery = { ...letterFor(id, { bytes }), chunks: [], spool: name as Spool['id'] };
    await assert.rejects(store.deliver(delivery), { name: 'StoreFault' });
  }
  await short.discard();
  assert.deepEqual(await uidsIn(store, id, INBOX), []);
}

async function knownBytes({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  for (const bytes of [letterBytes(1000), letterBytes(300_000)]) {
    const letters = [
      await deliver(store, letterFor(id, { bytes })),
      await deliver(store, spooled(letterFor(id, { bytes }), await spoolOf(store, bytes))),
      await deliver(store, letterFor(id, { bytes })),
    ];
    await store.removeLetters(id, letters.slice(0, 2), 0);
    await store.tidy({ now: 0, removedMs: 0, tombstonesMs: 0 });
    assert.ok(plain(await store.blob(id, letters[2] ?? (0 as LetterId)))?.equals(bytes));
  }
}

async function spooledQueue({ store }: OpenedForTest): Promise<void> {
  const bytes = letterBytes(300_000);
  const spool = await spoolOf(store, bytes);
  const { recipients: _, ...letter } = spooled(letterFor(nobody, { bytes }), spool);
  const what = { account: null, destination: 'x', state: '', prefix: new Uint8Array() };
  const [id] = await store.enqueue(letter, [{ ...what, dueAt: 0, createdAt: 0 }]);
  assert.ok(id !== undefined);
  assert.ok((await gather(await store.queuedPieces(id))).equals(bytes));
}

async function piecesBetween({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  for (const bytes of [letterBytes(200_000), letterBytes(700_000)]) {
    const letter = await deliver(store, letterFor(id, { bytes }));
    const size = bytes.length;
    for (const [start, end] of [
      [0, size],
      [0, 1],
      [size - 1, size],
      [65_535, 65_537],
      [65_536, 131_072],
      [1, size - 1],
      [5, 5],
    ] as const) {
      const pieces = await store.blobPieces(id, letter, { start, end });
      assert.ok((await gather(pieces)).equals(bytes.subarray(start, end)), `from ${start} to ${end}`);
    }
  }
}

async function piecesOutside({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  for (const bytes of [letterBytes(1000), letterBytes(300_000)]) {
    const letter = await deliver(store, letterFor(id, { bytes }));
    const between = async (start: number, end: number): Promise<Buffer> =>
      gather(await store.blobPieces(id, letter, { start, end }));
    assert.ok((await between(bytes.length - 5, bytes.length + 5)).equals(bytes.subarray(-5)));
    assert.equal((await between(bytes.length, bytes.length + 5)).length, 0);
    assert.equal((await between(2 ** 40, 2 ** 41)).length, 0);
    for (const [start, end] of [
      [-1, 5],
      [5, 4],
      [0.5, 5],
      [0, Number.NaN],
    ] as const)
      await assert.rejects(async () => store.blobPieces(id, letter, { start, end }), {
        name: 'StoreFault',
      });
  }
  assert.equal(await store.blobPieces(id, 3 as LetterId), null);
  assert.equal(await store.blobPieces(nobody, 1 as LetterId), null);
}

async function servedLetters({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const other = await makeAccount(store, 'nu2@447.edu');
  const omitted = [{ start: 3, end: 5 }];
  for (const size of [0, 1, 5, 65_536, 65_537, 262_144, 262_145]) {
    const bytes = letterBytes(size, 5);
    const left = size < 5 ? {} : { omitted };
    const letter = await deliver(store, { ...letterFor(id, { bytes }), ...left });
    const expected = await store.letter(id, letter);
    const served = await store.served(id, letter);
    assert.ok(served !== null && expected !== null);
    assert.deepEqual(Buffer.from(served.prefix), Buffer.from(expected.prefix));
    assert.deepEqual(served.omitted, expected.omitted);
    assert.deepEqual(plain(served.bytes), size > 262_144 ? null : Buffer.from(bytes), `${size} bytes`);
    assert.equal(await store.served(other.id, letter), null);
    assert.equal(await store.served(nobody, letter), null);
    await store.removeLetters(id, [letter], 0);
    assert.deepEqual(await store.served(id, letter), served);
  }
  await store.removeAccount(id);
  assert.equal(await store.served(id, 1 as LetterId), null);
}
