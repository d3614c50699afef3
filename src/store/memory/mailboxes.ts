import { DELETED, SEEN } from '../keywords.ts';
import { MailboxTree } from '../mailbox-tree.ts';
import { inOrder } from '../order.ts';
import type {
  Mailbox,
  MailboxId,
  MailboxRefusal,
  MailboxStore,
  MailboxUpdate,
  NewMailbox,
  Uid,
} from '../port.ts';
import { ok, refused, type Result } from '../../result.ts';
import { nextUidValidity } from '../rules.ts';
import { placesIn, removePlaces } from './places.ts';
import { Notes, raise, type Box, type KeptMailbox, type World } from './world.ts';

/** The tree of mailboxes. */
export const mailboxVerbs = (world: World): MailboxStore => ({
  mailboxes: (account) => {
    const box = world.box(account);
    return box === undefined ? [] : [...box.mailboxes.values()].map((mailbox) => shown(box, mailbox));
  },
  mailbox: (account, id) => {
    const box = world.box(account);
    const mailbox = box?.mailboxes.get(id);
    return box === undefined || mailbox === undefined ? null : shown(box, mailbox);
  },
  lostSubscriptions: (account) => [...(world.box(account)?.lostSubscriptions ?? [])].sort(inOrder),
  lockMaildrop: (account) => {
    const { locks, boxes } = world.kept;
    if (!boxes.has(account)) return refused('no-account');
    if (locks.has(account)) return refused('locked');
    const lock = { release: () => void (locks.get(account) === lock && locks.delete(account)) };
    locks.set(account, lock);
    return ok(lock);
  },
  createMailbox: async (account, wanted) => {
    const box = world.box(account);
    return box === undefined ? refused('no-account') : createMailbox(world, box, wanted);
  },
  updateMailbox: async (account, id, update) => {
    const box = world.box(account);
    if (box === undefined) return refused('no-account');
    const mailbox = box.mailboxes.get(id);
    return mailbox === undefined ? refused('no-mailbox') : updateMailbox(world, box, mailbox, update);
  },
  removeMailbox: async (account, id, how) => {
    const box = world.box(account);
    const mailbox = box?.mailboxes.get(id);
    if (box === undefined || mailbox === undefined) return refused('no-mailbox');
    return removeMailbox(world, box, mailbox, how);
  },
  forgetSubscription: async (account, path) =>
    world.box(account)?.lostSubscriptions.delete(path) ? ok(null) : refused('not-subscribed'),
});

/** A mailbox with what follows from the letters in it. */
const shown = (box: Box, mailbox: KeptMailbox): Mailbox => {
  const { createdModSeq: _, ...told } = mailbox;
  const places = placesIn(box, mailbox.id);
  return {
    ...told,
    letters: places.length,
    unseen: places.filter(({ keywords }) => !keywords.includes(SEEN)).length,
    deleted: places.filter(({ keywords }) => keywords.includes(DELETED)).length,
    sizeBytes: places.reduce((sum, { letter }) => sum + letter.servedBytes, 0),
  };
};

/** Puts a mailbox into the account, at its present modification sequence. */
export const addMailbox = (box: Box, wanted: NewMailbox): KeptMailbox => {
  const { name, parent, role = null, subscribed = false, sortOrder = 0, createdAt } = wanted;
  box.lastUidValidity = nextUidValidity(box.lastUidValidity, createdAt);
  const mailbox: KeptMailbox = {
    id: box.nextMailbox++ as MailboxId,
    name,
    parent,
    role,
    subscribed,
    sortOrder,
    uidValidity: box.lastUidValidity,
    uidNext: 1 as Uid,
    highestModSeq: box.modSeq,
    createdModSeq: box.modSeq,
    modSeq: box.modSeq,
  };
  box.mailboxes.set(mailbox.id, mailbox);
  return mailbox;
};

const createMailbox = (world: World, box: Box, wanted: NewMailbox): Result<Mailbox, MailboxRefusal> => {
  const refusal = treeOf(box).refusal({ role: null, ...wanted }, null);
  if (refusal !== null) return refused(refusal);
  raise(box);
  return ok(changed(world, box, addMailbox(box, wanted)));
};

const treeOf = (box: Box): MailboxTree => new MailboxTree([...box.mailboxes.values()]);

const updateMailbox = (
  world: World,
  box: Box,
  mailbox: KeptMailbox,
  update: MailboxUpdate,
): Result<Mailbox, MailboxRefusal | 'inbox' | 'inside-itself'> => {
  const { name, parent, role, subscribed, sortOrder } = mailbox;
  const after = { name, parent, role, subscribed, sortOrder, ...update };
  const isPut = after.name === name && after.parent === parent && after.role === role;
  if (role === 'inbox' && !isPut) return refused('inbox');
  const tree = treeOf(box);
  if (tree.isInside(after.parent, mailbox.id)) return refused('inside-itself');
  const refusal = tree.refusal(after, mailbox.id);
  if (refusal !== null) return refused(refusal);
  if (isPut && after.subscribed === subscribed && after.sortOrder === sortOrder)
    return ok(shown(box, mailbox));
  Object.assign(mailbox, after, { modSeq: raise(box) });
  return ok(changed(world, box, mailbox));
};

/** What the mailbox is after the change, which is told. Who came to a path that is subscribed to is subscribed. */
const changed = (world: World, box: Box, own: KeptMailbox): Mailbox => {
  const tree = treeOf(box);
  for (const mailbox of box.lostSubscriptions.size === 0 ? [] : box.mailboxes.values()) {
    if (!box.lostSubscriptions.delete(tree.path(mailbox)) || mailbox.subscribed) continue;
    mailbox.subscribed = true;
    if (mailbox !== own) mailbox.modSeq = raise(box);
  }
  const notes = new Notes();
  notes.add(box);
  world.tell(notes);
  return shown(box, own);
};

const removeMailbox = (
  world: World,
  box: Box,
  mailbox: KeptMailbox,
  { letters, at }: { readonly letters: 'refuse' | 'remove'; readonly at: number },
): Result<null, 'inbox' | 'has-children' | 'has-letters'> => {
  if (mailbox.role === 'inbox') return refused('inbox');
  const tree = treeOf(box);
  if (tree.hasChildren(mailbox.id)) return refused('has-children');
  const places = placesIn(box, mailbox.id);
  if (places.length > 0 && letters === 'refuse') return refused('has-letters');
  const notes = new Notes();
  removePlaces(box, places, at, notes);
  if (mailbox.subscribed) box.lostSubscriptions.add(tree.path(mailbox));
  box.mailboxes.delete(mailbox.id);
  box.tombstones.push({ of: 'mailbox', id: mailbox.id, modSeq: raise(box), at });
  notes.add(box);
  world.tell(notes);
  return ok(null);
};
