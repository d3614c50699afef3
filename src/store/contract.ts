import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import type {
  Account,
  AccountId,
  AccountName,
  BlobHash,
  Change,
  Delivery,
  Letter,
  LetterId,
  ModSeq,
  Placement,
  Store,
  Uid,
  Verifiers,
} from './port.ts';
import { MAX_TALLIES } from './rules.ts';

/** A store that a test opened. `reopen` closes it and opens what it left on disk. */
export type OpenedForTest = {
  readonly store: Store;
  readonly cleanup: () => Promise<void>;
  readonly reopen?: () => Promise<Store>;
};

const T0 = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

/** Bytes that tell their length and seed, so that a mix-up shows. */
export const letterBytes = (sizeBytes: number, seed = 0): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes; at++) bytes[at] = (at * 31 + seed * 17 + (at >> 8)) & 0xff;
  return bytes;
};

export const hashOf = (bytes: Uint8Array): BlobHash =>
  createHash('sha256').update(bytes).digest('hex') as BlobHash;

export const testVerifiers = (seed = 1): Verifiers => ({
  argon2id: `$argon2id$v=19$m=64,t=1,p=1$${seed}$abc`,
  scram: {
    salt: Buffer.from([seed, 1]),
    iterations: 4096 + seed,
    storedKey: Buffer.from([seed, 2, 0]),
    serverKey: Buffer.from([seed, 3, 255]),
  },
});

/** A delivery of these bytes, cut into chunks of `chunkBytes`, to the accounts. */
export const deliveryOf = (
  bytes: Uint8Array,
  accounts: readonly AccountId[],
  options: { readonly chunkBytes?: number; readonly subject?: string; readonly receivedAt?: number } = {},
): Delivery => {
  const chunkBytes = options.chunkBytes ?? Math.max(1, bytes.length);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes)
    chunks.push(new Uint8Array(bytes.subarray(at, at + chunkBytes)));
  const hash = hashOf(bytes);
  const receivedAt = options.receivedAt ?? T0;
  return {
    hash,
    sizeBytes: bytes.length,
    chunks,
    summary: {
      subject: options.subject ?? 'Grüße, \u{1f48c} and a NUL: \0.',
      from: 'nu1@447.edu',
      sentAt: T0 - 1000,
      messageId: 'a.b@447.edu',
    },
    transport: {
      version: 1,
      receivedAt: new Date(receivedAt).toISOString(),
      by: 'mail.447.edu',
      protocol: 'ESMTPSA',
      client: { name: '__proto__', address: '127.0.0.1', port: 40_000 },
      tls: null,
      authentication: { mechanism: 'PLAIN', account: 'nu1@447.edu', channelBinding: null },
      reversePath: 'nu1@447.edu',
      sha256: hash,
      sizeBytes: bytes.length,
    },
    receivedAt,
    recipients: accounts.map((account, index) => ({
      account,
      forwardPath: `nu${account}@447.edu`,
      prefix: Buffer.from(`Received: by mail.447.edu for ${index}\r\n`),
    })),
  };
};

/** Makes the account and gives it; the test ends where it exists. */
export const makeAccount = async (store: Store, name: string): Promise<Account> => {
  const made = await store.createAccount({
    name: name as AccountName,
    verifiers: testVerifiers(),
    createdAt: T0,
  });
  assert.ok(made.ok, `account ${name} exists`);
  return made.value;
};

/** Delivers and gives the placements; the test ends where it is refused. */
export const mustDeliver = async (store: Store, delivery: Delivery): Promise<readonly Placement[]> => {
  const delivered = await store.deliver(delivery);
  assert.ok(delivered.ok, 'delivery refused');
  return delivered.value;
};

const plain = (bytes: Uint8Array | null): Buffer | null => (bytes === null ? null : Buffer.from(bytes));

const page = async (store: Store, account: AccountId, count = 100): Promise<readonly Letter[]> =>
  store.letters({ account, count, before: null });

