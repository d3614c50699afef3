import { formatAuthenticationResults } from '../mail/authentication-results.ts';
import { foreignTraceFields } from '../mail/authentication-results-forged.ts';
import type { OmittedRange } from '../mail/omitted-ranges.ts';
import { methodResults, type SenderAuthentication } from '../mail/sender-authentication.ts';
import type { TransportRecord } from '../passport/record.ts';
import { whenThere, type Eventually } from '../result.ts';
import type { Envelope, Question, Secured } from '../smtp/session.ts';
import type { Delivery, Store } from '../store/port.ts';
import { computedLetter } from './computed-letter.ts';
import { judge, type AuthenticationRefusal, type AuthenticationRules } from './exchanger-rules.ts';
import type { LocalRecipients } from './local-recipients.ts';
import { objectionTo, whyNoRoom, type NoRoom } from './mailbox-room.ts';
import {
  contentHash,
  deliveryRecipients,
  receptionId,
  routesOf,
  transportRecord,
  type Content,
  type Visit,
} from './reception.ts';
import type { SenderAuthenticator } from './sender-authentication.ts';
import { admittedHeader } from './sender-authentication-view.ts';

export type ExchangerParts = {
  readonly store: Pick<Store, 'deliver' | 'quota'>;
  readonly recipients: LocalRecipients;
  readonly authenticator: Pick<SenderAuthenticator, 'authenticate'>;
  readonly rules: AuthenticationRules;
  /** The server's host name. */
  readonly host: string;
  /** The name under which this server, or all servers of its operator, report what they found (RFC 8601 section 2.5). */
  readonly authservId: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** Why the exchanger takes no letter, or not for this recipient. */
export type ExchangerRefusal =
  | {
      readonly why:
        | 'no-such-mailbox'
        | 'no-relay'
        | 'looping'
        | 'recipient-gone'
        | 'header-too-long'
        | NoRoom;
    }
  | AuthenticationRefusal;

export type ExchangerVerdict =
  | { readonly verdict: 'accepted' }
  | { readonly verdict: 'refused'; readonly why: ExchangerRefusal }
  | { readonly verdict: 'delivered'; readonly id: string };

/** A letter from outside, with what was found out about it. */
export type ExchangerDelivery = Delivery & {
  readonly transport: TransportRecord & { readonly senders: SenderAuthentication };
  /** What of the letter's bytes is kept and not served. */
  readonly omitted: readonly OmittedRange[];
};

const accepted: ExchangerVerdict = { verdict: 'accepted' };
const refuse = (why: ExchangerRefusal): ExchangerVerdict => ({ verdict: 'refused', why });

/** Answers the questions of a session with a stranger's server: anybody may write, and only to people of this server. */
export class ExchangerPolicy {
  readonly #parts: ExchangerParts;

  constructor(parts: ExchangerParts) {
    this.#parts = parts;
  }

  /** The verdict on sender or recipient. Rejects for faults only, as for a question that no exchanger asks. */
  answer(question: Exclude<Question, { ask: 'room' | 'deliver' | 'proxied' }>): Eventually<ExchangerVerdict> {
    switch (question.ask) {
      case 'login':
      case 'enrol':
        throw new Error(`the door for strangers asked about ${question.ask}`);
      case 'sender':
        // RFC 5321 section 4.5.5 has the null sender; who may use another is asked when the letter is there.
        return accepted;
      case 'recipient':
        return whenThere(objectionTo(question, this.#parts), (why) =>
          why === null ? accepted : refuse({ why }),
        );
    }
  }

  /**
   * Finds out who sent the letter and takes the responsibility for it: when this resolves with `delivered`, it is on disk
   * for every recipient. Rejects for faults only.
   */
  async deliver(
    envelope: Envelope,
    secured: Secured | null,
    visit: Visit,
    content: Content,
  ): Promise<ExchangerVerdict> {
    const { store, host, authservId, now, recipients, authenticator, rules } = this.#parts;
    const header = admittedHeader(content);
    if (!header.ok) return refuse({ why: header.refusal });
    const receivedAt = now();
    const senders = await authenticator.authenticate({
      envelope,
      visit,
      header: header.value,
      content,
      receivedAt,
    });
    const objection = judge(senders, rules);
    if (objection !== null) return refuse(objection);
    const hash = contentHash(content);
    const { chunks, sizeBytes } = content;
    const reception = { envelope, secured, visit, host, hash, sizeBytes, receivedAt };
    const findings = formatAuthenticationResults({ authservId, results: methodResults(senders) });
    const routes = await routesOf(envelope, recipients);
    if (routes === null) return refuse({ why: 'recipient-gone' });
    const omitted = foreignTraceFields(header.value, authservId);
    const { stored: computed, separation } = await computedLetter(chunks, omitted);
    const delivery: ExchangerDelivery = {
      hash,
      sizeBytes,
      chunks,
      ...computed,
      transport: { ...transportRecord(reception, header.value), senders },
      receivedAt,
      recipients: deliveryRecipients(reception, routes, { findings, separation }),
      omitted,
    };
    const stored = await store.deliver(delivery);
    if (stored.ok) return { verdict: 'delivered', id: receptionId(hash) };
    if (stored.refusal !== 'over-quota') return refuse({ why: 'recipient-gone' });
    return refuse({ why: await whyNoRoom(store, routes, sizeBytes) });
  }
}
