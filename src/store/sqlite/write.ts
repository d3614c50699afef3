import type {
  Account,
  AccountId,
  AppPassword,
  BlobHash,
  BoundCertificate,
  Change,
  DeliveryRecipient,
  LetterId,
  LetterSummary,
  MailboxId,
  ModSeq,
  NewAccount,
  Placement,
  TallyEvent,
  Uid,
  Verifiers,
} from '../port.ts';
import { ok, type Result } from '../../result.ts';

/** All of the letters or none. */
export type DeliverWrite = { readonly do: 'deliver'; readonly deliveries: readonly PackedDelivery[] };

/** A delivery as it crosses to the store thread: the transport record is JSON, the bytes are views of moved buffers. */
export type PackedDelivery = {
  readonly hash: BlobHash;
  readonly sizeBytes: number;
  readonly chunks: readonly Uint8Array[];
  readonly summary: LetterSummary;
  readonly transport: string;
  readonly receivedAt: number;
  readonly recipients: readonly DeliveryRecipient[];
  /** As the column has it. */
  readonly omitted: string | null;
};

/** The writes of what else than a password logs in. */
export type CredentialWrite =
  | {
      readonly do: 'add-app-password';
      readonly account: AccountId;
      readonly password: Omit<AppPassword, 'lastUsedOn'>;
    }
  | { readonly do: 'remove-app-password'; readonly account: AccountId; readonly label: string }
  | {
      readonly do: 'use-app-password';
      readonly account: AccountId;
      readonly sha256: string;
      readonly usedOn: number;
    }
  | { readonly do: 'bind-certificate'; readonly account: AccountId; readonly certificate: BoundCertificate }
  | { readonly do: 'unbind-certificate'; readonly account: AccountId; readonly sha256: string };

/** One write of the port, as data. */
export type Write =
  | DeliverWrite
  | CredentialWrite
  | { readonly do: 'create-account'; readonly account: NewAccount }
  | { readonly do: 'set-verifiers'; readonly account: AccountId; readonly verifiers: Verifiers }
  | { readonly do: 'tally'; readonly events: readonly TallyEvent[] }
  | { readonly do: 'forget-tallies'; readonly keys: readonly string[] };

/** What each write gives when it is on disk. */
export type Written = {
  readonly deliver: Result<readonly Placement[], 'no-account'>;
  readonly 'create-account': Result<Account, 'exists'>;
  readonly 'set-verifiers': Result<null, 'no-account'>;
  readonly 'add-app-password': Result<null, 'no-account' | 'exists' | 'too-many'>;
  readonly 'remove-app-password': Result<null, 'no-app-password'>;
  readonly 'use-app-password': null;
  readonly 'bind-certificate': Result<null, 'no-account' | 'exists' | 'too-many'>;
  readonly 'unbind-certificate': Result<null, 'not-bound'>;
  readonly tally: null;
  readonly 'forget-tallies': null;
};

/** How one write ended: its value after the commit, or the fault that left nothing of it. */
export type Outcome = { readonly value: Written[keyof Written] } | { readonly fault: string };

/**
 * An outcome as it crosses back. The placements of a delivery are five numbers each in one array: an object with names
 * costs six times as much to clone, and there is one for every letter.
 */
export type WireOutcome = Outcome | readonly (number | bigint)[];

/** For the way back to the client. */
export const toWire = (outcome: Outcome): WireOutcome => {
  if (!('value' in outcome) || outcome.value === null || !outcome.value.ok) return outcome;
  const { value } = outcome.value;
  return Array.isArray(value) ? value.flatMap(numbersOf) : outcome;
};

const numbersOf = ({ account, mailbox, letter, uid, modSeq }: Placement): readonly (number | bigint)[] => [
  account,
  mailbox,
  letter,
  uid,
  modSeq,
];

/** As the writer gave it. */
export const fromWire = (wire: WireOutcome): Outcome => {
  if (!isNumbers(wire)) return wire;
  const placements: Placement[] = [];
  for (let at = 0; at + 4 < wire.length; at += 5)
    placements.push({
      account: wire[at] as AccountId,
      mailbox: wire[at + 1] as MailboxId,
      letter: wire[at + 2] as LetterId,
      uid: wire[at + 3] as Uid,
      modSeq: wire[at + 4] as ModSeq,
    });
  return { value: ok(placements) };
};

const isNumbers = (wire: WireOutcome): wire is readonly (number | bigint)[] => Array.isArray(wire);

/** Client to store thread: the writes of one turn of its event loop, in order. */
export type Request = readonly Write[];

/** Store thread to client: outcomes in the order of the writes, then changes in the order of the commits. */
export type Answer = { readonly outcomes: readonly WireOutcome[]; readonly changes: readonly Change[] };
