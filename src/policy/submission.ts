import type { Authenticator, Origin } from '../accounts/authenticator.ts';
import type { Enroller } from '../accounts/enrol.ts';
import type { PasswordKind } from '../accounts/password.ts';
import { canonicalAddress, parseAddress, type Address } from '../mail/address.ts';
import type { Header } from '../mail/header.ts';
import { keptPieces } from '../mail/omitted-ranges.ts';
import type { LetterSummary } from '../mail/summary.ts';
import { whenThere, type Eventually } from '../result.ts';
import type { Envelope, Question, Refusal, Secured, Verdict } from '../smtp/session.ts';
import type { AccountName, Delivery, Store, TallyEvent } from '../store/port.ts';
import { computedLetter } from './computed-letter.ts';
import { domainOf } from './local-recipients-table.ts';
import { LocalRecipients, plainTable } from './local-recipients.ts';
import { objectionTo, roomFor, whyNoRoom } from './mailbox-room.ts';
import {
  contentHash,
  deliveryRecipients,
  receptionId,
  routesOf,
  transportRecord,
  type Content,
  type Route,
  type Visit,
} from './reception.ts';
import { defaultSendingRate, SendingRates, type SendingRate } from './sending-rate.ts';
import { admittedHeader } from './sender-authentication-view.ts';
import { lookOver, type ForeignFrom, type LookedOver } from './submitted-letter.ts';
import { asksForReport, successReport, type SuccessReport } from './success-report.ts';

export type { Content, Visit };

/** What people of this server may send. */
export type SubmissionRules = { readonly foreignFrom: ForeignFrom; readonly rate: SendingRate };

export const defaultSubmissionRules: SubmissionRules = { foreignFrom: 'refuse', rate: defaultSendingRate };

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
  /** So many random bytes. */
  readonly random: (bytes: number) => Uint8Array;
  /** The name of this server in Authentication-Results; without it, the host. */
  readonly authservId?: string;
  readonly rules?: SubmissionRules;
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

/** Who sends a letter to how many, and where it goes. */
type Sending = { readonly account: string; readonly recipients: number; readonly routes: readonly Route[] };

/** Answers a submission session's questions: people of this server write to people of this server. */
export class SubmissionPolicy {
  readonly #parts: SubmissionParts;
  readonly #recipients: LocalRecipients;
  readonly #rules: SubmissionRules;
  readonly #rates: SendingRates;

