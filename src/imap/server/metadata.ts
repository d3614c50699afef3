import { isWithin, type Annotation, type Depth } from '../annotation.ts';
import { isTooLong, type AskedEntries, type MetadataCommand } from '../grammar/metadata.ts';
import { parseMailboxName } from '../mailbox-name.ts';
import type { MailboxId } from '../mailboxes.ts';
import { formatMetadata, type ShownEntry } from '../render/metadata.ts';
import { say } from '../say.ts';
import { asks, ends, textFormOf, type Handler, type LoggedIn, type Move } from './stage.ts';
import { withMailbox } from './with-mailbox.ts';

type CommandOf<Name extends MetadataCommand['name']> = Extract<MetadataCommand, { readonly name: Name }>;

/** GETMETADATA (RFC 5464 section 4.2). */
export const getMetadata: Handler<CommandOf<'GETMETADATA'>, LoggedIn> = (command, stage, { out }) => {
  const { name, mailbox, entries, maxSize, depth } = command;
  return withPlace(mailbox, stage, (path, id) =>
    asks({ ask: 'metadata', of: [id] }, stage, (found) => {
      const most = maxSize ?? Infinity;
      const shown = shownEntries(found.get(id) ?? [], entries, depth);
      const told = shown.filter(({ value }) => value === null || value.length <= most);
      if (told.length > 0) out.latin1(formatMetadata(path, told, textFormOf(stage)));
      const longest = Math.max(0, ...shown.map(({ value }) => value?.length ?? 0));
      return ends(stage, longest > most ? say.longEntries(name, longest) : say.done(name));
    }),
  );
};

/** What is told of these entries: one that was named has no value where there is none, and keeps the case that it was named in. */
export function shownEntries(
  annotations: readonly Annotation[],
  entries: AskedEntries,
  depth: Depth,
): readonly ShownEntry[] {
  const shown = new Map<string, ShownEntry>();
  for (const asked of entries) {
    const lower = asked.toLowerCase();
    for (const { entry, value } of annotations)
      if (isWithin(entry, lower, depth) && !shown.has(entry))
        shown.set(entry, { entry: asked + entry.slice(asked.length), value });
    if (depth === 0 && !shown.has(lower)) shown.set(lower, { entry: asked, value: null });
  }
  return [...shown.values()];
}

/** SETMETADATA (RFC 5464 section 4.3): all of it or nothing. */
export const setMetadata: Handler<CommandOf<'SETMETADATA'>, LoggedIn> = (command, stage) => {
  const { name, mailbox, changes } = command;
  if (changes.some(isTooLong)) return ends(stage, say.annotationTooLong);
  return withPlace(mailbox, stage, (_, id) =>
    asks({ ask: 'set-metadata', of: id, changes }, stage, () => ends(stage, say.done(name))),
  );
};

/** The mailbox that is meant, or the server, which has neither name nor number (RFC 5464 section 4.1). */
function withPlace(
  mailbox: string,
  stage: LoggedIn,
  then: (path: string, id: MailboxId | null) => Move,
): Move {
  if (mailbox === '') return then('', null);
  const path = parseMailboxName(mailbox, textFormOf(stage));
  if (path === null) return ends(stage, say.badName);
  return withMailbox(path, stage, say.noMailbox, ({ id }) => then(path, id));
}
