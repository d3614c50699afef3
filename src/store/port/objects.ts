import type { Eventually, Result } from '../../result.ts';
import type { AccountId, ModSeq } from './ids.ts';

/**
 * Small things that an account has beside its letters, each with a name: a Sieve script (RFC 5804 section 2), an identity and a submission (RFC
 * 8621 sections 6 and 7), an annotation (RFC 5464), the rights of somebody to a mailbox (RFC 4314).
 */
export type ObjectKind = 'sieve-script' | 'identity' | 'submission' | 'annotation' | 'mailbox-rights';

export type StoredObject = {
  readonly kind: ObjectKind;
  /** At least one character; no two of a kind have the same. */
  readonly name: string;
  /** What it is, in the form that its kind has; the store only keeps it. */
  readonly value: string;
  readonly createdModSeq: ModSeq;
  readonly modSeq: ModSeq;
};

/** `put` makes it or replaces its value. */
export type ObjectChange =
  | { readonly do: 'put'; readonly kind: ObjectKind; readonly name: string; readonly value: string }
  | { readonly do: 'remove'; readonly kind: ObjectKind; readonly name: string };

export interface ObjectStore {
  /** By name. */
  objects(account: AccountId, kind: ObjectKind): Eventually<readonly StoredObject[]>;
  object(account: AccountId, kind: ObjectKind, name: string): Eventually<StoredObject | null>;
  /**
   * All of them or none, in order. To remove what is not there changes nothing. `too-many`: the account would have more
   * than 10,000 of a kind. `too-large`: a name above 1,024 or a value above 1,048,576 bytes of UTF-8.
   */
  changeObjects(
    account: AccountId,
    changes: readonly ObjectChange[],
    at: number,
  ): Promise<Result<ModSeq, 'no-account' | 'too-many' | 'too-large'>>;
}
