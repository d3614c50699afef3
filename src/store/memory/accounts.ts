import type { Account, AccountStore, NewAccount, Quota, Usage, Verifiers } from '../port.ts';
import { FIRST_MAILBOXES } from '../mailbox-rules.ts';
import { ok, refused, type Result } from '../../result.ts';
import { checkQuota } from '../rules.ts';
import { addMailbox } from './mailboxes.ts';
import { Notes, raise, type Box, type World } from './world.ts';

type AccountVerbs = Pick<
  AccountStore,
  | 'account'
  | 'accounts'
  | 'verifiers'
  | 'quota'
  | 'createAccount'
  | 'removeAccount'
  | 'setVerifiers'
  | 'setQuota'
>;

/** The accounts themselves. */
export const accountVerbs = (world: World): AccountVerbs => ({
  account: (name) => accountNamed(world, name),
  accounts: () => [...world.kept.boxes.values()].map(({ account }) => account),
  verifiers: (account) => {
    const box = world.box(account);
    return box === undefined ? null : copyOf(box.verifiers);
  },
  quota: (account) => {
    const box = world.box(account);
    return box === undefined ? null : { quota: box.quota, usage: usageOf(box) };
  },
  createAccount: async (wanted) => createAccount(world, wanted),
  removeAccount: async (account) => {
    const box = world.box(account);
    if (box === undefined) return refused('no-account');
    world.kept.boxes.delete(account);
    world.kept.directoryVersion += 1;
    raise(box);
    const notes = new Notes();
    notes.add(box);
    world.tell(notes);
    return ok(null);
  },
  setVerifiers: async (account, verifiers) => {
    const box = world.box(account);
    if (box === undefined) return refused('no-account');
    box.verifiers = copyOf(verifiers);
    return ok(null);
  },
  setQuota: async (account, { bytes, letters }) => {
    checkQuota({ bytes, letters });
    const box = world.box(account);
    if (box === undefined) return refused('no-account');
    box.quota = { bytes, letters };
    world.kept.directoryVersion += 1;
    return ok(null);
  },
});

const accountNamed = (world: World, name: string): Account | null =>
  [...world.kept.boxes.values()].find(({ account }) => account.name === name)?.account ?? null;

const createAccount = (
  world: World,
  { name, verifiers, createdAt }: NewAccount,
): Result<Account, 'exists'> => {
  if (accountNamed(world, name) !== null) return refused('exists');
  const account: Account = { id: world.kept.nextAccount++ as Account['id'], name, createdAt };
  const box: Box = {
    account,
    verifiers: copyOf(verifiers),
    appPasswords: [],
    certificates: [],
    quota: { bytes: null, letters: null },
    modSeq: 1n as Box['modSeq'],
    floor: 0n as Box['floor'],
    nextMailbox: 1,
    lastUidValidity: 0,
    mailboxes: new Map(),
    letters: new Map(),
    places: new Set(),
    threads: new Map(),
    lostSubscriptions: new Set(),
    objects: new Map(),
    texts: new Map(),
    tombstones: [],
  };
  for (const [sortOrder, first] of FIRST_MAILBOXES.entries())
    addMailbox(box, { ...first, parent: null, subscribed: true, sortOrder, createdAt });
  world.kept.boxes.set(account.id, box);
  world.kept.directoryVersion += 1;
  const notes = new Notes();
  notes.add(box);
  world.tell(notes);
  return ok(account);
};

const copyOf = (verifiers: Verifiers): Verifiers => ({
  argon2id: verifiers.argon2id,
  scram: {
    iterations: verifiers.scram.iterations,
    salt: new Uint8Array(verifiers.scram.salt),
    storedKey: new Uint8Array(verifiers.scram.storedKey),
    serverKey: new Uint8Array(verifiers.scram.serverKey),
  },
});

/** The letters that are in a mailbox, each once. */
const usageOf = (box: Box): Usage => {
  const letters = new Set([...box.places].map(({ letter }) => letter));
  return {
    bytes: [...letters].reduce((sum, { servedBytes }) => sum + servedBytes, 0),
    letters: letters.size,
  };
};

/** Whether the account may keep so much more, in so many letters. */
export const fits = (box: Box, bytes: number, letters: number): boolean => {
  const usage = usageOf(box);
  const within = (bound: Quota['bytes'], wanted: number): boolean => bound === null || wanted <= bound;
  return within(box.quota.bytes, usage.bytes + bytes) && within(box.quota.letters, usage.letters + letters);
};
