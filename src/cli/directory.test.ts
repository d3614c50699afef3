import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AtTerminal } from '../../test/classic/terminal.ts';
import { HouseRefused } from '../app/house.ts';
import { deliveryOf, letterBytes, mustDeliver } from '../store/contract.ts';
import { accountNamed, careHouse } from './care-loopback.ts';
import { parseBytes, parseCount, shownBytes } from './figures.ts';

test('a quota is set, shown and taken away while a server has the store open', async (t) => {
  const { run, look } = await careHouse(t);
  await run('account', 'add', 'nu1@447.edu');
  await look(async (store) => {
    const { id } = await accountNamed(store, 'nu1@447.edu');
    const set = await run('account', 'quota', 'NU1@447.edu', '--bytes', '5G');
    assert.deepEqual([set.status, set.out], [0, 'nu1@447.edu keeps 0 letters, 0 B of 5.0 GiB.\n']);
    assert.equal((await run('account', 'quota', 'nu1@447.edu', '--letters', '2')).status, 0);
    assert.deepEqual((await store.quota(id))?.quota, { bytes: 5 * 1024 ** 3, letters: 2 });
    await mustDeliver(store, deliveryOf(letterBytes(2048), [id]));
    const shown = await run('account', 'quota', 'nu1@447.edu');
    assert.equal(shown.out, 'nu1@447.edu keeps 1 letter of 2, 2.0 KiB of 5.0 GiB.\n');
    assert.equal((await run('account', 'quota', 'nu1@447.edu', '--bytes', 'none')).status, 0);
    assert.deepEqual((await store.quota(id))?.quota, { bytes: null, letters: 2 });
    const wrong = await run('account', 'quota', 'nu1@447.edu', '--bytes', '5X');
    assert.deepEqual([wrong.status, wrong.complaint.startsWith('letterlock: "5X" is no number')], [1, true]);
  });
  assert.equal((await run('account', 'list')).out, 'nu1@447.edu\t1 letter of 2, 2.0 KiB\n');
});

test('an account is removed after a question, with --yes, and never unasked', async (t) => {
  const { run, look, config } = await careHouse(t);
  await run('account', 'add', 'nu1@447.edu');
  await run('account', 'add', 'nu2@447.edu');
  await look(async (store) => {
    const alone = await run('account', 'remove', 'nu1@447.edu');
    assert.deepEqual([alone.status, /--yes goes on/.test(alone.complaint)], [1, true]);
    const refusing = new AtTerminal(['account', 'remove', 'nu1@447.edu', '--config', config]);
    await refusing.sees('Write nu1@447.edu to go on: ');
    refusing.types('yes');
    assert.equal(await refusing.ends(), 1);
    assert.equal((await store.accounts()).length, 2);
    const agreeing = new AtTerminal(['account', 'remove', 'nu1@447.edu', '--config', config]);
    await agreeing.sees('Write nu1@447.edu to go on: ');
    agreeing.types('nu1@447.edu');
    assert.equal(await agreeing.ends(), 0);
    assert.deepEqual(
      (await store.accounts()).map(({ name }) => name),
      ['nu2@447.edu'],
    );
    assert.equal((await run('account', 'remove', 'nu2@447.edu', '--yes')).status, 0);
    assert.deepEqual(await store.accounts(), []);
  });
  assert.match(
    (await run('account', 'remove', 'nu2@447.edu', '--yes')).complaint,
    /there is no account nu2@447\.edu/,
  );
});

test('domains and aliases are made, listed and removed while a server has the store open', async (t) => {
  const { run, look } = await careHouse(t, '[aliases]\n"sales@447.edu" = ["nu1@447.edu"]\n');
  await run('account', 'add', 'nu1@447.edu');
  await look(async (store) => {
    const foreign = await run('account', 'add', 'a@new.example');
    assert.match(
      foreign.complaint,
      /new\.example is not a domain of this server; its domains are 447\.edu\n/,
    );
    assert.equal((await run('domain', 'add', 'New.Example')).out, 'Mail for new.example is taken.\n');
    assert.match(
      (await run('domain', 'add', 'new.example')).complaint,
      /there is a domain new\.example already/,
    );
    assert.match(
      (await run('domain', 'add', '447.edu')).complaint,
      /the configuration has the domain 447\.edu/,
    );
    assert.match((await run('domain', 'add', 'no domain')).complaint, /"no domain" is no mail domain/);
    assert.equal((await run('domain', 'list')).out, '447.edu\tconfiguration\nnew.example\n');
    assert.equal((await run('account', 'add', 'a@new.example')).status, 0);
    const set = await run('alias', 'set', 'Team@new.example', 'a@new.example', 'nu1@447.edu', 'b@447.edu');
    assert.equal(
      set.out,
      'team@new.example stands for a@new.example, nu1@447.edu, b@447.edu.\nThere is no account b@447.edu yet.\n',
    );
    assert.deepEqual(await store.aliases(), [
      { name: 'team@new.example', targets: ['a@new.example', 'nu1@447.edu', 'b@447.edu'] },
    ]);
    const ruled = await run('alias', 'set', 'sales@447.edu', 'a@new.example');
    assert.match(ruled.complaint, /sales@447\.edu is an alias of the configuration/);
    const away = await run('alias', 'set', 'x@447.edu', 'a@far.example');
    assert.match(away.complaint, /far\.example is not a domain of this server/);
    assert.equal(
      (await run('alias', 'list')).out,
      'sales@447.edu\tnu1@447.edu\tconfiguration\nteam@new.example\ta@new.example, nu1@447.edu, b@447.edu\n',
    );
    assert.equal((await run('alias', 'remove', 'team@new.example')).status, 0);
    assert.match(
      (await run('alias', 'remove', 'team@new.example')).complaint,
      /there is no alias team@new\.example/,
    );
    assert.equal(
      (await run('domain', 'remove', 'new.example')).out,
      'Mail for new.example is not taken any more; 1 account of it stays.\n',
    );
    assert.deepEqual(await store.domains(), []);
    assert.match((await run('domain', 'remove', '447.edu')).complaint, /a domain of the configuration/);
    assert.equal((await run('account', 'quota', 'a@new.example')).status, 0);
  });
});

test('numbers as people write and read them', () => {
  for (const [text, bytes] of [
    ['1000', 1000],
    ['500k', 512_000],
    ['20M', 20_971_520],
    ['5G', 5_368_709_120],
    ['1T', 1_099_511_627_776],
    ['0', 0],
    ['none', null],
  ] as const)
    assert.equal(parseBytes(text), bytes);
  for (const text of ['', 'G', '-1', '1.5G', '5GB', ' 5G', '999999999999999T', '__proto__'])
    assert.throws(() => parseBytes(text), HouseRefused, text);
  assert.deepEqual([parseCount('12'), parseCount('none')], [12, null]);
  for (const text of ['', '-1', '1e3', '1K']) assert.throws(() => parseCount(text), HouseRefused, text);
  assert.deepEqual([0, 1023, 1024, 1_572_864].map(shownBytes), ['0 B', '1023 B', '1.0 KiB', '1.5 MiB']);
});
