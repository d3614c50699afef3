import type { Mailbox } from '../../store/port.ts';

/** What stands between the levels of a path. */
export const delimiter = '/';

/** The paths of all mailboxes of an account, by their ids. */
export function pathsOf(all: readonly Mailbox[]): ReadonlyMap<number, string> {
  const byId = new Map<number, Mailbox>(all.map((mailbox) => [mailbox.id, mailbox]));
  const paths = new Map<number, string>();
  const pathOf = ({ id, name, parent }: Mailbox): string => {
    const above = parent === null ? undefined : byId.get(parent);
    const path = paths.get(id) ?? (above === undefined ? name : `${pathOf(above)}${delimiter}${name}`);
    paths.set(id, path);
    return path;
  };
  for (const mailbox of all) pathOf(mailbox);
  return paths;
}

/** The mailboxes of an account by their paths. */
export function byPath(all: readonly Mailbox[]): ReadonlyMap<string, Mailbox> {
  const paths = pathsOf(all);
  return new Map(all.map((mailbox) => [paths.get(mailbox.id) ?? mailbox.name, mailbox]));
}