const uids = (letters: readonly Letter[]): readonly Uid[] => letters.map(({ uid }) => uid);

/** Every case takes a fresh store; the names are the contract's sentences. */
const CASES: ReadonlyMap<string, (opened: OpenedForTest) => Promise<void>> = new Map([
  ['an account has its INBOX and verifiers from the beginning', accountBegins],
  ['an account of the same name is refused and changes nothing', accountExists],
  ['names of JavaScript objects are accounts and tallies like any other', namesOfObjects],
  ['verifiers are replaced as a whole, and refused where there is no account', verifiersReplaced],
  ['a letter comes out byte for byte, with everything that was said about it', letterComesOut],
  ['what of a letter is not served is kept with each letter, its bytes whole', omittedIsKept],
  ['letters of every size come out byte for byte', everySize],
  ['one delivery to several recipients shares its blob and nothing else', severalRecipients],
  ['a delivery with one account that is gone is refused as a whole', refusedAsWhole],
  ['a blob is given to the accounts that have a letter with it, and to no other', blobsAreGuarded],
  ['uid, modseq, uidnext and counts are exact', numbersAreExact],
  ['letters are listed newest first, a page at a time', pages],
  ['deliveries at the same time get different numbers', sameTime],
  ['a delivery that contradicts itself is a fault and leaves nothing', contradictions],
  ['changes are told after the commit, in commit order, until the listener leaves', changesAreTold],
  ['tallies count, begin again after quiet, and are forgotten', talliesCount],
  ['at most 100,000 tallies are kept, the loudest', talliesAreBounded],
  ['after close every call is a fault', closedIsClosed],
]);

/** The promise of the store port, as tests that every implementation passes in the same words. */
export const storeContract = (name: string, open: () => Promise<OpenedForTest>): void => {
  describe(`store contract: ${name}`, () => {
    for (const [sentence, run] of CASES)
      test(sentence, async () => {
        const opened = await open();
        try {
          await run(opened);
        } finally {
          await opened.cleanup();
        }
      });
  });
};

/** What a store that keeps things on disk promises beyond `storeContract`. */
export const durableStoreContract = (name: string, open: () => Promise<Required<OpenedForTest>>): void => {
  describe(`durable store contract: ${name}`, () => {
    test('what was written is there after a restart, and numbers go on', async () => {
      const opened = await open();
      try {
        const { id } = await makeAccount(opened.store, 'nu1@447.edu');
        const large = letterBytes(600_000, 3);
        await mustDeliver(opened.store, deliveryOf(letterBytes(5000), [id]));
        await mustDeliver(opened.store, deliveryOf(large, [id], { chunkBytes: 70_000 }));
        await opened.store.tally([{ key: 'k', at: T0, quietMs: 1 }]);
        const before = await page(opened.store, id);
        const store = await opened.reopen();
        assert.deepEqual(await page(store, id), before);
        assert.deepEqual(plain(await store.blob(id, hashOf(large))), Buffer.from(large));
        assert.deepEqual(await store.tallies(['k']), [{ key: 'k', count: 1, lastAt: T0 }]);
        assert.deepEqual(await store.verifiers(id), plainVerifiers(testVerifiers()));
        const [next] = await mustDeliver(store, deliveryOf(letterBytes(1), [id]));
        assert.equal(next?.uid, 3);
        assert.equal(next?.modSeq, 4n);
        assert.equal((await makeAccount(store, 'nu2@447.edu')).id, 2);
      } finally {
        await opened.cleanup();
      }
    });
  });
};

const plainVerifiers = ({ scram, argon2id }: Verifiers): Verifiers => ({
  argon2id,
  scram: {
    salt: new Uint8Array(scram.salt),
    iterations: scram.iterations,
    storedKey: new Uint8Array(scram.storedKey),
    serverKey: new Uint8Array(scram.serverKey),
  },
});