  constructor(parts: SubmissionParts) {
    this.#parts = parts;
    this.#recipients = parts.recipients ?? new LocalRecipients(plainTable(parts.domains), parts.store);
    this.#rules = parts.rules ?? defaultSubmissionRules;
    this.#rates = new SendingRates(this.#rules.rate, parts.store, parts.now);
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
        return this.#recipient(question);
    }
  }

  /** Takes the responsibility: when this resolves with `delivered`, the letter is on disk for every recipient. */
  async deliver(
    envelope: Envelope,
    secured: Secured | null,
    visit: Visit,
    content: Content,
  ): Promise<Verdict> {
    const { host, now } = this.#parts;
    const { chunks, sizeBytes } = content;
    const account = envelope.login?.account ?? null;
    if (account === null) return refuse({ why: 'not-yours' });
    const header = admittedHeader(content);
    if (!header.ok) return refuse({ why: header.refusal });
    const receivedAt = now();
    const letter = await this.#lookOver(header.value, account, envelope, receivedAt);
    if (!letter.ok) return refuse(letter.refusal);
    const { findings, added, omitted } = letter.value;
    const hash = contentHash(content);
    const reception = { envelope, secured, visit, host, hash, sizeBytes, receivedAt };
    const routes = await routesOf(envelope, this.#recipients);
    if (routes === null) return refuse({ why: 'recipient-gone' });
    const { stored, separation } = await computedLetter(chunks, omitted, `${findings}${added}`);
    const delivery: Delivery = {
      hash,
      sizeBytes,
      chunks,
      ...stored,
      transport: transportRecord(reception, header.value),
      receivedAt,
      recipients: deliveryRecipients(reception, routes, { findings, added, separation }),
      omitted,
    };
    const report = await this.#reportOn(
      { reception, routes, header: header.value },
      letter.value,
      stored.summary,
    );
    const sending = { account, recipients: envelope.recipients.length, routes };
    return this.#send(sending, report === null ? [delivery] : [delivery, report]);
  }

  /** Stores the letter, and what goes with it, and counts it, as far as the account's rate lets it. */
  async #send(
    { account, recipients, routes }: Sending,
    deliveries: readonly [Delivery, ...Delivery[]],
  ): Promise<Verdict> {
    const admitted = await this.#rates.admit(account, { letters: 1, recipients });
    if (!admitted.ok) return refuse(admitted.refusal);
    const { events, end } = admitted.value;
    let outcome: 'counted' | 'harmless' = 'harmless';
    try {
      const stored = await this.#store(deliveries, events);
      outcome = 'counted';
      const [{ hash, sizeBytes }] = deliveries;
      if (stored.ok) return { verdict: 'delivered', id: receptionId(hash) };
      if (stored.refusal !== 'over-quota') return refuse({ why: 'recipient-gone' });
      return refuse({ why: await whyNoRoom(this.#parts.store, routes, sizeBytes) });
    } finally {
      end(outcome);
    }
  }

  /** Both in one turn, so that they are one commit. A letter that was kept and not counted is a fault: it comes again. */
  async #store(deliveries: readonly Delivery[], events: readonly TallyEvent[]): ReturnType<Store['deliver']> {
    const { store } = this.#parts;
    if (events.length === 0) return store.deliver(...deliveries);
    const [stored, tallied] = await Promise.allSettled([store.deliver(...deliveries), store.tally(events)]);
    if (stored.status === 'rejected') throw stored.reason;
    if (tallied.status === 'rejected') throw tallied.reason;
    return stored.value;
  }

  #lookOver(
    header: Header,
    account: string,
    envelope: Envelope,
    receivedAt: number,
  ): ReturnType<typeof lookOver> {
    const { host, random, authservId = host } = this.#parts;
    const newMessageId = (): string => `${Buffer.from(random(18)).toString('hex')}@${host}`;
    const owns = (address: Address): Eventually<boolean> =>
      this.#recipients.owns(account as AccountName, address);
    const letter = { header, reversePath: envelope.sender, account, receivedAt, newMessageId, authservId };
    return lookOver(letter, owns, this.#rules.foreignFrom);
  }

  /**
   * The report that its sender asked for with NOTIFY=SUCCESS; null where nobody did. One that the sender's mailbox has no
   * room for is lost, as nobody is told of a report that cannot be delivered (RFC 3461 section 5.2): what was asked for
   * must not keep the letter from its recipients (RFC 3461 section 5.1).
   */
  async #reportOn(
    { reception, routes, header }: Pick<SuccessReport, 'reception' | 'routes'> & { readonly header: Header },
    { added, omitted }: LookedOver,
    { subject, messageId }: LetterSummary,
  ): Promise<Delivery | null> {
    const { sender, login } = reception.envelope;
    if (sender === null || login === null || !asksForReport(reception)) return null;
    const { store, domains, random } = this.#parts;
    const found = await this.#recipients.find({ is: 'address', address: sender });
    // An account may outlast its domain; its mail is in its mailbox all the same.
    const account = found.ok ? null : await store.account(login.account as AccountName);
    const back = found.ok
      ? found.value
      : account === null
        ? []
        : [{ account, deliveredTo: account.name, isBounded: true }];
    if (back.length === 0) return null;
    const served = Buffer.concat([Buffer.from(added), ...keptPieces(header.bytes, omitted)]);
    const domain = domains[0] ?? reception.host;
    const report = await successReport(
      { reception, routes, header: served, subject, messageId, domain, back, random },
      sender,
    );
    const own = new Set(back.map((destination) => destination.account.id));
    const isToSelf = routes.some(({ destinations }) => destinations.some((one) => own.has(one.account.id)));
    const bytes = report.sizeBytes + (isToSelf ? reception.sizeBytes : 0);
    return (await roomFor(store, back, bytes)) === null ? report : null;
  }

  async #enrol(address: Address, from: Origin): Promise<Verdict> {
    const { enroller, domains, passwordKind } = this.#parts;
    const name = canonicalAddress(address) as AccountName;
    if (!(await this.#recipients.serves(domainOf(name)))) return refuse({ why: 'elsewhere', domains });
    const enrolled = await enroller.enrol({ name, kind: passwordKind, from });
    if (enrolled.ok) {
      const { account, password } = enrolled.value;
      return { verdict: 'enrolled', account: account.name, password };
    }
    if (enrolled.refusal === 'throttled') return refuse({ why: 'throttled', waitSeconds: 60 });
    return refuse({ why: enrolled.refusal });
  }

  /**
   * RFC 6409 section 6.1: only an address of the authenticated account may be the sender. The null reverse path is for
   * letters that must have it (RFC 5321 section 4.5.5); who wrote them is looked at when they are there.
   */
  #sender({ sender, login }: Envelope): Eventually<Verdict> {
    if (login === null) return refuse({ why: 'not-yours' });
    const { account } = login;
    const owned = sender === null || this.#recipients.owns(account as AccountName, sender);
    return whenThere(owned, (isOwn) =>
      isOwn ? this.#within(account, { letters: 1, recipients: 1 }) : refuse({ why: 'not-yours' }),
    );
  }

  #within(account: string, sending: Parameters<SendingRates['judge']>[1]): Eventually<Verdict> {
    return whenThere(this.#rates.judge(account, sending), (refusal) =>
      refusal === null ? accepted : refuse(refusal),
    );
  }

  /** A recipient too many is refused here, where the client can send the letter to it later (RFC 5321 section 4.5.3.1.10). */
  #recipient(question: Extract<Question, { ask: 'recipient' }>): Eventually<Verdict> {
    const { envelope } = question;
    const parts = { recipients: this.#recipients, store: this.#parts.store };
    return whenThere(objectionTo(question, parts), (why) => {
      if (why !== null) return refuse({ why });
      const already = envelope.recipients.length;
      if (already === 0 || envelope.login === null) return accepted;
      // The letter itself was looked at with MAIL.
      return this.#within(envelope.login.account, { letters: 0, recipients: already + 1 });
    });
  }
}
