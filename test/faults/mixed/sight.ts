import type { AccountId, LetterId, Mailbox, Uid } from '../../../src/store/port.ts';
import { folderPaths } from '../../../src/store/sqlite/folder.ts';
import { Reader } from '../../../src/store/sqlite/reader.ts';
import type { Places } from './attempts.ts';

/** A letter as it lies there. In no mailbox: it is removed and still kept. */
export type SeenLetter = {
  readonly subject: string;
  /** null where it is removed: then its bytes are all that is left to be read. */
  readonly hash: string | null;
  readonly places: Places;
};

export type SeenMailbox = Pick<Mailbox, 'name' | 'parent' | 'uidValidity' | 'uidNext' | 'modSeq'> & {
  /** The letters by their uids. */
  readonly letters: ReadonlyMap<Uid, number>;
};

/** Everything that those who were promised something can see of an account. */
export type SeenAccount = {
  readonly letters: ReadonlyMap<number, SeenLetter>;
  readonly mailboxes: ReadonlyMap<number, SeenMailbox>;
};

export type Sight = {
  readonly accounts: ReadonlyMap<number, SeenAccount>;
  /** The destinations of what waits in the queue. */
  readonly queue: readonly string[];
};

/** Looks at a data folder that somebody has open, or that is whole, without writing to it. */
export function look(folder: string): Sight {
  const reader = new Reader(folderPaths(folder));
  try {
    const accounts = new Map(reader.accounts().map(({ id }) => [id as number, lookAt(reader, id)]));
    const queue = reader.queued({ count: 100_000, after: null }).map(({ destination }) => destination);
    return { accounts, queue };
  } finally {
    reader.close();
  }
}

function lookAt(reader: Reader, account: AccountId): SeenAccount {
  const letters = new Map<number, { subject: string; hash: string | null; places: Record<number, string> }>();
  const placesOf = (id: LetterId): Record<number, string> => {
    const known = letters.get(id);
    if (known !== undefined) return known.places;
    const found = reader.letters.letter(account, id);
    if (found === null) throw new Error(`letter ${id} of account ${account} has a place and is not there`);
    const seen = { subject: found.summary.subject, hash: found.hash, places: {} };
    letters.set(id, seen);
    return seen.places;
  };
  const mailboxes = new Map<number, SeenMailbox>();
  for (const { id, name, parent, uidValidity, uidNext, modSeq } of reader.mailboxes(account)) {
    const inside = new Map<Uid, number>();
    for (const { letter, uid, keywords } of reader.letters.placed({ account, mailbox: id })) {
      placesOf(letter)[id] = keywords.join(' ');
      inside.set(uid, letter);
    }
    mailboxes.set(id, { name, parent, uidValidity, uidNext, modSeq, letters: inside });
  }
  for (const { letter, summary } of reader.letters.removedLetters({ account, count: 100_000, before: null }))
    letters.set(letter, { subject: summary.subject, hash: null, places: {} });
  return { letters, mailboxes };
}
