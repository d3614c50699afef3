import type { ListCommand } from '../grammar/list.ts';
import { formatMailboxName, parseMailboxName } from '../mailbox-name.ts';
import { matchesPattern, mostWildcards, wildcardsIn } from '../mailbox-pattern.ts';
import { delimiter, type MailboxEntry, type MailboxRole, type Mailboxes } from '../mailboxes.ts';
import { say } from '../say.ts';
import { asks, ends, type Handler, type LoggedIn } from './stage.ts';

/** LIST (RFC 9051 section 6.3.9) and LSUB (RFC 3501 section 6.3.9). */
export const list: Handler<ListCommand, LoggedIn> = ({ name, reference, patterns }, stage, { out }) => {
  const wanted = patterns.flatMap((pattern) => parseMailboxName(`${reference}${pattern}`) ?? []);
  if (wanted.some((pattern) => wildcardsIn(pattern) > mostWildcards)) return ends(stage, say.badName);
  if (name === 'LIST' && patterns.every((pattern) => pattern === '')) {
    // What is before a name without a name: the root and the delimiter.
    out.latin1(`* LIST (\\Noselect) "${delimiter}" ""\r\n`);
    return ends(stage, say.done(name));
  }
  const matches = (path: string): boolean => wanted.some((pattern) => matchesPattern(path, pattern));
  return asks({ ask: 'mailboxes' }, stage, (all) => {
    const stops = wanted.some((pattern) => pattern.includes('%'));
    const lines = name === 'LIST' ? listed(all, matches) : subscribed(all, matches, stops);
    for (const line of lines) out.latin1(line);
    return ends(stage, say.done(name));
  });
};

function* listed({ mailboxes }: Mailboxes, matches: (path: string) => boolean): Generator<string> {
  const parents = parentsOf(mailboxes.map(({ path }) => path));
  for (const mailbox of mailboxes) {
    if (!matches(mailbox.path)) continue;
    yield line('LIST', attributes(mailbox, parents), mailbox.path);
  }
}

/** The attributes of RFC 3348 and RFC 6154 section 2. */
function attributes({ path, role }: MailboxEntry, parents: ReadonlySet<string>): readonly string[] {
  const use = role === null ? null : specialUse[role];
  return [parents.has(path) ? '\\HasChildren' : '\\HasNoChildren', ...(use === null ? [] : [use])];
}

const specialUse: { readonly [Role in MailboxRole]: string | null } = {
  inbox: null,
  archive: '\\Archive',
  drafts: '\\Drafts',
  flagged: '\\Flagged',
  important: '\\Important',
  junk: '\\Junk',
  sent: '\\Sent',
  trash: '\\Trash',
  all: '\\All',
};

/** RFC 3501 section 6.3.9: where `%` stops above what is subscribed to, the level that it stops at is told. */
function* subscribed(all: Mailboxes, matches: (path: string) => boolean, stops: boolean): Generator<string> {
  const there = new Set(all.mailboxes.map(({ path }) => path));
  const own = all.mailboxes.flatMap((mailbox) => (mailbox.subscribed ? [mailbox.path] : []));
  const paths = new Set([...own, ...all.lost]);
  const parents = stops ? [...parentsOf([...paths])] : [];
  for (const path of [...new Set([...paths, ...parents])].sort()) {
    if (!matches(path)) continue;
    yield line('LSUB', paths.has(path) && there.has(path) ? [] : ['\\Noselect'], path);
  }
}

/** Every path that another of these is below. */
function parentsOf(paths: readonly string[]): ReadonlySet<string> {
  const parents = new Set<string>();
  for (const path of paths) {
    for (let at = path.lastIndexOf(delimiter); at > 0; at = path.lastIndexOf(delimiter, at - 1)) {
      const parent = path.slice(0, at);
      if (parents.has(parent)) break;
      parents.add(parent);
    }
  }
  return parents;
}

const line = (name: ListCommand['name'], words: readonly string[], path: string): string =>
  `* ${name} (${words.join(' ')}) "${delimiter}" ${formatMailboxName(path)}\r\n`;
