import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { auditFolder } from '../../src/store/sqlite/audit.ts';
import { withDisk, whyNotMounted } from '../support/disk.ts';
import { addAccount, startServer, withSite, type Site } from '../support/server.ts';
import { program, ran, ranCommand, type Ran } from './command.ts';

/** Runs a command that may write no file longer than so many blocks of 512 octets. */
const ranLimited = ({ configFile }: Site, blocks: number, ...words: readonly string[]): Promise<Ran> =>
  ran('sh', '-c', `ulimit -f ${blocks}; exec "$@"`, 'sh', program, ...words, '--config', configFile);

/** A data folder with an account and the certificates of a first start. */
const begin = async (site: Site): Promise<string> => {
  const address = await addAccount(site, 'ada', 'the pass phrase of everybody here');
  await (await startServer(site)).stop();
  return address;
};

const oneLine = (what: RegExp, { status, complaint }: Ran): void => {
  assert.equal(status, 1, complaint);
  assert.match(complaint, what);
  assert.match(complaint, /^letterlock: [^\n]*\n$/);
};

const fill = (file: string, letters: number, bytes: number): void => {
  const line = `${'x'.repeat(75)}\n`.repeat(Math.ceil(bytes / 76));
  const one = (n: number): string => `From a@b.example Fri Jul  3 01:03:05 2020\nSubject: ${n}\n\n${line}\n`;
  fs.writeFileSync(file, Array.from({ length: letters }, (_, n) => one(n)).join(''));
};

if (whyNotMounted() === null)
  describe('a disk that is no good when a program starts', () => {
    test('full: one line says so, nothing is changed, and with room it starts', async () => {
      await withSite('', async (site) => {
        const place = { folder: site.data, sizeMiB: 16, pid: () => 0 };
        await withDisk('mounted', place, async (disk) => {
          await begin(site);
          const backups = path.join(site.folder, 'backups');
          assert.equal((await ranCommand(site, 'backup', backups)).status, 0);
          // Who only reads leaves the index of the log behind, which the last one who writes takes away.
          await (await startServer(site)).stop();
          disk.fill();
          oneLine(/ is full \(.*\): make room there/, await ranCommand(site, 'serve'));
          const back = path.join(site.data, 'back');
          oneLine(/the disk is full|is full \(/, await ran(program, 'restore', backups, '--data', back));
          assert.deepEqual(
            fs.readdirSync(site.data).filter((name) => name.startsWith('back')),
            [],
          );
          oneLine(
            / is full \(.*\): make room there/,
            await ranCommand(site, 'account', 'remove', 'ada@letters.example', '--yes'),
          );
          disk.makeRoom();
          assert.deepEqual(auditFolder(site.data), []);
          await (await startServer(site)).stop();
        });
      });
    });

    test('read-only: one line says so, and what is there can be checked and backed up', async () => {
      await withSite('', async (site) => {
        const place = { folder: site.data, sizeMiB: 16, pid: () => 0 };
        await withDisk('mounted', place, async (disk) => {
          await begin(site);
          disk.writeProtect();
          for (const words of [['serve'], ['account', 'list'], ['domain', 'list']])
            oneLine(
              / is on a file system that is read-only \(EROFS\): mount it for writing/,
              await ranCommand(site, ...words),
            );
          assert.match((await ranCommand(site, 'check')).out, /in order: 1 account, 0 letters/);
          const backup = await ranCommand(site, 'backup', path.join(site.folder, 'backups'));
          assert.deepEqual(backup, { status: 0, out: '', complaint: '' });
          disk.repair();
          await (await startServer(site)).stop();
        });
      });
    });
  });

describe('a command whose files may not grow', () => {
  test('serve: one line says which disk takes no more, and nothing is changed', async () => {
    await withSite('', async (site) => {
      await begin(site);
      oneLine(/^letterlock: the disk of \S+data (?:is full|fails) \(/, await ranLimited(site, 1, 'serve'));
      assert.deepEqual(auditFolder(site.data), []);
      await (await startServer(site)).stop();
    });
  });

  test('import, export, backup and restore: one line, nothing half is left, and the next run comes to the end', async () => {
    await withSite('', async (site) => {
      const address = await begin(site);
      const at = (name: string): string => path.join(site.folder, name);
      fill(at('old.mbox'), 4, 400_000);
      const steps: readonly (readonly [limit: number, ...words: readonly string[]])[] = [
        [1000, 'import', address, '--from', at('old.mbox')],
        [1000, 'export', address, '--to', at('new.mbox')],
        [200, 'export', address, '--to', at('Maildir'), '--format', 'maildir'],
        [200, 'backup', at('backups')],
        [200, 'restore', at('backups'), '--data', at('back')],
      ];
      for (const [limit, ...words] of steps) {
        const before = fs.readdirSync(site.folder).sort();
        const [command = '', ...rest] = words;
        const limited =
          command === 'restore'
            ? await ran('sh', '-c', `ulimit -f ${limit}; exec "$@"`, 'sh', program, ...words)
            : await ranLimited(site, limit, command, ...rest);
        assert.equal(limited.status, 1, `${command}: ${limited.out}`);
        assert.match(
          limited.complaint,
          /(?:^|\n)letterlock: [^\n]*(?:full|fails|too large|could not be copied)[^\n]*\n$/,
          command,
        );
        const left = fs.readdirSync(site.folder).filter((name) => name !== 'backups');
        assert.deepEqual(
          left.sort(),
          before.filter((name) => name !== 'backups'),
          command,
        );
        const again =
          command === 'restore' ? await ran(program, ...words) : await ranCommand(site, command, ...rest);
        assert.equal(again.status, 0, `${command}: ${again.complaint}`);
        assert.deepEqual(auditFolder(site.data), []);
      }
      assert.match((await ranCommand(site, 'account', 'list')).out, /4 letters/);
      assert.deepEqual(auditFolder(at('back')), []);
    });
  });
});
