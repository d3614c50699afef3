import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { auditFolder } from '../../src/store/sqlite/audit.ts';
import { withDisk, whyNotMounted, type Disk, type Means } from '../support/disk.ts';
import { LetterReader } from '../support/letters.ts';
import { addAccount, startServer, withSite, type RunningServer, type Site } from '../support/server.ts';
import { ranCommand } from './command.ts';
import { openSession, type Session } from './session.ts';

const password = 'the pass phrase of everybody here';
/** In rows, in a segment, above the bound of small letters, in a file. */
const sizes = [3000, 60_000, 300_000, 1_500_000];

const mounted = whyNotMounted();
if (mounted !== null)
  console.log(`no disk of its own can be mounted for the tests, only limits are set: ${mounted}`);
const means: readonly Means[] = mounted === null ? ['mounted', 'limited'] : ['limited'];

/** Somebody who sends letters, and what became of them. */
class Sender {
  readonly address: string;
  readonly taken = new Set<string>();
  readonly refused = new Set<string>();
  #session: Session | null = null;
  #count = 0;

  constructor(address: string) {
    this.address = address;
  }

  async meet(server: RunningServer): Promise<void> {
    this.#session = await openSession(server, this.address, password);
  }

  /** Sends a letter of about so many bytes to its own address; gives the reply. */
  async send(bytes: number): Promise<string> {
    assert.ok(this.#session !== null);
    const subject = `letter ${(this.#count += 1)}`;
    const header = `From: <${this.address}>\r\nSubject: ${subject}\r\n\r\n`;
    const line = `${subject.padEnd(76, '.')}\r\n`;
    const letter = Buffer.from(header + line.repeat(Math.ceil(bytes / line.length)));
    const reply = await this.#session.send(letter);
    const hash = createHash('sha256').update(letter).digest('hex');
    (reply.startsWith('250') ? this.taken : this.refused).add(hash);
    return reply;
  }

  /** Sends letters of every length; gives the replies. */
  async sendAll(): Promise<readonly string[]> {
    const replies: string[] = [];
    for (const bytes of sizes) replies.push(await this.send(bytes));
    return replies;
  }

  leave(): void {
    this.#session?.close();
  }

  /** Whatever was answered 250 is there once, and nothing that was not. */
  async readBack(server: RunningServer): Promise<void> {
    const reader = new LetterReader(server, this.address, password);
    const letters = await reader.list();
    assert.deepEqual(letters.map(({ sha256 }) => sha256).sort(), [...this.taken].sort());
    for (const letter of letters) {
      const bytes = await reader.bytesOf(letter);
      assert.equal(createHash('sha256').update(bytes).digest('hex'), letter.sha256);
    }
    reader.close();
  }
}

type House = { readonly site: Site; readonly disk: Disk; readonly sender: Sender; server: RunningServer };

/** A server whose data folder is on a disk of its own, after it has taken some letters. */
const withHouse = (how: Means, sizeMiB: number, run: (house: House) => Promise<void>): Promise<void> =>
  withSite('log.level = "warn"', async (site) => {
    let pid = 0;
    await withDisk(how, { folder: site.data, sizeMiB, pid: () => pid }, async (disk) => {
      const sender = new Sender(await addAccount(site, 'ada', password));
      const server = await startServer(site);
      ({ pid } = server);
      await sender.meet(server);
      for (const reply of await sender.sendAll()) assert.match(reply, /^250 /);
      const house = { site, disk, sender, server };
      await run(house);
      sender.leave();
      await house.server.stop();
      assert.deepEqual(auditFolder(site.data), []);
    });
  });

const faultsOf = (server: RunningServer): readonly string[] =>
  server.events().flatMap(({ event, error }) => {
    const isFault =
      event === 'smtp.fault' && typeof error === 'object' && error !== null && 'message' in error;
    return isFault ? [String(error.message)] : [];
  });

const leftovers = ({ data }: Site): readonly string[] =>
  fs
    .readdirSync(data, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.part$|spool.|unfinished/.test(name));

for (const how of means)
  describe(`a disk that fails while the server runs (${how})`, () => {
    test('full: letters are refused for now, all that was taken is read, and it goes on when there is room', async () => {
      await withHouse(how, 24, async ({ site, disk, sender, server }) => {
        disk.fill();
        const replies = [...(await sender.sendAll()), ...(await sender.sendAll())];
        // A small one may find a place where another has left one.
        assert.ok(replies.filter((reply) => reply.startsWith('250')).length <= 2, replies.join('\n'));
        for (const reply of replies)
          assert.match(reply, how === 'mounted' ? /^(?:250|452 4\.3\.1) / : /^(?:45[12] 4\.3\.[01]) /);
        assert.deepEqual(leftovers(site), []);
        await sender.readBack(server);
        assert.equal((await ranCommand(site, 'check')).status, 0);
        disk.makeRoom();
        for (const reply of await sender.sendAll()) assert.match(reply, /^250 /);
        await sender.readBack(server);
        for (const fault of faultsOf(server))
          assert.match(
            fault,
            /^the disk of \S+data (?:is full \(.*\): make room there, and|fails \(.*\): the system's log)/,
          );
        assert.equal(faultsOf(server).length, sender.refused.size);
      });
    });

    test('read-only: nothing is taken, all that was taken is read, checked and backed up, and is there after the repair', async () => {
      await withHouse(how, 64, async (house) => {
        const { site, disk, sender, server } = house;
        disk.breakDown();
        for (const reply of await sender.sendAll()) assert.match(reply, /^45[12] 4\.3\.[01] /);
        await sender.readBack(server);
        assert.match((await ranCommand(site, 'check')).out, / is in order: 1 account, 4 letters/);
        assert.deepEqual(await ranCommand(site, 'backup', path.join(site.folder, 'backups')), {
          status: 0,
          out: '',
          complaint: '',
        });
        if (how === 'mounted')
          assert.match(
            (await ranCommand(site, 'account', 'remove', sender.address, '--yes')).complaint,
            /cannot be written to .*: make its disk writable/,
          );
        sender.leave();
        await server.stop();
        disk.repair();
        house.server = await startServer(site);
        await sender.meet(house.server);
        await sender.readBack(house.server);
        for (const reply of await sender.sendAll()) assert.match(reply, /^250 /);
        await sender.readBack(house.server);
      });
    });
  });
