import type { Authenticator, Origin } from '../accounts/authenticator.ts';
import type { Enroller } from '../accounts/enrol.ts';
import type { PasswordKind } from '../accounts/password.ts';
import { canonicalAddress, parseAddress, type Address } from '../mail/address.ts';
import { summarize } from '../mail/summary.ts';
import type { Eventually } from '../result.ts';
import type { Envelope, Question, Recipient, Refusal, Secured, Verdict } from '../smtp/session.ts';
import type { AccountName, Store } from '../store/port.ts';
import { LocalRecipients, plainTable, recipientRefusal } from './local-recipients.ts';
import {
  contentHash,
  deliveryRecipients,
  goesInCircles,
  headOf,
  receptionId,
  transportRecord,
  type Content,
  type Visit,
} from './reception.ts';

export type { Content, Visit };

export type SubmissionParts = {
  readonly store: Store;
  readonly authenticator: Authenticator;
  readonly enroller: Enroller;
  /** The server's host name. */
  readonly host: string;
  /** The domains whose mail is kept here, canonical; the first is the one that a bare user name belongs to. */
  readonly domains: readonly string[];
  /** What an enrolment's password looks like. */
  readonly passwordKind: PasswordKind;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Who gets what; without it, an address is an account of these domains or nobody's. */
  readonly recipients?: LocalRecipients;
};

const accepted: Verdict = { verdict: 'accepted' };
const refuse = (why: Refusal): Verdict => ({ verdict: 'refused', why });

/** The account name that a user name means: one without a domain belongs to the first one; null where it cannot be one. */
export function accountNamed(user: string, domains: readonly string[]): AccountName | null {
  const parsed = parseAddress(user.includes('@') ? user : `${user}@${domains[0] ?? ''}`);
  return parsed.ok ? (canonicalAddress(parsed.value) as AccountName) : null;
}

/** Answers a submission session's questions: people of this server write to people of this server. */
export class SubmissionPolicy {
  readonly #parts: SubmissionParts;
  readonly #domains: ReadonlySet<string>;
  readonly #recipients: LocalRecipients;

  constructor(parts: SubmissionParts) {
    this.#parts = parts;
    this.#domains = new Set(parts.domains);
    this.#recipients = parts.recipients ?? new LocalRecipients(plainTable(parts.domains), parts.store);
  }

  /** The verdict on every question but `room` and `deliver`. Rejects for faults only. */
  answer(
    question: Exclude<Question, { ask: 'room' | 'deliver' | 'proxied' }>,
    visit: Visit,
  ): Eventually<Verdict> {
    const from: Origin = { address: visit.endpoints.remoteAddress };
    switch (question.ask) {
      case 'login':
        return this.#parts.authenticator
          .answer(question.question, { ...from, service: 'smtp' })
          .then((answer) => ({ verdict: 'sasl', answer }));
      case 'enrol':
        return this.#enrol(question.address, from);
      case 'sender':
        return this.#sender(question.envelope);
      case 'recipient':
        return this.#recipient(question.recipient);
    }
  }

  /** Takes the responsibility: when this resolves with `delivered`, the letter is on disk for every recipient. */
  async deliver(
    envelope: Envelope,
    secured: Secured | null,
    visit: Visit,
    content: Content,
  ): Promise<Verdict> {
    const head = headOf(content);
    if (goesInCircles(head)) return refuse({ why: 'looping' });
    const { store, host, now } = this.#parts;
    const hash = contentHash(content);
    const { chunks, sizeBytes } = content;
    const receivedAt = now();
    const reception = { envelope, secured, visit, host, hash, sizeBytes, receivedAt };
    const recipients = await deliveryRecipients(reception, this.#recipients);
    if (recipients === null) return refuse({ why: 'recipient-gone' });
    const stored = await store.deliver({
      hash,
      sizeBytes,
      chunks,
      summary: summarize(head),
      transport: transportRecord(reception),
      receivedAt,
      recipients,
    });
    return stored.ok ? { verdict: 'delivered', id: receptionId(hash) } : refuse({ why: 'recipient-gone' });
  }

  async #enrol(address: Address, from: Origin): Promise<Verdict> {
    const { enroller, domains, passwordKind } = this.#parts;
    const name = canonicalAddress(address) as AccountName;
    if (!this.#isLocal(name)) return refuse({ why: 'elsewhere', domains });
    const enrolled = await enroller.enrol({ name, kind: passwordKind, from });
    if (enrolled.ok) {
      const { account, password } = enrolled.value;
      return { verdict: 'enrolled', account: account.name, password };
    }
    if (enrolled.refusal === 'throttled') return refuse({ why: 'throttled', waitSeconds: 60 });
    return refuse({ why: enrolled.refusal });
  }

  /** RFC 6409 section 6.1: only the authenticated account's own address may be the sender. */
  #sender({ sender, login }: Envelope): Verdict {
    const own = sender !== null && login !== null && canonicalAddress(sender) === login.account;
    return own ? accepted : refuse({ why: 'not-yours' });
  }

  async #recipient(recipient: Recipient): Promise<Verdict> {
    const found = await this.#recipients.find(recipient);
    return found.ok ? accepted : refuse({ why: recipientRefusal(found.refusal) });
  }

  #isLocal(name: AccountName): boolean {
    return this.#domains.has(name.slice(name.lastIndexOf('@') + 1));
  }
}
