import type { Annotation, AnnotationChange } from '../../imap/annotation.ts';
import { specialUse } from '../../imap/render/special-use.ts';
import type { Refusal } from '../../imap/questions.ts';
import { ok, refused, type Result } from '../../result.ts';
import type { Mailbox, MailboxId, MailboxRole, ObjectChange } from '../../store/port.ts';
import type { Answering, Desk } from './desk.ts';

/** Annotations of one mailbox, or of the server, and of everything that an account keeps, at the most. */
const mostOfOne = 100;
const mostOfAll = 1000;

const kind = 'annotation';

/** The entry that a mailbox's special use is (RFC 6154 section 4). */
const useEntry = '/private/specialuse';

/** The annotations of mailboxes, and of the server for null. */
export const metadata: Answering<'metadata'> = async ({ of }, desk) => {
  const { store, account } = desk;
  const found = new Map<number | null, Annotation[]>(of.map((id) => [id, []]));
  for (const { name, value } of await store.objects(account, kind)) {
    const [mailbox, entry] = partsOf(name);
    found.get(mailbox)?.push({ entry, value: octetsOf(value) });
  }
  for (const { id, role } of await store.mailboxes(account)) {
    const use = specialUse(role);
    if (use !== null) found.get(id)?.push({ entry: useEntry, value: Buffer.from(use) });
  }
  return ok(found);
};

/** Sets the annotations of a mailbox, or of the server, all or none. */
export const setMetadata: Answering<'set-metadata'> = async ({ of, changes }, desk) => {
  const { store, account, now } = desk;
  // What is said of the server to everybody, whoever runs it says.
  if (of === null && changes.some(({ entry }) => entry.startsWith('/shared/'))) return refused('not-allowed');
  const mailbox = of === null ? null : await store.mailbox(account, of as MailboxId);
  if (of !== null && mailbox === null) return refused('no-mailbox');
  const kept = mailbox === null ? changes : changes.filter(({ entry }) => entry !== useEntry);
  const objects = kept.map((change) => objectChange(mailbox?.id ?? null, change));
  if (!(await hasRoom(objects, desk))) return refused('too-many-annotations');
  const use = mailbox === null ? undefined : changes.findLast(({ entry }) => entry === useEntry);
  if (use !== undefined && mailbox !== null) {
    const given = await giveUse(mailbox, use, desk);
    if (!given.ok) return given;
  }
  const changed = await store.changeObjects(account, objects, now());
  if (changed.ok) return ok(null);
  if (use !== undefined && mailbox !== null)
    await store.updateMailbox(account, mailbox.id, { role: mailbox.role });
  return refused(changed.refusal === 'no-account' ? 'no-account' : 'too-many-annotations');
};

/** Whether nothing has too many afterwards. */
async function hasRoom(changes: readonly ObjectChange[], { store, account }: Desk): Promise<boolean> {
  const names = new Set((await store.objects(account, kind)).map(({ name }) => name));
  const before = names.size;
  for (const change of changes) {
    if (change.do === 'put') names.add(change.name);
    else names.delete(change.name);
  }
  if (names.size <= before) return true;
  const place = partsOf(changes[0]?.name ?? '')[0];
  const ofOne = [...names].filter((name) => partsOf(name)[0] === place).length;
  return ofOne <= mostOfOne && names.size <= mostOfAll;
}

const roles: ReadonlyMap<string, MailboxRole> = new Map(
  (['archive', 'drafts', 'flagged', 'important', 'junk', 'sent', 'trash', 'all'] as const).map((role) => [
    (specialUse(role) ?? '').toLowerCase(),
    role,
  ]),
);

/** RFC 6154 section 4: the uses stand one behind the other; here a mailbox has one at the most. */
async function giveUse(
  { id }: Mailbox,
  { value }: AnnotationChange,
  { store, account }: Desk,
): Promise<Result<null, Refusal['why']>> {
  const text = value === null ? '' : Buffer.from(value).toString('latin1').trim().toLowerCase();
  const role = text === '' ? null : roles.get(text);
  if (role === undefined) return refused('no-such-use');
  const updated = await store.updateMailbox(account, id, { role });
  if (updated.ok) return ok(null);
  const { refusal } = updated;
  return refused(
    refusal === 'inbox' || refusal === 'no-mailbox' || refusal === 'no-account' ? refusal : 'role-taken',
  );
}

/** What keeps the annotations of a mailbox that is gone, or gives those of one to another as well. */
export async function forgetMetadata(mailbox: MailboxId, { store, account, now }: Desk): Promise<void> {
  const objects = await store.objects(account, kind);
  const gone = objects.filter(({ name }) => partsOf(name)[0] === mailbox);
  if (gone.length === 0) return;
  await store.changeObjects(
    account,
    gone.map(({ name }) => ({ do: 'remove', kind, name })),
    now(),
  );
}

/** RFC 5464 section 4.1: of INBOX, whose letters go and which stays, the annotations are in both afterwards. */
export async function copyMetadata(
  from: MailboxId,
  to: MailboxId,
  { store, account, now }: Desk,
): Promise<void> {
  const objects = await store.objects(account, kind);
  const copies = objects.flatMap(({ name, value }): ObjectChange[] => {
    const [mailbox, entry] = partsOf(name);
    return mailbox === from ? [{ do: 'put', kind, name: nameOf(to, entry), value }] : [];
  });
  if (copies.length > 0) await store.changeObjects(account, copies, now());
}

const nameOf = (mailbox: number | null, entry: string): string => `${mailbox ?? 'server'}${entry}`;

function partsOf(name: string): readonly [number | null, string] {
  const slash = name.indexOf('/');
  const place = name.slice(0, slash);
  return [place === 'server' ? null : Number(place), name.slice(slash)];
}

const objectChange = (mailbox: MailboxId | null, { entry, value }: AnnotationChange): ObjectChange =>
  value === null
    ? { do: 'remove', kind, name: nameOf(mailbox, entry) }
    : { do: 'put', kind, name: nameOf(mailbox, entry), value: keptValue(value) };

/** The store keeps text: octets that are none stand in base64. */
function keptValue(value: Uint8Array): string {
  const octets = Buffer.from(value);
  const text = octets.toString();
  return Buffer.from(text).equals(octets) && !text.includes('\0')
    ? `text ${text}`
    : `base64 ${octets.toString('base64')}`;
}

const octetsOf = (kept: string): Buffer =>
  kept.startsWith('text ')
    ? Buffer.from(kept.slice('text '.length))
    : Buffer.from(kept.slice('base64 '.length), 'base64');
