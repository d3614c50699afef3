import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rangesOf, star } from './number-set.ts';
import { View, type Update } from './view.ts';

const viewOf = (...uids: number[]): View => new View(Uint32Array.from(uids), 1n);
const letter = (uid: number, modSeq: bigint): { uid: number; modSeq: bigint; keywords: string[] } => ({
  uid,
  modSeq,
  keywords: [],
});

/** Updates in few words: `-2(30)` a letter that is gone, `=5` how many there are, `*1(10)` a letter that changed. */
const shown = (updates: readonly Update[]): string =>
  updates
    .flatMap((update) => {
      if (update.tell === 'gone') return update.letters.map(({ number, uid }) => `-${number}(${uid})`);
      return update.tell === 'exists' ? `=${update.count}` : `*${update.number}(${update.letter.uid})`;
    })
    .join(' ');

type Happening = { readonly changed?: readonly number[]; readonly vanished?: readonly number[] };

const tellings: readonly (readonly [
  what: string,
  uids: readonly number[],
  happened: readonly Happening[],
  nothingGone: string,
  everything: string,
])[] = [
  ['nothing', [10, 20], [], '', ''],
  ['one is gone', [10, 20, 30], [{ vanished: [20] }], '', '-2(20)'],
  ['several are gone: numbers move', [1, 2, 3, 4, 5], [{ vanished: [2, 4, 5] }], '', '-2(2) -3(4) -3(5)'],
  ['all are gone', [1, 2], [{ vanished: [1, 2] }], '', '-1(1) -1(2)'],
  ['one came', [10], [{ changed: [11] }], '=2', ''],
  ['one came into an empty mailbox', [], [{ changed: [7] }], '=1', ''],
  ['one came and one is gone', [10, 20], [{ changed: [30], vanished: [10] }], '=3', '-1(10)'],
  ['one came and went', [10], [{ changed: [11] }, { vanished: [11] }], '=2', '-2(11)'],
  ['one came and went between two looks', [10], [{ vanished: [11] }], '', ''],
  ['one changed', [10, 20], [{ changed: [20] }], '*2(20)', ''],
  ['one changed and is gone', [10, 20], [{ changed: [20] }, { vanished: [20] }], '', '-2(20)'],
  [
    'what is gone has its number while others change',
    [10, 20],
    [{ vanished: [10], changed: [20] }],
    '*2(20)',
    '-1(10)',
  ],
  ['what vanished was never known', [10], [{ vanished: [3, 99] }], '', ''],
];
for (const [what, uids, happened, nothingGone, everything] of tellings) {
  test(`told: ${what}`, () => {
    const view = viewOf(...uids);
    let modSeq = 1n;
    for (const { changed = [], vanished = [] } of happened) {
      modSeq += 1n;
      const upTo = modSeq;
      view.learn({ changed: changed.map((uid) => letter(uid, upTo)), vanished: rangesOf(vanished), upTo });
    }
    assert.equal(shown(view.updates('nothing-gone')), nothingGone);
    assert.equal(shown(view.updates('everything')), everything);
    assert.equal(shown(view.updates('everything')), '');
  });
}

test('what came and is gone before it was told of is never told of', () => {
  const view = viewOf(10);
  view.learn({ changed: [letter(11, 2n)], vanished: [], upTo: 2n });
  view.learn({ changed: [], vanished: [{ from: 11, to: 11 }], upTo: 3n });
  assert.equal(shown(view.updates('everything')), '');
  assert.equal(view.count, 1);
});

test('own changes are not told again, and what others changed afterwards is', () => {
  const view = viewOf(10, 20);
  view.know({ uid: 10, modSeq: 5n });
  view.learn({ changed: [letter(10, 5n), letter(20, 6n)], vanished: [], upTo: 6n });
  assert.equal(shown(view.updates('everything')), '*2(20)');
  view.know({ uid: 10, modSeq: 7n });
  view.learn({ changed: [letter(10, 8n)], vanished: [], upTo: 8n });
  assert.equal(shown(view.updates('everything')), '*1(10)');
  assert.equal(view.since, 8n);
});

test('a change that waits to be told is known with an own change above it', () => {
  const view = viewOf(10);
  view.learn({ changed: [letter(10, 3n)], vanished: [], upTo: 3n });
  view.know({ uid: 10, modSeq: 4n });
  assert.equal(shown(view.updates('everything')), '');
});

