import assert from 'node:assert/strict';
import type { AccountId, BlobHash, Letter, LetterId, MailboxId, ModSeq, Placement, Uid } from '../port.ts';
import { inboxLetters } from '../inbox.ts';
import {
  ARCHIVE,
  deliveryOf,
  hashOf,
  INBOX,
  JUNK,
  letterBytes,
  letterFor,
  makeAccount,
  mustDeliver,
  mustFind,
  NOWHERE,
  nobody,
  plain,
  put,
  putMany,
  refusal,
  SENT,
  T0,
  uids,
  uidsIn,
  type Cases,
  type OpenedForTest,
} from './fixtures.ts';
import { lettersInInbox } from './inbox.ts';

/** How letters come in, and how they are listed. */
export const letterCases: Cases = new Map([
  ['a letter comes out byte for byte, with everything that was said about it', letterComesOut],
  ['what of a letter is not served is kept with each letter, its bytes whole', omittedIsKept],
  ['letters of every size come out byte for byte', everySize],
  ['one delivery to several recipients shares its blob and nothing else', severalRecipients],
  ['a delivery with one account that is gone is refused as a whole', refusedAsWhole],
  ['several deliveries in one call are all taken in, or none', allOrNone],
  ['a delivery of nothing to nobody is answered with no placement', noDelivery],
  ['a letter is saved when it is received, or when the delivery says', savedWhenSaid],
  ['a letter is put into all the mailboxes that were asked for, with its keywords', severalMailboxes],
  ['a mailbox of another account, and one that is not there, is refused', foreignMailboxes],
  ['the bytes of a letter are given to its account, and to no other', blobsAreGuarded],
  ['uid, modseq, uidnext and counts are exact', numbersAreExact],
  ['the counts of a mailbox are those of its letters, after whatever happened to them', countsAreExact],
  ['letters of a mailbox are listed newest first, a page at a time', pages],
  ['letters of a mailbox are listed by uid, within bounds, and since a change', placedWithinBounds],
  ['letters of a mailbox are read with what was computed of them', readWithParsed],
  ['letters and places are found by number, each once, and never those of another account', foundByNumber],
  ['deliveries at the same time get different numbers', sameTime],
  ['a delivery that contradicts itself is a fault and leaves nothing', contradictions],
]);

const numbers = (letters: readonly Letter[]): readonly LetterId[] => letters.map(({ id }) => id);

