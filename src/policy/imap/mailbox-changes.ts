import type { Refusal } from '../../imap/questions.ts';
import { ok, refused, type Result } from '../../result.ts';
import type { Mailbox, MailboxId, MailboxRefusal, Uid } from '../../store/port.ts';
import type { Answering, Desk } from './desk.ts';
import { copyMetadata, forgetMetadata } from './metadata-answer.ts';
import { byPath, delimiter } from './paths.ts';

type Outcome<Value> = Result<Value, Refusal['why']>;

/** Makes the mailbox with everything that has to be above it. */
export const create: Answering<'create'> = async ({ path, role }, desk) => {
  const place = await placeFor(path, desk);
  if (!place.ok) return place;
  const { name, parent } = place.value;
  const made = await desk.store.createMailbox(desk.account, {
    name,
    parent,
    ...(role === null ? {} : { role }),
    createdAt: desk.now(),
  });
  return made.ok ? ok(made.value.id) : refused(why(made.refusal));
};

/** Removes the mailbox with its letters. */
export const remove: Answering<'delete'> = async ({ mailbox }, desk) => {
  const { store, account, now } = desk;
  const id = mailbox as MailboxId;
  const removed = await store.removeMailbox(account, id, { letters: 'remove', at: now() });
  if (removed.ok) {
    await forgetMetadata(id, desk);
    return ok(null);
  }
  const { refusal } = removed;
  if (refusal === 'has-letters')
    throw new Error('a mailbox was to go with its letters, and they were in the way');
  return refused(refusal);
};

/** RFC 9051 section 6.3.6: the letters of INBOX move into a new mailbox, and what is below INBOX stays. */
export const rename: Answering<'rename'> = async ({ mailbox, path }, desk) => {
  const { store, account, now } = desk;
  const id = mailbox as MailboxId;
  const found = await store.mailbox(account, id);
  if (found === null) return refused('no-mailbox');
  const place = await placeFor(path, desk);
  if (!place.ok) return place;
  const { name, parent } = place.value;
  if (found.role !== 'inbox') {
    const updated = await store.updateMailbox(account, id, { name, parent });
    return updated.ok ? ok(null) : refused(why(updated.refusal));
  }
  const made = await store.createMailbox(account, { name, parent, createdAt: now() });
  if (!made.ok) return refused(why(made.refusal));
  const uids = [...(await store.uids(account, id))] as Uid[];
  const moved = await store.move(account, id, uids, made.value.id, now());
  await copyMetadata(id, made.value.id, desk);
  return moved.ok ? ok(null) : moved;
};

/** A subscription to what is not there can only end. */
export const subscribe: Answering<'subscribe'> = async ({ path, subscribed }, { store, account }) => {
  const found = byPath(await store.mailboxes(account)).get(path);
  if (found !== undefined) {
    const updated = await store.updateMailbox(account, found.id, { subscribed });
    return updated.ok ? ok(null) : refused(why(updated.refusal));
  }
  if (subscribed) return refused('no-mailbox');
  const forgotten = await store.forgetSubscription(account, path);
  return forgotten.ok ? ok(null) : refused('no-mailbox');
};

/** Where a mailbox of this path is to be: what is missing above it is made, if it can be made itself. */
async function placeFor(
  path: string,
  { store, account, now }: Desk,
): Promise<Outcome<{ readonly name: string; readonly parent: MailboxId | null }>> {
  const names = path.split(delimiter);
  const name = names.pop() ?? '';
  const known = byPath(await store.mailboxes(account));
  if (known.has(path)) return refused('exists');
  let parent: Mailbox | null = null;
  for (const [index, level] of names.entries()) {
    const above = names.slice(0, index + 1).join(delimiter);
    const there: Mailbox | undefined = known.get(above);
    if (there !== undefined) parent = there;
    else {
      const made = await store.createMailbox(account, {
        name: level,
        parent: parent?.id ?? null,
        createdAt: now(),
      });
      if (!made.ok) return refused(why(made.refusal));
      parent = made.value;
    }
  }
  return ok({ name, parent: parent?.id ?? null });
}

function why(refusal: MailboxRefusal | 'no-mailbox' | 'inbox' | 'inside-itself'): Refusal['why'] {
  switch (refusal) {
    case 'no-parent':
      return 'no-mailbox';
    case 'inside-itself':
      return 'bad-name';
    case 'too-deep':
    case 'too-many':
      return 'too-many-mailboxes';
    default:
      return refusal;
  }
}