async function accountBegins({ store }: OpenedForTest): Promise<void> {
  assert.equal(await store.account('nu1@447.edu' as AccountName), null);
  const account = await makeAccount(store, 'nu1@447.edu');
  assert.equal(account.createdAt, T0);
  assert.deepEqual(await store.account(account.name), account);
  assert.deepEqual(await store.accounts(), [account]);
  assert.deepEqual(await store.verifiers(account.id), plainVerifiers(testVerifiers()));
  const inbox = { id: 1, name: 'INBOX', uidValidity: Math.floor(T0 / 1000), uidNext: 1, letters: 0 };
  assert.deepEqual(await store.mailboxes(account.id), [{ ...inbox, highestModSeq: 1n }]);
  assert.deepEqual(await page(store, account.id), []);
}

async function accountExists({ store }: OpenedForTest): Promise<void> {
  const { id, name } = await makeAccount(store, 'nu1@447.edu');
  const again = await store.createAccount({ name, verifiers: testVerifiers(9), createdAt: T0 + 1 });
  assert.deepEqual(again, { ok: false, refusal: 'exists' });
  assert.deepEqual(await store.verifiers(id), plainVerifiers(testVerifiers()));
  assert.equal((await store.accounts()).length, 1);
  assert.equal((await makeAccount(store, 'nu2@447.edu')).id, 2);
}

async function namesOfObjects({ store }: OpenedForTest): Promise<void> {
  const names = ['__proto__', 'constructor', 'hasOwnProperty', "'; DROP TABLE account; --", '\u{1f48c}@\0'];
  for (const name of names) await makeAccount(store, name);
  await store.tally(names.map((key) => ({ key, at: 1, quietMs: 1 })));
  for (const name of names) assert.equal((await store.account(name as AccountName))?.name, name);
  assert.equal(await store.account('toString' as AccountName), null);
  assert.equal((await store.tallies([...names, 'toString'])).length, names.length);
}

