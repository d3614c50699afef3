import assert from 'node:assert/strict';
import { createHash, randomInt } from 'node:crypto';
import test from 'node:test';
import { setTimeout as after } from 'node:timers/promises';
import { auditFolder } from '../../src/store/sqlite/audit.ts';
import { LetterReader } from '../support/letters.ts';
import { SeededRandom } from '../support/random.ts';
import { addAccount, beginServer, startServer, withSite, type Site } from '../support/server.ts';
import { makeLetter } from './letters.ts';
import { Promises } from './promises.ts';
import { roundsOf } from './rounds.ts';
import { person, sendUntilLost, type Outgoing, type Person } from './sender.ts';

/** How often the server is killed, and what the choices of a run are made from. */
const rounds = roundsOf({ all: 0.1, short: 5 });
const seed = Number(process.env['LETTERLOCK_SEED'] ?? randomInt(2 ** 31));

const password = 'the pass phrase of everybody here';
const names = ['ada', 'ben', 'cleo', 'dora'];
const connectionsEach = 2;

/** Nobody is ever kept from sending, and all is counted. */
const everMore = `submission = { ${[
  'letters_per_hour',
  'letters_per_day',
  'recipients_per_hour',
  'recipients_per_day',
]
  .map((key) => `${key} = 1_000_000_000`)
  .join(', ')} }`;

/** When the process is killed: while it starts, among its first letters, under load. */
type Moment = 'start' | 'first letters' | 'load';
const moments: readonly Moment[] = ['load', 'start', 'first letters', 'load', 'load'];
/** A whole start takes about half a second. */
const startMs = 700;
const firstLettersMs = 150;
const loadMs = 400;
/** The server is under load when so many letters were answered, however long that takes on this machine. */
const loadLetters = 20;

test(`what was answered 250 survives ${rounds} times kill -9`, async () => {
  console.log(`kill -9: seed ${seed} (LETTERLOCK_SEED repeats its choices)`);
  await withSite(`threads = 2\nlog.level = "warn"\n${everMore}`, async (site) => {
    const people = await Promise.all(
      names.map(async (name) => person(await addAccount(site, name, password), password)),
    );
    const house = new Rounds(site, people, new SeededRandom(seed));
    const began = performance.now();
    for (let round = 0; round < rounds; round += 1) await house.play(round);
    const seconds = (performance.now() - began) / 1000;
    await house.verify();
    await house.readBack();
    console.log(
      `kill -9: ${rounds} rounds, ${(rounds / seconds).toFixed(2)} a second; ` +
        `${house.promises.acknowledged} letters answered 250 of ${house.tried} begun, all there`,
    );
  });
});

/** One data folder, and the servers that die on it one after the other. */
class Rounds {
  readonly promises = new Promises();
  tried = 0;
  readonly #site: Site;
  readonly #people: readonly Person[];
  readonly #random: SeededRandom;

  constructor(site: Site, people: readonly Person[], random: SeededRandom) {
    this.#site = site;
    this.#people = people;
    this.#random = random;
  }

  async play(round: number): Promise<void> {
    const moment = moments[round % moments.length] ?? 'load';
    if (moment === 'start') await this.#killStarting();
    else if (moment === 'load') await this.#killLoaded(round, loadLetters, this.#random.whole(0, loadMs));
    else await this.#killLoaded(round, 0, this.#random.whole(0, firstLettersMs));
    // Now and then the next server is the one that has to find the folder as this one left it.
    if (this.#random.fraction() < 0.75) await this.promises.check(this.#site.data, this.#addresses());
  }

  /** The letters of the last rounds, then the whole folder. */
  async verify(): Promise<void> {
    await this.promises.check(this.#site.data, this.#addresses());
    assert.deepEqual(auditFolder(this.#site.data), []);
    assert.ok(this.promises.acknowledged > 0, 'no letter went through: this tested nothing');
  }

  /** The same letters again, the way that their owners get them. */
  async readBack(): Promise<void> {
    const server = await startServer(this.#site);
    for (const address of this.#addresses()) {
      const reader = new LetterReader(server, address, password);
      const letters = await reader.list();
      const hashes = letters.map(({ sha256 }) => sha256);
      assert.equal(new Set(hashes).size, hashes.length, `${address} has a letter twice`);
      const missing = this.promises.acknowledgedFor(address).filter(({ sha256 }) => !hashes.includes(sha256));
      assert.deepEqual(missing, [], `${address} misses letters`);
      for (const letter of letters.slice(0, 25)) {
        const bytes = await reader.bytesOf(letter);
        assert.equal(createHash('sha256').update(bytes).digest('hex'), letter.sha256, letter.subject);
      }
      reader.close();
    }
    await server.stop();
  }

  async #killStarting(): Promise<void> {
    const starting = beginServer(this.#site);
    await after(this.#random.whole(0, startMs));
    await starting.kill();
  }

  /** Kills the server so long after so many letters were answered. */
  async #killLoaded(round: number, letters: number, afterMs: number): Promise<void> {
    const server = await startServer(this.#site);
    const answered = new Countdown(letters);
    const senders = this.#people.flatMap((from) =>
      Array.from({ length: connectionsEach }, (_, index) =>
        sendUntilLost(server, from, this.#letters(from, `${round}-${index}`, answered)),
      ),
    );
    const sent = Promise.all(senders);
    // Senders that end before the kill have met what the test is to fail for.
    await Promise.race([answered.done, sent]);
    await after(afterMs);
    await server.kill();
    await sent;
    assert.deepEqual(server.events(), [], 'a server that does its work warns of nothing');
  }

  #letters(from: Person, name: string, answered: Countdown): () => Outgoing {
    let count = 0;
    return () => {
      // Whoever asks for another letter has the answer to the one before.
      if (count > 0) answered.one();
      count += 1;
      this.tried += 1;
      const made = makeLetter(this.#random, `${from.name}-${name}-${count}`, from.name, this.#recipients());
      this.promises.add(made.letter);
      return made;
    };
  }

  /** One, or two different ones. */
  #recipients(): readonly string[] {
    const addresses = this.#addresses();
    const first = this.#random.whole(0, addresses.length - 1);
    const second = (first + this.#random.whole(1, addresses.length - 1)) % addresses.length;
    const chosen = this.#random.fraction() < 0.3 ? [first, second] : [first];
    return chosen.flatMap((index) => addresses[index] ?? []);
  }

  #addresses(): readonly string[] {
    return this.#people.map(({ name }) => name);
  }
}

/** Resolves when so many of something have come; at once for none. */
class Countdown {
  readonly done: Promise<void>;
  readonly #reached: () => void;
  #left: number;

  constructor(count: number) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.done = promise;
    this.#reached = resolve;
    this.#left = count;
    if (count <= 0) resolve();
  }

  one(): void {
    this.#left -= 1;
    if (this.#left === 0) this.#reached();
  }
}