async function letterComesOut({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const bytes = Buffer.from('Subject: x\r\n\r\n.\r\n\0\xff', 'latin1');
  const delivery = deliveryOf(bytes, [id]);
  const [placement] = await mustDeliver(store, deliveryOf(bytes, [id]));
  assert.ok(placement);
  const letter = await store.letter(id, placement.letter);
  assert.deepEqual(letter, {
    id: 1,
    thread: 1,
    createdModSeq: 2n,
    hash: delivery.hash,
    sizeBytes: bytes.length,
    prefix: new Uint8Array(delivery.recipients[0]?.prefix ?? []),
    omitted: [],
    forwardPath: 'nu1@447.edu',
    summary: delivery.summary,
    parsed: null,
    transport: delivery.transport,
    receivedAt: T0,
  });
  assert.deepEqual(plain(await store.blob(id, placement.letter)), bytes);
  const bare = { subject: '', from: '', sentAt: null, messageId: null };
  await mustDeliver(store, { ...deliveryOf(letterBytes(9), [id]), summary: bare });
  assert.deepEqual((await store.letter(id, 2 as LetterId))?.summary, bare);
  assert.equal(await store.letter(id, 3 as LetterId), null);
  assert.equal(await store.letter(2 as AccountId, placement.letter), null);
}

async function omittedIsKept({ store }: OpenedForTest): Promise<void> {
  const one = await makeAccount(store, 'nu1@447.edu');
  const two = await makeAccount(store, 'nu2@447.edu');
  const bytes = letterBytes(5000);
  const omitted = Array.from({ length: 1000 }, (_, n) => ({ start: n * 5, end: n * 5 + (n % 5) + 1 }));
  for (const given of [omitted, [{ start: 0, end: 5000 }], []])
    await mustDeliver(store, { ...deliveryOf(bytes, [one.id, two.id]), omitted: given });
  for (const { id } of [one, two])
    assert.deepEqual(
      (await lettersInInbox(store, id)).map((letter) => letter.omitted),
      [[], [{ start: 0, end: 5000 }], omitted],
    );
  const [whole] = await lettersInInbox(store, two.id);
  assert.ok(whole);
  assert.deepEqual(plain(await store.blob(two.id, whole.id)), Buffer.from(bytes));
  for (const [start, end] of [
    [0, 5001],
    [-1, 1],
    [3, 3],
    [2, 1],
    [0.5, 1],
  ] as const)
    await assert.rejects(store.deliver({ ...deliveryOf(bytes, [one.id]), omitted: [{ start, end }] }), {
      name: 'StoreFault',
    });
  const late = { start: 4999, end: 5000 };
  for (const wrong of [
    [late, { start: 0, end: 1 }],
    [late, late],
    [...omitted, late],
  ])
    await assert.rejects(store.deliver({ ...deliveryOf(bytes, [one.id]), omitted: wrong }), {
      name: 'StoreFault',
    });
  assert.equal((await lettersInInbox(store, one.id)).length, 3);
}

async function everySize({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const sizes = [0, 1, 4095, 65_535, 65_536, 65_537, 131_072, 262_143, 262_144, 262_145, 1_000_003];
  for (const size of sizes)
    for (const chunkBytes of [1000, 65_536, 70_000, size + 1]) {
      const bytes = letterBytes(size, chunkBytes);
      const [placed] = await mustDeliver(store, deliveryOf(bytes, [id], { chunkBytes }));
      assert.ok(placed);
      const found = plain(await store.blob(id, placed.letter));
      assert.ok(found?.equals(bytes), `${size} bytes in chunks of ${chunkBytes}`);
    }
}

async function severalRecipients({ store }: OpenedForTest): Promise<void> {
  const one = await makeAccount(store, 'nu1@447.edu');
  const two = await makeAccount(store, 'nu2@447.edu');
  const bytes = letterBytes(300_000);
  const placements = await mustDeliver(store, deliveryOf(bytes, [one.id, two.id, one.id]));
  assert.deepEqual(
    placements.map(({ account, uid, modSeq }) => [account, uid, modSeq]),
    [
      [one.id, 1, 2n],
      [two.id, 1, 2n],
      [one.id, 2, 3n],
    ],
  );
  for (const [index, { account, letter }] of placements.entries()) {
    const found = await store.letter(account, letter);
    assert.equal(Buffer.from(found?.prefix ?? []).toString(), `Received: by mail.447.edu for ${index}\r\n`);
    assert.equal(found?.forwardPath, `nu${account}@447.edu`);
    assert.ok(plain(await store.blob(account, letter))?.equals(bytes));
  }
}

async function refusedAsWhole({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const bytes = letterBytes(100);
  const before = await store.mailboxes(id);
  const answer = await store.deliver(deliveryOf(bytes, [id, 99 as AccountId]));
  assert.deepEqual(answer, refusal('no-account'));
  assert.deepEqual(await lettersInInbox(store, id), []);
  assert.deepEqual(await store.mailboxes(id), before);
  const [placement] = await mustDeliver(store, deliveryOf(bytes, [id]));
  assert.deepEqual([placement?.letter, placement?.uid], [1, 1]);
}

async function blobsAreGuarded({ store }: OpenedForTest): Promise<void> {
  const one = await makeAccount(store, 'nu1@447.edu');
  const two = await makeAccount(store, 'nu2@447.edu');
  for (const bytes of [letterBytes(5000), letterBytes(300_000)]) {
    const { letter } = await put(store, one.id, { bytes });
    assert.deepEqual(plain(await store.blob(one.id, letter)), Buffer.from(bytes));
    for (const account of [two.id, nobody, 0 as AccountId])
      assert.equal(await store.blob(account, letter), null);
    const other = await put(store, two.id, { bytes });
    assert.deepEqual(plain(await store.blob(two.id, other.letter)), Buffer.from(bytes));
    assert.equal(await store.blob(one.id, other.letter), null);
    assert.equal(await store.blobPieces(one.id, other.letter), null);
  }
  for (const number of [0, -1, 0.5, 4711]) assert.equal(await store.blob(one.id, number as LetterId), null);
}

async function numbersAreExact({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  for (let n = 1; n <= 5; n++) {
    const [placement] = await mustDeliver(store, deliveryOf(letterBytes(50, n % 2), [id]));
    const modSeq = BigInt(n + 1);
    assert.deepEqual(placement, { account: id, mailbox: 1, letter: n, uid: n, modSeq });
    const [inbox] = await store.mailboxes(id);
    assert.equal(inbox?.uidNext, n + 1);
    assert.equal(inbox?.letters, n);
    assert.equal(inbox?.highestModSeq, modSeq as ModSeq);
  }
}

async function pages({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const other = await makeAccount(store, 'nu2@447.edu');
  for (let n = 0; n < 7; n++) await mustDeliver(store, deliveryOf(letterBytes(10, n), [id, other.id]));
  const page = async (count: number, to?: number, account = id): Promise<readonly Uid[]> => {
    const query = { account, mailbox: INBOX, count, order: 'descending' } as const;
    return (await store.placed(to === undefined ? query : { ...query, to: to as Uid })).map(({ uid }) => uid);
  };
  assert.deepEqual(await page(3), [7, 6, 5]);
  assert.deepEqual(await page(3, 4), [4, 3, 2]);
  assert.deepEqual(await page(3, 1), [1]);
  assert.deepEqual(await page(3, 0), []);
  assert.deepEqual(await page(0), []);
  assert.deepEqual(await page(9, 9, nobody), []);
  const first = await inboxLetters(store, id, { count: 2, before: 4 as Uid });
  assert.deepEqual(
    first.map(({ uid, letter }) => [uid, letter.hash]),
    [
      [3, hashOf(letterBytes(10, 2))],
      [2, hashOf(letterBytes(10, 1))],
    ],
  );
  for (const count of [-1, 1.5, Number.NaN]) await assert.rejects(async () => page(count));
}

async function sameTime({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const all = Array.from({ length: 200 }, (_, n) => n);
  const delivered = await Promise.all(
    all.map((n) => mustDeliver(store, deliveryOf(letterBytes(64, n % 100), [id]))),
  );
  assert.deepEqual(
    delivered.map(([placement]) => placement?.uid).sort((a, b) => (a ?? 0) - (b ?? 0)),
    all.map((n) => n + 1),
  );
  const letters = await lettersInInbox(store, id);
  assert.equal(letters.length, 200);
  for (const [n, [placement]] of delivered.entries())
    assert.equal(
      letters.find(({ id: number }) => number === placement?.letter)?.hash,
      hashOf(letterBytes(64, n % 100)),
    );
}

async function contradictions({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const good = deliveryOf(letterBytes(100), [id]);
  for (const part of [{ sizeBytes: 99 }, { hash: 'ABC' as BlobHash }, { recipients: [] }])
    await assert.rejects(store.deliver({ ...good, ...part }), { name: 'StoreFault' });
  assert.deepEqual(await lettersInInbox(store, id), []);
  await mustDeliver(store, good);
  assert.equal((await lettersInInbox(store, id)).length, 1);
}

async function allOrNone({ store }: OpenedForTest): Promise<void> {
  const one = await makeAccount(store, 'nu1@447.edu');
  const two = await makeAccount(store, 'nu2@447.edu');
  const good = deliveryOf(letterBytes(100), [one.id, two.id]);
  const gone = deliveryOf(letterBytes(101), [two.id, nobody]);
  assert.deepEqual(await store.deliver(good, gone), refusal('no-account'));
  assert.deepEqual(await lettersInInbox(store, one.id), []);
  assert.equal(await store.modSeq(two.id), 1n);
  const same = deliveryOf(letterBytes(100), [one.id, two.id]);
  const short = { ...deliveryOf(letterBytes(102), [one.id]), sizeBytes: 101 };
  await assert.rejects(store.deliver(same, short), { name: 'StoreFault' });
  assert.deepEqual(await lettersInInbox(store, one.id), []);
  const delivered = await store.deliver(
    deliveryOf(letterBytes(100), [one.id, two.id]),
    deliveryOf(letterBytes(100), [two.id]),
  );
  const placed = (account: AccountId, letter: number, uid: number) =>
    ({ account, mailbox: INBOX, letter, uid, modSeq: BigInt(uid + 1) }) as Placement;
  const value = [placed(one.id, 1, 1), placed(two.id, 2, 1), placed(two.id, 3, 2)];
  assert.deepEqual(delivered, { ok: true, value });
}

async function noDelivery({ store }: OpenedForTest): Promise<void> {
  assert.deepEqual(await store.deliver(), { ok: true, value: [] });
}

async function savedWhenSaid({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id);
  await put(store, id, { savedAt: T0 + 5, receivedAt: T0 + 9 });
  const placed = await store.placed({ account: id, mailbox: INBOX });
  const times = placed.map(({ savedAt, receivedAt }) => [savedAt, receivedAt]);
  assert.deepEqual(times, [
    [T0, T0],
    [T0 + 5, T0 + 9],
  ]);
}

async function severalMailboxes({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const keywords = ['$seen', '\\deleted', 'a'];
  const options = { mailboxes: [SENT, INBOX], keywords, prefix: Buffer.from('X: y\r\n') };
  const delivered = await mustDeliver(store, letterFor(id, options));
  const place = { letter: 1 as LetterId, uid: 1 as Uid, modSeq: 2n as ModSeq };
  assert.deepEqual(delivered, [
    { ...place, account: id, mailbox: SENT },
    { ...place, account: id, mailbox: INBOX },
  ]);
  const shown = { ...place, thread: 1, keywords, savedAt: T0, receivedAt: T0, servedBytes: 16 };
  const both = [
    { ...shown, mailbox: INBOX },
    { ...shown, mailbox: SENT },
  ];
  assert.deepEqual(await store.placesOf(id, [1 as LetterId]), both);
  assert.deepEqual(await store.placed({ account: id, mailbox: SENT }), [both[1]]);
  assert.equal((await lettersInInbox(store, id)).length, 1);
  assert.equal((await store.quota(id))?.usage.letters, 1);
}

async function foreignMailboxes({ store }: OpenedForTest): Promise<void> {
  const one = await makeAccount(store, 'nu1@447.edu');
  const two = await makeAccount(store, 'nu2@447.edu');
  const made = await store.createMailbox(two.id, { name: 'Lists', parent: null, createdAt: T0 });
  assert.ok(made.ok);
  for (const mailbox of [made.value.id, NOWHERE, 0 as MailboxId]) {
    const delivery = letterFor(one.id, { mailboxes: [INBOX, mailbox] });
    assert.deepEqual(await store.deliver(delivery), refusal('no-mailbox'));
  }
  assert.deepEqual(await uidsIn(store, one.id, INBOX), []);
  for (const mailboxes of [[], [INBOX, INBOX]])
    await assert.rejects(store.deliver(letterFor(one.id, { mailboxes })), { name: 'StoreFault' });
  for (const keywords of [['b', 'a'], ['a', 'a'], ['A'], ['a b'], ['\\recent'], [''], ['\u00e9']])
    await assert.rejects(store.deliver(letterFor(one.id, { keywords })), { name: 'StoreFault' });
  assert.equal(await store.modSeq(one.id), 1n);
}

async function countsAreExact({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const counts = async (mailbox: MailboxId): Promise<readonly number[]> => {
    const { letters, unseen, deleted, sizeBytes, uidNext } = await mustFind(store, id, mailbox);
    return [letters, unseen, deleted, sizeBytes, uidNext];
  };
  await put(store, id, { bytes: letterBytes(100), mailboxes: [INBOX, ARCHIVE] });
  await put(store, id, { bytes: letterBytes(10), keywords: ['$seen'], prefix: letterBytes(5) });
  await put(store, id, { bytes: letterBytes(10), omitted: [{ start: 2, end: 9 }], keywords: ['\\deleted'] });
  assert.deepEqual(await counts(INBOX), [3, 2, 1, 118, 4]);
  assert.deepEqual(await counts(ARCHIVE), [1, 1, 0, 100, 2]);
  await store.setKeywords(id, INBOX, uids(1, 2, 3), { how: 'add', keywords: ['$seen', '\\deleted'] });
  assert.deepEqual(await counts(INBOX), [3, 0, 3, 118, 4]);
  assert.deepEqual(await counts(ARCHIVE), [1, 1, 0, 100, 2]);
  await store.move(id, INBOX, uids(2), ARCHIVE, T0);
  await store.copy(id, INBOX, uids(3), ARCHIVE, T0);
  assert.deepEqual(await counts(INBOX), [2, 0, 2, 103, 4]);
  assert.deepEqual(await counts(ARCHIVE), [3, 1, 0, 118, 4]);
  await store.expunge(id, INBOX, uids(1, 2, 3), 'deleted', T0);
  assert.deepEqual(await counts(INBOX), [0, 0, 0, 0, 4]);
  await store.removeLetters(id, [1 as LetterId], T0);
  assert.deepEqual(await counts(ARCHIVE), [2, 0, 0, 18, 4]);
  await store.undelete(id, [1 as LetterId], T0);
  assert.deepEqual(await counts(ARCHIVE), [3, 1, 0, 118, 5]);
}

async function placedWithinBounds({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await putMany(store, id, 6);
  await store.expunge(id, INBOX, uids(3), 'any', T0);
  await store.setKeywords(id, INBOX, uids(1, 4), { how: 'add', keywords: ['a'] });
  const placed = async (query: object): Promise<readonly number[]> =>
    (await store.placed({ account: id, mailbox: INBOX, ...query })).map(({ uid }) => uid);
  assert.deepEqual(await placed({}), [1, 2, 4, 5, 6]);
  assert.deepEqual(await placed({ from: 2, to: 5 }), [2, 4, 5]);
  assert.deepEqual(await placed({ from: 3, to: 3 }), []);
  assert.deepEqual(await placed({ from: 5, to: 2 }), []);
  assert.deepEqual(await placed({ from: 5, to: 0xffff_ffff }), [5, 6]);
  assert.deepEqual(await placed({ count: 2 }), [1, 2]);
  assert.deepEqual(await placed({ from: 2, count: 2 }), [2, 4]);
  assert.deepEqual(await placed({ count: 0 }), []);
  // Letters 1 to 6 came with 2 to 7; the third left with 8, the first and the fourth changed with 9 and 10.
  assert.deepEqual(await placed({ changedSince: 0n }), [1, 2, 4, 5, 6]);
  assert.deepEqual(
    await placed({ changedSince: 5n }),
    [1, 4, 5, 6].filter((uid) => uid !== 3),
  );
  assert.deepEqual(await placed({ changedSince: 6n, to: 4 }), [1, 4]);
  assert.deepEqual(await placed({ changedSince: 6n, count: 1 }), [1]);
  assert.deepEqual(await placed({ changedSince: 9n }), [4]);
  assert.deepEqual(await placed({ changedSince: 10n }), []);
  assert.deepEqual(await store.placed({ account: id, mailbox: NOWHERE }), []);
  assert.deepEqual(await store.placed({ account: nobody, mailbox: INBOX }), []);
}

async function readWithParsed({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id, { parsed: letterBytes(50, 3), bytes: letterBytes(100) });
  await putMany(store, id, 3);
  await store.expunge(id, INBOX, uids(2), 'any', T0);
  const query = { account: id, mailbox: INBOX };
  const placed = await store.placed(query);
  const expected = await Promise.all(
    placed.map(async (place) => {
      const letter = await store.letter(id, place.letter);
      assert.ok(letter);
      const { parsed, prefix, omitted } = letter;
      return { ...place, parsed: plain(parsed), prefix: plain(prefix), omitted };
    }),
  );
  const read = async (range: object): Promise<readonly object[]> =>
    (await store.placedParsed({ ...query, ...range })).map((letter) => ({
      ...letter,
      parsed: plain(letter.parsed),
      prefix: plain(letter.prefix),
    }));
  assert.equal(expected.length, 3);
  assert.deepEqual(expected[0]?.parsed, Buffer.from(letterBytes(50, 3)));
  assert.deepEqual(await read({}), expected);
  assert.deepEqual(await read({ from: 2, to: 3 }), expected.slice(1, 2));
  assert.deepEqual(await read({ count: 2 }), expected.slice(0, 2));
  assert.deepEqual(await read({ count: 0 }), []);
  assert.deepEqual(await store.placedParsed({ account: id, mailbox: NOWHERE }), []);
  assert.deepEqual(await store.placedParsed({ account: nobody, mailbox: INBOX }), []);
}

async function foundByNumber({ store }: OpenedForTest): Promise<void> {
  const one = await makeAccount(store, 'nu1@447.edu');
  const two = await makeAccount(store, 'nu2@447.edu');
  for (const mailboxes of [[JUNK, INBOX], [INBOX], [SENT]]) await put(store, one.id, { mailboxes });
  const asked = [3, 99, 1, 3, 1, 0, -1] as unknown as readonly LetterId[];
  assert.deepEqual(numbers(await store.lettersById(one.id, asked)), [3, 1]);
  assert.deepEqual(await store.lettersById(two.id, asked), []);
  const places = await store.placesOf(one.id, asked);
  assert.deepEqual(
    places.map(({ letter, mailbox }) => [letter, mailbox]),
    [
      [1, INBOX],
      [1, JUNK],
      [3, SENT],
    ],
  );
  assert.deepEqual(await store.placesOf(two.id, asked), []);
  assert.equal(await store.letter(two.id, 1 as LetterId), null);
  const [letter] = await store.lettersById(one.id, [1 as LetterId]);
  assert.deepEqual(await store.letter(one.id, 1 as LetterId), letter);
  const { letter: parsed } = await put(store, two.id, { parsed: letterBytes(50, 3) });
  assert.deepEqual(
    plain((await store.letter(two.id, parsed))?.parsed ?? null),
    Buffer.from(letterBytes(50, 3)),
  );
}