async function verifiersReplaced({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  assert.deepEqual(await store.setVerifiers(id, testVerifiers(7)), { ok: true, value: null });
  assert.deepEqual(await store.verifiers(id), plainVerifiers(testVerifiers(7)));
  const nobody = 4711 as AccountId;
  assert.deepEqual(await store.setVerifiers(nobody, testVerifiers()), { ok: false, refusal: 'no-account' });
  assert.equal(await store.verifiers(nobody), null);
  assert.deepEqual(await store.mailboxes(nobody), []);
}

async function letterComesOut({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const bytes = Buffer.from('Subject: x\r\n\r\n.\r\n\0\xff', 'latin1');
  const delivery = deliveryOf(bytes, [id]);
  const [placement] = await mustDeliver(store, deliveryOf(bytes, [id]));
  assert.ok(placement);
  const letter = await store.letter(id, placement.letter);
  assert.deepEqual(letter, {
    id: 1,
    mailbox: 1,
    uid: 1,
    modSeq: 2n,
    hash: delivery.hash,
    sizeBytes: bytes.length,
    prefix: new Uint8Array(delivery.recipients[0]?.prefix ?? []),
    omitted: [],
    forwardPath: 'nu1@447.edu',
    summary: delivery.summary,
    transport: delivery.transport,
    receivedAt: T0,
  });
  assert.deepEqual(plain(await store.blob(id, delivery.hash)), bytes);
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
      (await page(store, id)).map((letter) => letter.omitted),
      [[], [{ start: 0, end: 5000 }], omitted],
    );
  assert.deepEqual(plain(await store.blob(two.id, hashOf(bytes))), Buffer.from(bytes));
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
  assert.equal((await page(store, one.id)).length, 3);
}

async function everySize({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const sizes = [0, 1, 4095, 65_535, 65_536, 65_537, 131_072, 262_143, 262_144, 262_145, 1_000_003];
  for (const size of sizes)
    for (const chunkBytes of [1000, 65_536, 70_000, size + 1]) {
      const bytes = letterBytes(size, chunkBytes);
      const hash = hashOf(bytes);
      await mustDeliver(store, deliveryOf(bytes, [id], { chunkBytes }));
      const found = plain(await store.blob(id, hash));
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
    assert.ok(plain(await store.blob(account, hashOf(bytes)))?.equals(bytes));
  }
}

async function refusedAsWhole({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const bytes = letterBytes(100);
  const before = await store.mailboxes(id);
  const refusal = await store.deliver(deliveryOf(bytes, [id, 99 as AccountId]));
  assert.deepEqual(refusal, { ok: false, refusal: 'no-account' });
  assert.deepEqual(await page(store, id), []);
  assert.deepEqual(await store.mailboxes(id), before);
  assert.equal(await store.blob(id, hashOf(bytes)), null);
  const [placement] = await mustDeliver(store, deliveryOf(bytes, [id]));
  assert.equal(placement?.uid, 1);
}

async function blobsAreGuarded({ store }: OpenedForTest): Promise<void> {
  const one = await makeAccount(store, 'nu1@447.edu');
  const two = await makeAccount(store, 'nu2@447.edu');
  const bytes = letterBytes(5000);
  await mustDeliver(store, deliveryOf(bytes, [one.id]));
  assert.equal(await store.blob(two.id, hashOf(bytes)), null);
  assert.equal(await store.blob(one.id, hashOf(letterBytes(5001))), null);
  assert.equal(await store.blob(one.id, '../letterlock.db' as BlobHash), null);
  await mustDeliver(store, deliveryOf(bytes, [two.id]));
  assert.deepEqual(plain(await store.blob(two.id, hashOf(bytes))), Buffer.from(bytes));
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
  const first = await store.letters({ account: id, count: 3, before: null });
  assert.deepEqual(uids(first), [7, 6, 5]);
  const second = await store.letters({ account: id, count: 3, before: first[2]?.id ?? null });
  assert.deepEqual(uids(second), [4, 3, 2]);
  assert.deepEqual(uids(await store.letters({ account: id, count: 3, before: 2 as LetterId })), [1]);
  assert.deepEqual(await store.letters({ account: id, count: 3, before: 1 as LetterId }), []);
  assert.deepEqual(await store.letters({ account: id, count: 0, before: null }), []);
  assert.deepEqual(await store.letters({ account: 99 as AccountId, count: 9, before: null }), []);
  for (const count of [-1, 1.5, Number.NaN])
    await assert.rejects(async () => store.letters({ account: id, count, before: null }));
}

async function sameTime({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const numbers = Array.from({ length: 200 }, (_, n) => n);
  const delivered = await Promise.all(
    numbers.map((n) => mustDeliver(store, deliveryOf(letterBytes(64, n % 100), [id]))),
  );
  assert.deepEqual(
    delivered.map(([placement]) => placement?.uid).sort((a, b) => (a ?? 0) - (b ?? 0)),
    numbers.map((n) => n + 1),
  );
  const letters = await page(store, id, 1000);
  assert.equal(letters.length, 200);
  for (const [n, [placement]] of delivered.entries())
    assert.equal(letters.find(({ uid }) => uid === placement?.uid)?.hash, hashOf(letterBytes(64, n % 100)));
}

async function contradictions({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const good = deliveryOf(letterBytes(100), [id]);
  for (const part of [{ sizeBytes: 99 }, { hash: 'ABC' as BlobHash }, { recipients: [] }])
    await assert.rejects(store.deliver({ ...good, ...part }), { name: 'StoreFault' });
  assert.deepEqual(await page(store, id), []);
  await mustDeliver(store, good);
  const liar = { ...deliveryOf(letterBytes(101), [id]), hash: good.hash };
  await assert.rejects(store.deliver(liar), { name: 'StoreFault' });
  assert.equal((await page(store, id)).length, 1);
}

async function changesAreTold({ store }: OpenedForTest): Promise<void> {
  const seen: Change[] = [];
  const visible: boolean[] = [];
  const account = await makeAccount(store, 'before@447.edu');
  const stop = store.onChange((change) => seen.push(change));
  const stopTwin = store.onChange((change) => {
    if (change.change === 'delivered')
      visible.push(store.letter(change.placement.account, change.placement.letter) !== null);
  });
  const made = await makeAccount(store, 'nu1@447.edu');
  const placed: Placement[] = [];
  for (let n = 0; n < 3; n++)
    placed.push(...(await mustDeliver(store, deliveryOf(letterBytes(n), [account.id, made.id]))));
  await store.deliver(deliveryOf(letterBytes(1), [99 as AccountId]));
  stop();
  stopTwin();
  await mustDeliver(store, deliveryOf(letterBytes(1), [made.id]));
  assert.deepEqual(seen, [
    { change: 'account-created', account: made },
    ...placed.map((placement) => ({ change: 'delivered', placement })),
  ]);
  assert.deepEqual(
    visible,
    placed.map(() => true),
  );
}

async function talliesCount({ store }: OpenedForTest): Promise<void> {
  const event = (at: number, key = 'k') => ({ key, at, quietMs: 100 });
  assert.deepEqual(await store.tallies(['k']), []);
  await store.tally([event(1000), event(1100), event(1100, 'other')]);
  assert.deepEqual(await store.tallies(['k', 'k']), [{ key: 'k', count: 2, lastAt: 1100 }]);
  await store.tally([event(1201)]);
  assert.deepEqual(await store.tallies(['k']), [{ key: 'k', count: 1, lastAt: 1201 }]);
  await store.tally([event(900)]);
  assert.deepEqual(await store.tallies(['k']), [{ key: 'k', count: 2, lastAt: 1201 }]);
  await store.tally([
    { ...event(1300), times: 40 },
    { ...event(1500), times: 7 },
  ]);
  assert.deepEqual(await store.tallies(['k']), [{ key: 'k', count: 7, lastAt: 1500 }]);
  await store.tally([{ ...event(1600), times: 5 }, event(1600)]);
  assert.deepEqual(await store.tallies(['k']), [{ key: 'k', count: 13, lastAt: 1600 }]);
  await store.tally([]);
  await store.forgetTallies(['k', 'never']);
  assert.deepEqual(await store.tallies(['k', 'other']), [{ key: 'other', count: 1, lastAt: 1100 }]);
}

async function talliesAreBounded({ store }: OpenedForTest): Promise<void> {
  const events = Array.from({ length: MAX_TALLIES }, (_, n) => ({ key: `k${n}`, at: n, quietMs: 1 }));
  await store.tally(events);
  await store.tally([{ key: 'k0', at: MAX_TALLIES, quietMs: MAX_TALLIES }]);
  await store.tally([
    { key: 'new', at: MAX_TALLIES, quietMs: 1 },
    { key: 'newer', at: MAX_TALLIES, quietMs: 1 },
  ]);
  const left = await store.tallies(['k0', 'k1', 'k2', 'k3', 'new', 'newer']);
  assert.deepEqual(left.map(({ key }) => key).sort(), ['k0', 'k3', 'new', 'newer']);
  assert.equal((await store.tallies(events.map(({ key }) => key))).length, MAX_TALLIES - 2);
}

async function closedIsClosed({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const under = mustDeliver(store, deliveryOf(letterBytes(10), [id]));
  const closed = store.close();
  assert.equal((await under).length, 1);
  await closed;
  await store.close();
  await assert.rejects(async () => store.accounts(), { name: 'StoreClosed' });
  await assert.rejects(async () => store.deliver(deliveryOf(letterBytes(10), [id])), { name: 'StoreClosed' });
  assert.throws(() => store.onChange(() => {}), { name: 'StoreClosed' });
}