const numbers: readonly (readonly [
  uids: readonly number[],
  from: number,
  to: number,
  found: string | null,
])[] = [
  [[10, 20, 30], 1, 3, '0-2'],
  [[10, 20, 30], 2, star, '1-2'],
  [[10, 20, 30], star, 2, '1-2'],
  [[10, 20, 30], star, star, '2-2'],
  [[10, 20, 30], 4, 4, null],
  [[10, 20, 30], 1, 4, null],
  [[10, 20, 30], 4, star, null],
  [[], 1, star, null],
  [[], star, star, null],
];
for (const [uids, from, to, found] of numbers) {
  test(`numbers ${from}:${to} of ${uids.length}`, () => {
    assert.equal(places(viewOf(...uids).byNumbers([{ from, to }])), found);
  });
}

const byUid: readonly (readonly [uids: readonly number[], from: number, to: number, found: string])[] = [
  [[10, 20, 30], 10, 20, '0-1'],
  [[10, 20, 30], 11, 29, '1-1'],
  [[10, 20, 30], 11, 19, ''],
  [[10, 20, 30], 25, star, '2-2'],
  [[10, 20, 30], 31, star, '2-2'],
  [[10, 20, 30], 31, 40, ''],
  [[10, 20, 30], star, star, '2-2'],
  [[10, 20, 30], 1, 4_294_967_295, '0-2'],
  [[], 1, star, ''],
];
for (const [uids, from, to, found] of byUid) {
  test(`uids ${from}:${to} of ${uids.join(',') || 'none'}`, () => {
    assert.equal(places(viewOf(...uids).byUids([{ from, to }])), found);
  });
}

const places = (positions: readonly { first: number; last: number }[] | null): string | null =>
  positions === null ? null : positions.map(({ first, last }) => `${first}-${last}`).join(' ');

test('several ranges are joined and ordered, and each letter is there once', () => {
  const view = viewOf(1, 2, 3, 4, 5, 6, 7, 8);
  const set = [
    { from: 7, to: 5 },
    { from: 1, to: 2 },
    { from: 2, to: 3 },
  ];
  assert.equal(places(view.byNumbers(set)), '0-2 4-6');
  assert.equal(places(view.byUids(set)), '0-2 4-6');
});

/** One letter of a mailbox, or one thing that is done to it. */
const history = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('come' as const) }),
    fc.record({ do: fc.constantFrom('go' as const, 'change' as const), which: fc.nat(20) }),
    fc.record({ do: fc.constantFrom('learn' as const, 'tell' as const, 'tell-all' as const) }),
  ),
  { maxLength: 60 },
);

test('a client that does what it is told has the numbers of the session, and in the end those of the mailbox', () => {
  fc.assert(
    fc.property(history, (events) => {
      const mailbox = [1, 2, 3];
      let next = 4;
      let modSeq = 1n;
      const changed = new Map<number, bigint>();
      const gone = new Map<number, bigint>();
      const view = viewOf(...mailbox);
      const client: (number | null)[] = [...mailbox];
      const learn = (): void => {
        const { since } = view;
        const letters = mailbox.flatMap((uid) => {
          const at = changed.get(uid) ?? 0n;
          return at > since ? [letter(uid, at)] : [];
        });
        const vanished = [...gone].filter(([, at]) => at > since).map(([uid]) => uid);
        view.learn({ changed: letters, vanished: rangesOf(vanished.sort((a, b) => a - b)), upTo: modSeq });
      };
      const tell = (which: 'everything' | 'nothing-gone'): void => {
        for (const update of view.updates(which)) {
          if (update.tell === 'gone') for (const { number } of update.letters) client.splice(number - 1, 1);
          else if (update.tell === 'exists') while (client.length < update.count) client.push(null);
          else client[update.number - 1] ??= update.letter.uid;
          if (update.tell === 'letter') assert.equal(client[update.number - 1], update.letter.uid);
        }
        assert.equal(client.length, view.count);
        for (const [index, uid] of client.entries()) if (uid !== null) assert.equal(view.uidAt(index), uid);
      };
      for (const event of events) {
        modSeq += 1n;
        if (event.do === 'come') {
          changed.set(next, modSeq);
          mailbox.push(next++);
        } else if (event.do === 'go') {
          const [uid] = mailbox.splice(event.which % (mailbox.length + 1), 1);
          if (uid !== undefined) gone.set(uid, modSeq);
        } else if (event.do === 'change') {
          const uid = mailbox[event.which % (mailbox.length + 1)];
          if (uid !== undefined) changed.set(uid, modSeq);
        } else if (event.do === 'learn') learn();
        else {
          learn();
          tell(event.do === 'tell' ? 'nothing-gone' : 'everything');
        }
      }
      learn();
      tell('everything');
      assert.deepEqual(
        client.map((_, index) => view.uidAt(index)),
        mailbox,
      );
    }),
    { numRuns: 5000, interruptAfterTimeLimit: 2000 },
  );
});
