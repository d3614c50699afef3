import type { Authenticator } from '../../accounts/authenticator.ts';
import type { AppendedLetter } from '../../imap/grammar/append.ts';
import type { Answers, Ask, Asked, Question, Refusal, Verdict } from '../../imap/questions.ts';
import type { Endpoints } from '../../mail/transport.ts';
import type { Eventually, Result } from '../../result.ts';
import type { SaslVerdict } from '../../sasl/exchange.ts';
import type { AccountName, Change, Store } from '../../store/port.ts';
import type { Content } from '../reception.ts';
import { append, room } from './append-answer.ts';
import { copy } from './copy-answer.ts';
import type { Answering, Desk } from './desk.ts';
import { deletedOctets } from './deleted-octets-answer.ts';
import { expunge, letters, octets, setKeywords } from './letter-answers.ts';
import { changes, mailboxes, open } from './mailbox-answers.ts';
import { create, remove, rename, subscribe } from './mailbox-changes.ts';
import { metadata, setMetadata } from './metadata-answer.ts';
import { quota } from './quota-answer.ts';
import { search } from './search-answer.ts';
import { sort, thread } from './sort-answer.ts';
import { Watchers } from './watchers.ts';

export type ImapPolicyParts = {
  readonly store: Store;
  readonly authenticator: Pick<Authenticator, 'answer'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** The questions that are about an account, and need nothing else. */
type DeskAsk = Exclude<Ask, 'login' | 'append'>;

/** How each is answered. A missing row is a type error. */
const answers: { readonly [Kind in DeskAsk]: Answering<Kind> } = {
  changes,
  copy,
  create,
  delete: remove,
  'deleted-octets': deletedOctets,
  expunge,
  letters,
  mailboxes,
  metadata,
  octets,
  open,
  quota,
  rename,
  room,
  search,
  sort,
  thread,
  'set-keywords': setKeywords,
  'set-metadata': setMetadata,
  subscribe,
};

/** Answers the questions of IMAP sessions: everybody has their own account and no other. */
export class ImapPolicy {
  readonly #parts: ImapPolicyParts;
  readonly #watchers: Watchers;

  constructor(parts: ImapPolicyParts) {
    this.#parts = parts;
    this.#watchers = new Watchers(parts.store);
  }

  /** The answers for one connection; `changed` is called after changes of the account that is logged in. */
  visit(endpoints: Endpoints, changed: (mailboxes: Change['mailboxes']) => void): ImapVisit {
    return new ImapVisit(this.#parts, this.#watchers, endpoints, changed);
  }
}

/** One connection: whose it is, the login says. */
export class ImapVisit {
  readonly #parts: ImapPolicyParts;
  readonly #watchers: Watchers;
  readonly #endpoints: Endpoints;
  readonly #changed: (mailboxes: Change['mailboxes']) => void;
  #desk: Desk | null = null;
  #stop: (() => void) | null = null;
  #isOver = false;

  constructor(
    parts: ImapPolicyParts,
    watchers: Watchers,
    endpoints: Endpoints,
    changed: (mailboxes: Change['mailboxes']) => void,
  ) {
    this.#parts = parts;
    this.#watchers = watchers;
    this.#endpoints = endpoints;
    this.#changed = changed;
  }

  /** The verdict on every question but `append`. Rejects for faults only. */
  async answer(question: Exclude<Question, { ask: 'append' }>): Promise<Verdict> {
    if (question.ask === 'login') return { verdict: 'answer', answer: await this.#login(question) };
    // The row of a kind takes the question of that kind: so the table is typed.
    const answering = answers[question.ask] as Answering<DeskAsk>;
    return verdict(answering(question, this.#desk ?? nobody()));
  }

  /** Keeps the letters of an APPEND, all or none. Rejects for faults only. */
  append(
    mailbox: number,
    appended: readonly AppendedLetter[],
    contents: readonly Content[],
  ): Promise<Verdict> {
    return verdict(append(mailbox, appended, contents, this.#desk ?? nobody()));
  }

  /** Nobody is logged in any more. */
  logout(): void {
    this.#forget();
  }

  /** The connection is over. */
  end(): void {
    this.#isOver = true;
    this.#forget();
  }

  #forget(): void {
    this.#stop?.();
    this.#stop = null;
    this.#desk = null;
  }

  async #login({ question }: Asked<'login'>): Promise<SaslVerdict> {
    const { authenticator, store, now } = this.#parts;
    const { remoteAddress: address } = this.#endpoints;
    const answer = await authenticator.answer(question, { address, service: 'imap' });
    if (answer.verdict !== 'login') return answer;
    const account = await store.account(answer.account as AccountName);
    if (account === null) return { verdict: 'refused', why: { why: 'credentials' } };
    this.#forget();
    if (this.#isOver) return answer;
    this.#desk = { store, now, account: account.id, large: new Map() };
    this.#stop = this.#watchers.watch(account.id, this.#changed);
    return answer;
  }
}

const nobody = (): never => {
  throw new Error('a question about an account, and nobody is logged in');
};

async function verdict(answered: Eventually<Result<Answers[Ask], Refusal['why']>>): Promise<Verdict> {
  const result = await answered;
  return result.ok
    ? { verdict: 'answer', answer: result.value }
    : { verdict: 'refused', why: { why: result.refusal } };
}
