import { foreignTraceFields } from '../mail/authentication-results-forged.ts';
import { refused, whenThere, type Eventually, type Result } from '../result.ts';
import type { Envelope, Outcome, Question, Refusal, Secured, Verdict } from '../smtp/session.ts';
import type { Delivery, Store } from '../store/port.ts';
import { computedLetter } from './computed-letter.ts';
import { recipientRefusal, type LocalRecipients, type RecipientRefusal } from './local-recipients.ts';
import { objectionTo, roomFor, type NoRoom } from './mailbox-room.ts';
import {
  contentHash,
  deliveryRecipients,
  pathsOf,
  receptionId,
  transportRecord,
  type Content,
  type OwnFields,
  type Reception,
  type Route,
  type Visit,
} from './reception.ts';
import { admittedHeader } from './sender-authentication-view.ts';

export type LmtpParts = {
  readonly store: Pick<Store, 'deliver' | 'quota'>;
  readonly recipients: LocalRecipients;
  /** The server's host name. */
  readonly host: string;
  /**
   * The name under which reports of who sent a letter are this house's (RFC 8601 section 2.5), where only this server may
   * use it; null where the servers that hand letters over report under it too, and remove what strangers forged.
   */
  readonly ownReports: string | null;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

const accepted: Verdict = { verdict: 'accepted' };
const refuse = (why: Refusal): Verdict & Outcome => ({ verdict: 'refused', why });

/**
 * Answers the questions of a session with a mail server of this house, which has taken the responsibility for a letter
 * already and hands it over for delivery (RFC 2033). Who sent it was that server's to find out: its own address would say
 * nothing here, and a refusal would only make it send a report to somebody.
 */
export class LmtpPolicy {
  readonly #parts: LmtpParts;

  constructor(parts: LmtpParts) {
    this.#parts = parts;
  }

  /** The verdict on sender or recipient. Rejects for faults only, as for a question that LMTP does not ask. */
  answer(question: Exclude<Question, { ask: 'room' | 'deliver' | 'proxied' }>): Eventually<Verdict> {
    switch (question.ask) {
      case 'login':
      case 'enrol':
        throw new Error(`the door of LMTP asked about ${question.ask}`);
      case 'sender':
        return accepted;
      case 'recipient':
        return whenThere(objectionTo(question, this.#parts), (why) =>
          why === null ? accepted : refuse({ why }),
        );
    }
  }

  /**
   * Takes the responsibility for each recipient who is `delivered` (RFC 2033 section 4.2): then the letter is on disk for
   * that one. Rejects for faults only.
   */
  async deliver(
    envelope: Envelope,
    secured: Secured | null,
    visit: Visit,
    content: Content,
  ): Promise<Verdict> {
    const { host, now } = this.#parts;
    const header = admittedHeader(content);
    if (!header.ok) return refuse({ why: header.refusal });
    const hash = contentHash(content);
    const { sizeBytes } = content;
    const receivedAt = now();
    const reception = { envelope, secured, visit, host, hash, sizeBytes, receivedAt, lmtp: true };
    const omitted = foreignTraceFields(header.value, this.#parts.ownReports);
    const { stored, separation } = await computedLetter(content.chunks, omitted);
    const letter = {
      hash,
      sizeBytes,
      chunks: content.chunks,
      ...stored,
      transport: transportRecord(reception, header.value),
      receivedAt,
      omitted,
    };
    return { verdict: 'each', outcomes: await this.#outcomes(reception, letter, { separation }) };
  }

  async #outcomes(
    reception: Reception,
    letter: Omit<Delivery, 'recipients'>,
    fields: OwnFields,
  ): Promise<readonly Outcome[]> {
    const { store, recipients } = this.#parts;
    const paths = await this.#roomy(await pathsOf(reception.envelope, recipients), reception.sizeBytes);
    const routes = paths.flatMap((path) => (path.ok ? [path.value] : []));
    const found = deliveryRecipients(reception, routes, fields);
    const stored = found.length === 0 || (await store.deliver({ ...letter, recipients: found })).ok;
    // Where one account went away or became full in this moment nobody got it; who has room may get it the next time.
    const outcome: Outcome = stored
      ? { verdict: 'delivered', id: receptionId(reception.hash) }
      : refuse({ why: 'changed-meanwhile' });
    return paths.map((path) => (path.ok ? outcome : refuse({ why: path.refusal })));
  }

  /** The paths on which every mailbox has room; each recipient has an answer of its own, so one that is full spoils no other. */
  async #roomy(
    paths: readonly Result<Route, RecipientRefusal>[],
    sizeBytes: number,
  ): Promise<readonly Result<Route, NoRoom | ReturnType<typeof recipientRefusal>>[]> {
    return Promise.all(
      paths.map(async (path) => {
        if (!path.ok) return refused(recipientRefusal(path.refusal));
        const room = await roomFor(this.#parts.store, path.value.destinations, sizeBytes);
        return room === null ? path : refused(room);
      }),
    );
  }
}
