import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openImapWorld, type ImapWorld } from './imap-loopback.ts';
import { ReplayedClient, type FlagChange, type KnownLetter } from './replayed-client.ts';

/** Something that one of the clients, or the world, does. Numbers choose among what is there. */
type Deed =
  | {
      readonly do: 'command';
      readonly client: 0 | 1;
      readonly what: Command;
      readonly at: number;
      readonly to: number;
    }
  | {
      readonly do: 'store';
      readonly client: 0 | 1;
      readonly by: 'number' | 'uid';
      readonly change: FlagChange;
      readonly at: number;
      readonly to: number;
    }
  | {
      readonly do: 'world';
      readonly what: 'letters' | 'flag' | 'expunge' | 'more flags';
      readonly at: number;
    }
  /** Everybody waits until everything is answered. */
  | { readonly do: 'rest' };

const commands = [
  'NOOP',
  'CHECK',
  'IDLE',
  'DONE',
  'EXPUNGE',
  'UID EXPUNGE',
  'FETCH FLAGS',
  'FETCH BODY',
  'UID FETCH',
  'SEARCH',
  'UID SEARCH',
  'COPY',
  'UID MOVE',
  'APPEND',
  'STATUS',
  'SORT',
  'again',
  'back',
] as const;
type Command = (typeof commands)[number];

const client = fc.constantFrom<0 | 1>(0, 1);
const anyPlace = fc.nat(20);
const flags = fc.subarray(['\\Seen', '\\Deleted', '\\Flagged', 'own'], { minLength: 1 });
const anyChange: fc.Arbitrary<FlagChange> = fc.record({
  how: fc.constantFrom('+FLAGS', '-FLAGS', 'FLAGS'),
  flags,
  silent: fc.boolean(),
});
const anyDeed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('command'),
      client,
      what: fc.constantFrom(...commands),
      at: anyPlace,
      to: anyPlace,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('store'),
      client,
      by: fc.constantFrom('number', 'uid'),
      change: anyChange,
      at: anyPlace,
      to: anyPlace,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('world'),
      what: fc.constantFrom('letters', 'flag', 'expunge', 'more flags'),
      at: anyPlace,
    }),
  },
  { weight: 4, arbitrary: fc.constant({ do: 'rest' } as const) },
);

/** Two clients of one mailbox, and what they were told. */
class History {
  readonly #world: ImapWorld;
  readonly #clients: readonly ReplayedClient[];

  constructor(world: ImapWorld) {
    this.#world = world;
    this.#clients = [0, 1].map((number) => new ReplayedClient(world.connection(number)));
  }

  async begin(enabled: readonly string[]): Promise<void> {
    for (const [number, one] of this.#clients.entries()) {
      this.#world.connection(number).event('connected over TLS');
      one.send('LOGIN ada@example.org pencil');
      const words = enabled[number] ?? '';
      if (words !== '') one.send(`ENABLE ${words}`);
      one.send('SELECT INBOX');
      one.send('UID FETCH 1:* (FLAGS)');
    }
    await this.rest();
  }

  async rest(): Promise<void> {
    await this.#world.settled();
    for (const one of this.#clients) one.take();
  }

  async play(deed: Deed): Promise<void> {
    if (deed.do === 'rest') return this.rest();
    if (deed.do === 'world') return this.#happens(deed);
    const one = this.#clients[deed.client];
    assert(one);
    if (deed.do === 'command' && deed.what === 'DONE') {
      if (one.isIdle) one.done();
      return;
    }
    if (one.isIdle) return;
    if (deed.do === 'store') return this.#store(one, deed);
    return this.#command(one, deed);
  }

  async #happens({ what, at }: Extract<Deed, { do: 'world' }>): Promise<void> {
    const world = this.#world;
    if (what === 'letters') return world.happens(`letters ${1 + (at % 3)}`);
    const uids = await this.#uids();
    const uid = uids[at % Math.max(1, uids.length)];
    if (uid === undefined) return;
    if (what === 'expunge') return world.happens(`expunge ${uid}`);
    return world.happens(`flag ${uid} ${what === 'flag' ? '\\Deleted' : '$flagged world'}`.toLowerCase());
  }

