import { formatAddress } from '../../mail/address.ts';
import { say, type Reply } from '../reply.ts';
import type { Question, Refusal, Verdict } from '../session.ts';
import { mismatch, stay, type Move, type Stage } from './stage.ts';

/** The reply that says why policy refused. */
export function refusalReply(refusal: Refusal): Reply {
  switch (refusal.why) {
    case 'not-yours':
      return say.notYours;
    case 'no-such-mailbox':
      return say.noSuchMailbox;
    case 'no-relay':
      return say.noRelay;
    case 'overloaded':
      return say.overloaded;
    case 'looping':
      return say.looping;
    case 'recipient-gone':
      return say.recipientGone;
    case 'changed-meanwhile':
      return say.changedMeanwhile;
    case 'over-quota':
      return say.mailboxFull;
    case 'exceeds-quota':
      return say.exceedsQuota;
    case 'exists':
      return say.enrolExists;
    case 'reserved':
      return say.enrolReserved;
    case 'unusable':
      return say.enrolUnusable;
    case 'elsewhere':
      return say.enrolElsewhere(refusal.domains);
    case 'dmarc':
      return say.dmarcFailed(refusal.domain);
    case 'spf':
      return say.spfFailed(refusal.domain);
    case 'not-looked-up':
      return say.notLookedUp;
    case 'header-too-long':
      return say.headerTooLong;
    case 'disk-full':
      return say.diskFull(refusal.id);
    case 'from-not-yours':
      return refusal.address === null ? say.fromMissing : say.fromNotYours(formatAddress(refusal.address));
    case 'throttled':
      return say.enrolThrottled(refusal.waitSeconds);
    case 'banned':
      return say.banned;
    case 'too-many':
      return say.tooManyConnections;
    case 'too-many-from-address':
    case 'too-many-from-network':
      return say.tooManyFromNetwork;
    case 'too-fast':
      return say.tooFast;
    case 'sent-too-much': {
      const { what, most, per, waitSeconds } = refusal;
      return what === 'letters'
        ? say.tooManyLetters(most, per, waitSeconds)
        : say.tooManyRecipientsSent(most, per, waitSeconds);
    }
  }
}

/** The ways out of a question about the envelope: on to `yes`, or back to `no` with the reason. */
export function settleEnvelope(question: Question, yes: Move, no: Stage): (verdict: Verdict) => Move {
  return (verdict) => {
    switch (verdict.verdict) {
      case 'accepted':
        return yes;
      case 'refused':
        return stay(no, refusalReply(verdict.why));
      case 'fault':
        return stay(no, say.fault(verdict.id));
      default:
        return mismatch(question, verdict);
    }
  };
}
