import type {
  AccountId,
  Delivery,
  MailboxId,
  NewLetter,
  NewMailbox,
  NewQueued,
  Spool,
  Store,
} from '../port.ts';
import { appPasswordOf, certificateOf, sha256Of } from './credentials.ts';
import { deliveryOf, letterBytes, testVerifiers } from './fixtures.ts';
import type { Move, MovedDelivery } from './moves.ts';

const SUBJECTS = [
  'The plan',
  'Re: the PLAN',
  'Gr\u00fc\u00dfe aus K\u00f6ln',
  '\u6771\u4eac\u90fd\u306e\u5929\u6c17',
  '',
];

/** The letters that are moved about: texts of which some words are found, and bytes around the bounds of a store. */
const movedLetter = (letter: number): Uint8Array<ArrayBuffer> => {
  const size = [0, 70_000, 262_145][letter];
  if (size !== undefined) return letterBytes(size, 1);
  const subject = SUBJECTS[letter - 3] ?? '';
  const header = `From: nu${letter} <nu${letter}@447.edu>\r\nTo: All of us <all@447.edu>\r\nSubject: ${subject}`;
  return new Uint8Array(Buffer.from(`${header}\r\n\r\nOne plan or ${letter}: ${subject}\r\n`));
};

const newLetter = (letter: number): NewLetter => {
  const { recipients: _, ...rest } = deliveryOf(movedLetter(letter), [], {
    subject: SUBJECTS[letter - 3] ?? '',
  });
  return rest;
};

const deliveryFor = ({ letter, receivedAt, threading, omitted, to }: MovedDelivery): Delivery => ({
  ...newLetter(letter),
  receivedAt,
  ...(threading === null ? {} : { threading }),
  ...(omitted && letter > 0 ? { omitted: [{ start: 1, end: 3 }] } : {}),
  recipients: to.map(({ account, mailboxes, keywords }) => ({
    account: account as AccountId,
    forwardPath: '',
    prefix: Buffer.from(`X: ${account}\r\n`),
    keywords,
    ...(mailboxes === null ? {} : { mailboxes: mailboxes as readonly MailboxId[] }),
  })),
});

/** What a move is made of before its turn begins: a letter that comes in a spool is there by then. */
export const prepared = async (store: Store, move: Move): Promise<() => Promise<unknown>> => {
  if (move.do !== 'deliver spooled') return async () => perform(store, move);
  const deliveries: Delivery[] = [];
  const spools: Spool[] = [];
  for (const each of move.deliveries) {
    const { chunks, ...rest } = deliveryFor(each);
    const spool = await store.spool();
    for (const chunk of chunks) await spool.write(chunk);
    await spool.finish();
    spools.push(spool);
    deliveries.push({ ...rest, chunks: [], spool: spool.id });
  }
  return async () => {
    const answer = await store.deliver(...deliveries);
    for (const spool of spools) await spool.discard();
    return answer;
  };
};

/** Makes the move and gives the answer, as far as all stores have to give the same. */
const perform = async (store: Store, move: Exclude<Move, { do: 'deliver spooled' }>): Promise<unknown> => {
  switch (move.do) {
    case 'create account':
      return store.createAccount({ name: move.name, verifiers: testVerifiers(), createdAt: 1_000_000 });
    case 'remove account':
      return store.removeAccount(move.account);
    case 'verifiers':
      return store.setVerifiers(move.account, testVerifiers(move.seed));
    case 'quota':
      return store.setQuota(move.account, move.quota);
    case 'add password':
      return store.addAppPassword(move.account, appPasswordOf(move.seed));
    case 'remove password':
      return store.removeAppPassword(move.account, appPasswordOf(move.seed).label);
    case 'use password':
      return store.noteAppPasswordUse(move.account, sha256Of(move.seed), move.seed);
    case 'bind':
      return store.bindCertificate(move.account, certificateOf(move.seed));
    case 'unbind':
      return store.unbindCertificate(move.account, sha256Of(move.seed));
    case 'tally':
      return store.tally([{ key: move.key, at: move.at, quietMs: 100 }]);
    case 'forget tally':
      return store.forgetTallies([move.key]);
    case 'add domain':
      return store.addDomain(move.domain);
    case 'remove domain':
      return store.removeDomain(move.domain);
    case 'set alias':
      return store.setAlias({ name: move.name, targets: move.targets });
    case 'remove alias':
      return store.removeAlias(move.name);
    case 'create mailbox':
      return store.createMailbox(move.account, newMailbox(move));
    case 'update mailbox':
      return store.updateMailbox(move.account, move.mailbox, move.update);
    case 'remove mailbox':
      return store.removeMailbox(move.account, move.mailbox, move);
    case 'forget subscription':
      return store.forgetSubscription(move.account, move.path);
    case 'deliver':
      return store.deliver(...move.deliveries.map(deliveryFor));
    case 'keywords': {
      const { account, mailbox, uids, change, unchangedSince } = move;
      return store.setKeywords(account, mailbox, uids, change, unchangedSince ?? undefined);
    }
    case 'copy':
    case 'move':
      return store[move.do](move.account, move.from, move.uids, move.to, move.at);
    case 'expunge':
      return store.expunge(move.account, move.mailbox, move.uids, move.which, move.at);
    case 'arrange':
      return store.arrange(move.account, move.arrangements, move.at);
    case 'remove letters':
      return store.removeLetters(move.account, move.letters, move.at);
    case 'undelete':
      return store.undelete(move.account, move.letters, move.at);
    case 'objects':
      return store.changeObjects(move.account, move.changes, move.at);
    case 'enqueue':
      return store.enqueue(newLetter(move.letter), move.entries.map(newQueued));
    case 'lease':
      return store.lease(move.now, move.now + move.forMs, move.count);
    case 'settle':
      return store.settle(move.id, move.leasedUntil, move.outcome);
    case 'tidy':
      // How much it was is another number where removed accounts have left something behind.
      return (await store.tidy(move.retention)).more;
  }
};

const newMailbox = ({ name, parent, update, at }: Extract<Move, { do: 'create mailbox' }>): NewMailbox => {
  const { role, ...rest } = update;
  return { name, parent, createdAt: at * 1000, ...rest, ...(role ? { role } : {}) };
};

const newQueued = ({ account, dueAt }: { account: AccountId | null; dueAt: number }): NewQueued => ({
  account,
  destination: 'a.example',
  state: '{}',
  prefix: Buffer.from('X: y\r\n'),
  dueAt,
  createdAt: 0,
});