  /** A client that counts on numbers waits for what is under way (RFC 9051 section 5.5). */
  async #store(one: ReplayedClient, { by, change, at, to }: Extract<Deed, { do: 'store' }>): Promise<void> {
    if (by === 'number' || change.silent) await this.rest();
    const set = setOf(one, by, at, to);
    if (set === null) return;
    const { how, silent, flags: words } = change;
    const text = `${by === 'uid' ? 'UID ' : ''}STORE ${set.text} ${how}${silent ? '.SILENT' : ''} (${words.join(' ')})`;
    one.send(text, { change, letters: new Set(set.letters) });
  }

  async #command(one: ReplayedClient, { what, at, to }: Extract<Deed, { do: 'command' }>): Promise<void> {
    const isByNumber = ['FETCH FLAGS', 'FETCH BODY', 'COPY', 'again', 'back'].includes(what);
    if (isByNumber) await this.rest();
    const byNumber = setOf(one, 'number', at, to)?.text;
    const byUid = setOf(one, 'uid', at, to)?.text;
    switch (what) {
      case 'NOOP':
      case 'CHECK':
      case 'EXPUNGE':
      case 'IDLE':
        return one.send(what);
      case 'DONE':
        return undefined;
      case 'UID EXPUNGE':
        return byUid === undefined ? undefined : one.send(`UID EXPUNGE ${byUid}`);
      case 'FETCH FLAGS':
        return byNumber === undefined ? undefined : one.send(`FETCH ${byNumber} (UID FLAGS)`);
      case 'FETCH BODY':
        return byNumber === undefined ? undefined : one.send(`FETCH ${byNumber} BODY[]`);
      case 'UID FETCH':
        return byUid === undefined ? undefined : one.send(`UID FETCH ${byUid} (FLAGS BODY[HEADER])`);
      case 'SEARCH':
      case 'UID SEARCH':
        return one.send(`${what} UNSEEN`);
      case 'SORT':
        return one.send('SORT (SUBJECT) UTF-8 ALL');
      case 'COPY':
        return byNumber === undefined ? undefined : one.send(`COPY ${byNumber} INBOX`);
      case 'UID MOVE':
        return byUid === undefined
          ? undefined
          : one.send(`UID MOVE ${byUid} ${at % 2 === 0 ? 'Trash' : 'INBOX'}`);
      case 'APPEND':
        return one.send('APPEND INBOX (\\Flagged) {5+}\r\na: b\n');
      case 'STATUS':
        return one.send('STATUS INBOX (MESSAGES UNSEEN)');
      case 'again':
      case 'back':
        return this.#comeBack(one, what);
    }
  }

  /** Goes out of the mailbox and comes back: with nothing, or with all that is remembered. */
  async #comeBack(one: ReplayedClient, what: 'again' | 'back'): Promise<void> {
    const known = new Map(
      one.letters.flatMap(({ uid, flags: own }) => (uid === null ? [] : [[uid, own] as const])),
    );
    const [{ validity, modSeq }, isWhole] = [
      one,
      one.letters.every(({ uid, flags: own }) => uid !== null && own !== null),
    ];
    one.send('UNSELECT');
    await this.rest();
    one.letters = [];
    one.earlier.length = 0;
    if (what === 'again' || modSeq === 0n || !isWhole) {
      one.send('SELECT INBOX');
      one.send('UID FETCH 1:* (FLAGS)');
      return this.rest();
    }
    if (!this.enabled(one)) one.send('ENABLE QRESYNC');
    one.send(`SELECT INBOX (QRESYNC (${validity} ${modSeq}))`);
    await this.rest();
    for (const uid of one.earlier) known.delete(uid);
    const told = one.letters.flatMap(({ uid }) => uid ?? []);
    for (const uid of told) known.set(uid, null);
    const uids = [...known.keys()].sort((a, b) => a - b);
    assert.equal(uids.length, one.letters.length, 'who comes back knows which letters there are');
    for (const [at, uid] of uids.entries()) {
      const letter = one.letters[at];
      assert(letter);
      if (letter.uid === null) {
        letter.uid = uid;
        letter.flags = known.get(uid) ?? null;
      } else assert.equal(letter.uid, uid);
    }
    return undefined;
  }

  readonly #enabled = new Set<ReplayedClient>();
  enabled(one: ReplayedClient): boolean {
    const was = this.#enabled.has(one);
    this.#enabled.add(one);
    return was;
  }

  async #uids(): Promise<readonly number[]> {
    const account = await this.#world.account('ada@example.org');
    const inbox = await this.#world.mailbox(account, 'INBOX');
    return [...(await this.#world.store.uids(account.id, inbox.id))];
  }

  /** In the end everybody knows what there is. */
  async end(): Promise<void> {
    await this.rest();
    for (const one of this.#clients) {
      if (one.isIdle) one.done();
      one.send('NOOP');
    }
    await this.rest();
    const account = await this.#world.account('ada@example.org');
    const inbox = await this.#world.mailbox(account, 'INBOX');
    const placed = await this.#world.store.placed({ account: account.id, mailbox: inbox.id });
    for (const one of this.#clients) {
      assert(one.isAtRest);
      assert.equal(one.letters.length, placed.length);
      for (const [at, { uid, flags: own }] of one.letters.entries()) {
        const place = placed[at];
        if (uid !== null) assert.equal(uid, place?.uid, "a number is another letter's");
        if (own === null) continue;
        const stored = (place?.keywords ?? []).map((keyword) => systemFlags.get(keyword) ?? keyword);
        assert.deepEqual([...own].sort(), [...stored].sort(), `flags of uid ${uid}`);
      }
    }
  }
}

const systemFlags = new Map([
  ['$seen', '\\seen'],
  ['$flagged', '\\flagged'],
  ['$answered', '\\answered'],
  ['$draft', '\\draft'],
]);

function setOf(
  { letters }: ReplayedClient,
  by: 'number' | 'uid',
  at: number,
  to: number,
): { readonly text: string; readonly letters: readonly KnownLetter[] } | null {
  if (letters.length === 0) return null;
  const [one, other] = [at % letters.length, to % letters.length];
  const [first, last] = [Math.min(one, other), Math.max(one, other)];
  const own = letters.slice(first, last + 1);
  if (by === 'number') return { text: `${first + 1}:${last + 1}`, letters: own };
  const known = own.filter(({ uid }) => uid !== null);
  return known.length === 0 ? null : { text: known.map(({ uid }) => uid).join(','), letters: known };
}

test('two clients of one mailbox know all that happened to it, in any history', async () => {
  const enabled = fc.array(fc.constantFrom('', '', 'CONDSTORE', 'QRESYNC', 'IMAP4rev2'), {
    minLength: 2,
    maxLength: 2,
  });
  await fc.assert(
    fc.asyncProperty(
      enabled,
      fc.nat(6),
      fc.array(anyDeed, { maxLength: 40 }),
      async (words, letters, deeds) => {
        const world = await openImapWorld(['select *']);
        if (letters > 0) await world.happens(`letters ${letters}`);
        const history = new History(world);
        await history.begin(words);
        for (const one of deeds) await history.play(one);
        await history.end();
      },
    ),
    {
      numRuns: Number(process.env['HISTORIES'] ?? 300),
      interruptAfterTimeLimit: 20_000,
      markInterruptAsFailure: false,
    },
  );
});
