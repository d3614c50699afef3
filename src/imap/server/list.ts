import type { AskedEntries } from '../grammar/metadata.ts';
import type { ListCommand, ListSelection } from '../grammar/list.ts';
import { formatMailboxName, parseMailboxName } from '../mailbox-name.ts';
import { matchesPattern, mostWildcards, wildcardsIn } from '../mailbox-pattern.ts';
import { delimiter, type MailboxEntry, type Mailboxes } from '../mailboxes.ts';
import type { Answers } from '../questions.ts';
import { formatMetadata } from '../render/metadata.ts';
import type { TextForm } from '../render/string.ts';
import { specialUse } from '../render/special-use.ts';
import { say } from '../say.ts';
import { shownEntries } from './metadata.ts';
import { asks, ends, textFormOf, type Handler, type LoggedIn, type Move } from './stage.ts';
import { formatStatusResponse, withStatusFacts } from './status.ts';

/** LIST (RFC 9051 section 6.3.9) and LSUB (RFC 3501 section 6.3.9). */
export const list: Handler<ListCommand, LoggedIn> = (command, stage, context) => {
  const { out } = context;
  const { name, reference, patterns, selection, status, metadata } = command;
  const form = textFormOf(stage);
  const wanted = patterns.flatMap((pattern) => parseMailboxName(`${reference}${pattern}`, form) ?? []);
  if (wanted.some((pattern) => wildcardsIn(pattern) > mostWildcards)) return ends(stage, say.badName);
  if (name === 'LIST' && selection === null && patterns.every((pattern) => pattern === '')) {
    // A name without a name asks for the delimiter.
    out.latin1(`* LIST (\\Noselect) "${delimiter}" ""\r\n`);
    return ends(stage, say.done(name));
  }
  const matches = (path: string): boolean => wanted.some((pattern) => matchesPattern(path, pattern));
  return asks({ ask: 'mailboxes' }, stage, (all) => {
    const stops = wanted.some((pattern) => pattern.includes('%'));
    const rows = [...(name === 'LIST' ? listed(all, command, matches) : subscribed(all, matches, stops))];
    const mailboxes = rows.flatMap(({ mailbox }) => mailbox ?? []);
    return withStatusFacts(mailboxes, status, stage, context, (facts) =>
      withAnnotations(mailboxes, metadata, stage, (annotations) => {
        for (const row of rows) {
          out.latin1(formatRow(name, row, form));
          const { mailbox } = row;
          if (mailbox === null) continue;
          if (status.length > 0) out.latin1(formatStatusResponse(mailbox, status, facts));
          const entries = shownEntries(annotations.get(mailbox.id) ?? [], metadata, 0);
          if (entries.length > 0) out.latin1(formatMetadata(mailbox.path, entries, form));
        }
        return ends(stage, say.done(name));
      }),
    );
  });
};

/** Goes on with the annotations of these mailboxes (RFC 9590), which are asked for only where they are told. */
function withAnnotations(
  mailboxes: readonly MailboxEntry[],
  entries: AskedEntries,
  home: LoggedIn,
  then: (annotations: Answers['metadata']) => Move,
): Move {
  if (entries.length === 0) return then(new Map());
  return asks({ ask: 'metadata', of: mailboxes.map(({ id }) => id) }, home, then);
}

/** One line of the answer; no mailbox where there is none of that path. */
type Row = {
  readonly path: string;
  readonly attributes: readonly string[];
  readonly mailbox: MailboxEntry | null;
  /** Whether something below it was selected (RFC 9051 section 6.3.9.6, CHILDINFO). */
  readonly isAbove?: boolean;
};

function* listed(
  { mailboxes, lost }: Mailboxes,
  { selection, returns }: ListCommand,
  matches: (path: string) => boolean,
): Generator<Row> {
  const parents = parentsOf(mailboxes.map(({ path }) => path));
  const wants = (option: ListSelection): boolean => selection !== null && selection.has(option);
  const selects = (mailbox: MailboxEntry): boolean =>
    (!wants('SUBSCRIBED') || mailbox.subscribed) &&
    (!wants('SPECIAL-USE') || specialUse(mailbox.role) !== null);
  const selected = mailboxes.filter(selects).map(({ path }) => path);
  const isSubscribed = wants('SUBSCRIBED');
  // What is subscribed to and is not there has no special use.
  const gone = new Set(isSubscribed && !wants('SPECIAL-USE') ? lost : []);
  const above = wants('RECURSIVEMATCH') ? parentsOf([...selected, ...gone]) : noPaths;
  const tellsSubscribed = isSubscribed || returns.has('SUBSCRIBED');
  for (const mailbox of mailboxes) {
    const isAbove = above.has(mailbox.path);
    if (!matches(mailbox.path) || !(selects(mailbox) || isAbove)) continue;
    const use = specialUse(mailbox.role);
    const attributes = [
      ...(tellsSubscribed && mailbox.subscribed ? ['\\Subscribed'] : []),
      parents.has(mailbox.path) ? '\\HasChildren' : '\\HasNoChildren',
      ...(use === null ? [] : [use]),
    ];
    yield { path: mailbox.path, attributes, mailbox, isAbove };
  }
  const there = new Set(mailboxes.map(({ path }) => path));
  for (const path of [...new Set([...gone, ...above])].sort()) {
    if (there.has(path) || !matches(path)) continue;
    const attributes = gone.has(path) ? ['\\NonExistent', '\\Subscribed'] : ['\\NonExistent'];
    yield { path, attributes, mailbox: null, isAbove: above.has(path) };
  }
}

const noPaths: ReadonlySet<string> = new Set();

/** RFC 3501 section 6.3.9: where `%` stops above what is subscribed to, the level that it stops at is told. */
function* subscribed(all: Mailboxes, matches: (path: string) => boolean, stops: boolean): Generator<Row> {
  const there = new Set(all.mailboxes.map(({ path }) => path));
  const own = all.mailboxes.flatMap((mailbox) => (mailbox.subscribed ? [mailbox.path] : []));
  const paths = new Set([...own, ...all.lost]);
  const parents = stops ? [...parentsOf([...paths])] : [];
  for (const path of [...new Set([...paths, ...parents])].sort()) {
    if (!matches(path)) continue;
    yield { path, attributes: paths.has(path) && there.has(path) ? [] : ['\\Noselect'], mailbox: null };
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

// mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox [SP mbox-list-extended]
const formatRow = (name: ListCommand['name'], { path, attributes, isAbove }: Row, form: TextForm): string => {
  const extended = isAbove === true ? ' (CHILDINFO ("SUBSCRIBED"))' : '';
  return `* ${name} (${attributes.join(' ')}) "${delimiter}" ${formatMailboxName(path, form)}${extended}\r\n`;
};

/** The line that tells of one mailbox, as SELECT of IMAP4rev2 has it (RFC 9051 section 6.3.2). */
export const formatListed = (path: string, form: TextForm): string =>
  formatRow('LIST', { path, attributes: [], mailbox: null }, form);
