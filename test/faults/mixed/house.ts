import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { follow, newFollower, type Follower } from '../../../src/store/contract/followers.ts';
import type { AccountId } from '../../../src/store/port.ts';
import { momentOf } from '../../../src/store/sqlite/backup-manifest.ts';
import { auditFolder } from '../../../src/store/sqlite/audit.ts';
import { openStore } from '../../../src/store/sqlite/open.ts';
import { restore } from '../../../src/store/sqlite/restore.ts';
import type { SeededRandom } from '../../support/random.ts';
import { addAccount, startServer, type Site } from '../../support/server.ts';
import { person, type Person } from '../sender.ts';
import { Actor } from './actor.ts';
import type { Attempt, MadeBackup } from './attempts.ts';
import { Ledger } from './ledger.ts';
import { Post } from './post.ts';
import { look } from './sight.ts';

const program = path.join(import.meta.dirname, '..', '..', '..', 'bin', 'letterlock');
const password = 'the pass phrase of everybody here';
const names = ['ada', 'ben', 'cleo'];

/** Who works in the folder: a server, and two that read and write letters as clients do; one of them keeps order as well. */
const roles = ['server', 'moving', 'caring'] as const;
type Role = (typeof roles)[number];
const LANES = 4;
const lanesOf = { moving: [0, 3], caring: [3, 1] } as const;

/** Every so many rounds more is looked at: with the command, by those who ask what changed, and a backup is restored. */
const LOOK_CLOSER = 20;
/** The backups of so many rounds lie together. */
const ROUNDS_OF_A_TARGET = 5;
const startMs = 120;
const moreMs = 25;

/** One data folder, those who work in it and are killed, and what they were promised. */
export class House {
  readonly #site: Site;
  readonly #random: SeededRandom;
  readonly #ledger: Ledger;
  readonly #post: Post;
  readonly #followers: readonly Follower[];
  readonly #actors = new Map<Role, Actor>();
  /** Processes that have loaded their program and wait for their turn. */
  readonly #spares = new Map<Role, Actor>();
  #round = 0;
  #killed = 0;
  #letters = 0;
  #backups = 0;
  #keptSince = 0;
  #seconds = 0;

  private constructor(site: Site, random: SeededRandom, post: Post) {
    this.#site = site;
    this.#random = random;
    this.#post = post;
    const sight = look(site.data);
    this.#ledger = new Ledger(sight);
    this.#followers = [...sight.accounts.keys()].map((id) => newFollower(id as AccountId));
  }

  /** A folder with a few accounts, and the certificates that the server makes with its first start. */
  static async make(site: Site, random: SeededRandom): Promise<House> {
    const people: Person[] = [];
    for (const name of names) people.push(person(await addAccount(site, name, password), password));
    const server = await startServer(site);
    const { authorityFile } = server;
    await server.stop();
    const opened = await openStore(site.data);
    assert.ok(opened.ok);
    const accounts = new Map<string, number>();
    for (const { id, name } of await opened.value.accounts()) accounts.set(name, id);
    await opened.value.close();
    return new House(site, random, new Post({ people, accounts, random, authorityFile }));
  }

  async play(rounds: number): Promise<void> {
    const began = performance.now();
    for (const role of roles) this.#spares.set(role, this.#spawn(role));
    await this.#replace(roles);
    for (let round = 0; round < rounds; round++) {
      this.#round += 1;
      const [attempts, backups] = await this.#workAndKill();
      await this.#verify(attempts, backups);
    }
    this.#seconds = (performance.now() - began) / 1000;
  }

