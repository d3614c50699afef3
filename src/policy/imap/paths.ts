import type { Mailbox } from '../../store/port.ts';

/** What stands between the levels of a path. */
export const delimiter = '/';

/** The path of a mailbox among all of its account. */
export function pathOf(mailbox: Mailbox, all: readonly Mailbox[]): string {
  const names = [mailbox.name];
  for (let at = mailbox.parent; at !== null;) {
    const parent = all.find(({ id }) => id === at);
    if (parent === undefined) break;
    names.unshift(parent.name);
    at = parent.parent;
  }
  return names.join(delimiter);
}
