import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { auditFolder } from '../../src/store/sqlite/audit.ts';
import { SeededRandom } from '../support/random.ts';
import { LetterReader } from '../support/letters.ts';
import {
  addAccount,
  beginServer,
  startServer,
  withSite,
  type RunningServer,
  type Site,
} from '../support/server.ts';
import { program, ran, ranCommand } from './command.ts';
import { makeLetter, type SentLetter } from './letters.ts';
import { person, sendUntilLost, type Outgoing } from './sender.ts';

const password = 'the pass phrase of everybody here';
/** Nobody here sends too much. */
const everMore = ['letters_per_hour', 'letters_per_day', 'recipients_per_hour', 'recipients_per_day']
  .map((bound) => `submission.${bound} = 0\n`)
  .join('');

/** Letters to one address without end, until the connection is lost; `sent` has all of them. */
const lettersTo = (address: string, name: string, sent: SentLetter[], seed: number): (() => Outgoing) => {
  const random = new SeededRandom(seed);
  return () => {
    const made = makeLetter(random, `${name}-${sent.length}`, address, [address]);
    sent.push(made.letter);
    return made;
  };
};

const acknowledged = (sent: readonly SentLetter[]): readonly string[] =>
  sent.filter((letter) => letter.acknowledged).map(({ sha256 }) => sha256);

/** Resolves when so many letters were answered. */
const answered = async (sent: readonly SentLetter[], count: number): Promise<void> => {
  while (acknowledged(sent).length < count) await new Promise((resolve) => setImmediate(resolve));
};

const listed = async (server: RunningServer, address: string): Promise<readonly string[]> => {
  const reader = new LetterReader(server, address, password);
  const letters = await reader.list();
  reader.close();
  return letters.map(({ sha256 }) => sha256);
};

/** The site again with other doors: a second server on the same data folder. */
const withDoors = (site: Site, name: string, doors: string): Site => {
  const configFile = path.join(site.folder, `${name}.toml`);
  fs.writeFileSync(
    configFile,
    fs.readFileSync(site.configFile, 'utf8').replace(/^listen\.submissions = .*$/m, doors),
  );
  return { ...site, configFile };
};

describe('two servers on one data folder', () => {
  test('both begin at once in a folder that is not there, have the same certificates and accounts, and one outlives the other', async () => {
    await withSite(`log.level = "warn"\n${everMore}`, async (site) => {
      const [one, other] = await Promise.all([beginServer(site).ready, beginServer(site).ready]);
      assert.equal(one.authority, other.authority);
      const ada = person(await addAccount(site, 'ada', password), password);
      const [byOne, byOther]: [SentLetter[], SentLetter[]] = [[], []];
      const dying = sendUntilLost(one, ada, lettersTo(ada.name, 'one', byOne, 1));
      const living = sendUntilLost(other, ada, lettersTo(ada.name, 'other', byOther, 2));
      await Promise.all([answered(byOne, 20), answered(byOther, 20)]);
      await one.kill();
      await dying;
      const before = acknowledged(byOther).length;
      await answered(byOther, before + 20);
      // What the dead one answered is there, once, for everybody who asks the other.
      const seen = await listed(other, ada.name);
      for (const hash of [...acknowledged(byOne), ...acknowledged(byOther).slice(0, before)])
        assert.equal(seen.filter((each) => each === hash).length, 1);
      const third = await startServer(site);
      assert.ok((await listed(third, ada.name)).length >= seen.length);
      await Promise.all([other.stop(), living]);
      const all = await listed(third, ada.name);
      assert.equal(new Set(all).size, all.length);
      for (const hash of [...acknowledged(byOne), ...acknowledged(byOther)]) assert.ok(all.includes(hash));
      await third.stop();
      assert.deepEqual(auditFolder(site.data), []);
    });
  });

  test('the second one at the same doors is refused with a line, and the first notices nothing', async () => {
    await withSite(`log.level = "warn"\n${everMore}`, async (site) => {
      const ada = person(await addAccount(site, 'ada', password), password);
      const socket = path.join(site.folder, 'lmtp');
      const first = await startServer(
        withDoors(
          site,
          'first',
          `listen.submissions = { port = 0 }\nlisten.lmtp = { enabled = true, socket = ${JSON.stringify(socket)} }`,
        ),
      );
      const port = first.port('submissions');
      for (const [doors, told] of [
        [`listen.submissions = { port = ${port} }`, new RegExp(`${port}`)],
        [
          `listen.submissions = { port = 0 }\nlisten.lmtp = { enabled = true, socket = ${JSON.stringify(socket)} }`,
          /lmtp/,
        ],
      ] as const) {
        const { status, complaint } = await ranCommand(withDoors(site, 'second', doors), 'serve');
        assert.equal(status, 1, complaint);
        assert.match(complaint, /^letterlock: [^\n]*\n$/);
        assert.match(complaint, told);
      }
      const sent: SentLetter[] = [];
      const sending = sendUntilLost(first, ada, lettersTo(ada.name, 'first', sent, 3));
      await answered(sent, 5);
      assert.deepEqual(first.events(), []);
      await Promise.all([first.stop(), sending]);
    });
  });

  test('a folder that is put back under a running server is nothing that it writes into: it ends, and the next one begins from what is there', async () => {
    await withSite(`log.level = "error"\n${everMore}`, async (site) => {
      const ada = person(await addAccount(site, 'ada', password), password);
      const backups = path.join(site.folder, 'backups');
      const server = await startServer(site);
      assert.equal((await ranCommand(site, 'backup', backups)).status, 0);
      const sent: SentLetter[] = [];
      const refused = (error: unknown): void => assert.match(String(error), /451/);
      const sending = sendUntilLost(server, ada, lettersTo(ada.name, 'lost', sent, 4)).catch(refused);
      await answered(sent, 3);
      fs.renameSync(site.data, `${site.data}.away`);
      const { status, complaint } = await ran(program, 'restore', backups, '--data', site.data);
      assert.equal(status, 0, complaint);
      const event = await server.logged(({ event: name }) => name === 'server.broken');
      assert.match(JSON.stringify(event), /was moved, removed or replaced under a program that had it open/);
      await sending;
      // What it answered lies in the folder that was moved away, and nothing of that in the other.
      assert.deepEqual(auditFolder(`${site.data}.away`), []);
      assert.deepEqual(auditFolder(site.data), []);
      const next = await startServer(site);
      assert.deepEqual(await listed(next, ada.name), []);
      await next.stop();
    });
  });
});