  /** What came of it, for the one who runs it. */
  summary(): string {
    const perRound = (this.#seconds / this.#round).toFixed(2);
    return `kill -9, mixed: ${this.#round} rounds, ${perRound} s each, ${this.#killed} processes killed; ${this.#ledger.writes} writes answered, of them ${this.#letters} letters over the wire; ${this.#backups} backups`;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#actors.values(), ...this.#spares.values()].map((actor) => actor.kill()));
  }

  #spawn(role: Role): Actor {
    if (role === 'server') return new Actor('server.child.ts', [this.#site.configFile]);
    const [first, count] = lanesOf[role];
    const seed = this.#random.whole(0, 2 ** 30);
    const own = [this.#site.data, first, count, LANES, seed, role].map(String);
    return new Actor('mover.child.ts', own);
  }

  /** Lets others open the folder, at once, as the ones before left it. */
  async #replace(gone: readonly Role[]): Promise<void> {
    const fresh = gone.map((role) => {
      const actor = this.#spares.get(role) ?? this.#spawn(role);
      this.#spares.set(role, this.#spawn(role));
      this.#actors.set(role, actor);
      return actor;
    });
    const open = Promise.all(fresh.map((actor) => actor.open()));
    open.catch(() => undefined);
    if (this.#random.fraction() < 0.9) return void (await open);
    // Killed while they start.
    await after(this.#random.whole(0, startMs));
    await Promise.all(fresh.map((actor) => actor.kill()));
    this.#killed += fresh.length;
    return this.#replace(gone);
  }

  /** Everybody works; then some are killed at one moment, the others go on for a moment and are still. */
  async #workAndKill(): Promise<readonly [readonly Attempt[], readonly MadeBackup[]]> {
    const target = `${this.#site.folder}/backups-${Math.floor(this.#round / ROUNDS_OF_A_TARGET)}`;
    const backUpTo = this.#random.fraction() < 0.3 ? target : null;
    const order = { keptSince: this.#keptSince, backUpTo };
    const post = this.#post.begin(this.#actor('server').ports, this.#random.whole(1, 8));
    const movers = [this.#actor('moving'), this.#actor('caring')];
    await Promise.all([post.enough, ...movers.map((each) => each.work(order, this.#random.whole(1, 12)))]);
    await after(this.#random.whole(0, moreMs));
    const victims = this.#victims();
    const gone = victims.map((role) => this.#actor(role));
    const dead = Promise.all(gone.map((each) => each.kill()));
    const survivors = movers.filter((each) => !gone.includes(each));
    await Promise.all(survivors.map((each) => each.beStill()));
    this.#post.stop();
    await Promise.all([dead, post.over]);
    this.#killed += victims.length;
    const attempts = [...movers, this.#post].flatMap((each) => each.attempts.splice(0));
    const backups = movers.flatMap((each) => each.backups.splice(0));
    await this.#replace(victims);
    return [attempts, backups];
  }

  #actor(role: Role): Actor {
    const actor = this.#actors.get(role);
    assert.ok(actor !== undefined);
    return actor;
  }

  /** Everybody, or some. */
  #victims(): readonly Role[] {
    if (this.#random.fraction() < 0.35) return roles;
    const first = this.#random.whole(0, roles.length - 1);
    return roles.filter((_, index) => index === first || this.#random.fraction() < 0.2);
  }

  async #verify(attempts: readonly Attempt[], backups: readonly MadeBackup[]): Promise<void> {
    assert.deepEqual(auditFolder(this.#site.data), []);
    const sight = look(this.#site.data);
    this.#backups += backups.length;
    if (this.#round % LOOK_CLOSER === 0) {
      const [backup] = backups;
      if (backup !== undefined) this.#checkBackup(backup, sight, attempts);
      execFileSync(program, ['check', '--config', this.#site.configFile], { stdio: 'pipe' });
      await this.#follow();
    }
    this.#letters += attempts.filter(
      ({ effects, doneAt }) => doneAt !== null && effects[0]?.of === 'new letter',
    ).length;
    this.#ledger.settle(sight, attempts);
    this.#keptSince = Date.now() - 1;
    if (this.#round % ROUNDS_OF_A_TARGET === 0)
      for (const name of fs.readdirSync(this.#site.folder))
        if (name.startsWith('backups-')) fs.rmSync(path.join(this.#site.folder, name), { recursive: true });
  }

  #checkBackup(backup: MadeBackup, sight: ReturnType<typeof look>, attempts: readonly Attempt[]): void {
    const place = path.join(this.#site.folder, 'restored');
    const restored = restore(backup.target, place, momentOf(backup.name));
    assert.ok(restored.ok, JSON.stringify(restored));
    this.#ledger.checkBackup(look(place), backup, sight, attempts);
    fs.rmSync(place, { recursive: true });
  }

  /** Those who were here before have to learn of everything by asking what changed. */
  async #follow(): Promise<void> {
    const opened = await openStore(this.#site.data);
    assert.ok(opened.ok);
    try {
      for (const follower of this.#followers)
        await follow(opened.value, follower, this.#random.whole(1, 200));
    } finally {
      await opened.value.close();
    }
  }
}
