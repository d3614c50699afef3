import { omittedBytes, type OmittedRange } from '../mail/omitted-ranges.ts';
import {
  services,
  type Alias,
  type AppPassword,
  type BlobHash,
  type Delivery,
  type LetterFilter,
  type NewLetter,
  type ObjectChange,
  type Quota,
  type SearchQuery,
} from './port.ts';
import { StoreFault } from './fault.ts';
import { checkKeywords } from './keywords.ts';

/** The store keeps at most this many tallies. */
export const MAX_TALLIES = 100_000;

/** An account has at most this many app passwords, and this many bound certificates. */
export const MAX_CREDENTIALS = 100;

/** An account has at most this many objects of a kind. */
export const MAX_OBJECTS = 10_000;

/** A letter has at most this many ranges that are not served. */
const MAX_OMITTED = 1000;

/** A letter brings at most this many message identifiers that put it into a thread. */
const MAX_MESSAGE_IDS = 100;

/** Clocks of threads and machines differ by less than this. What lies further ahead is of a clock that was set back since. */
export const MOST_SKEW_MS = 60_000;

/** A lease that ends so much later than one that begins now is of a clock that was set back since, and over. */
export const MOST_LEASE_AHEAD_MS = 3_600_000;

/** The largest unique identifier (RFC 9051 section 9, nz-number). */
export const MAX_UID = 0xffff_ffff;

const HASH = /^[0-9a-f]{64}$/;

/** Whether `text` has the form of a `BlobHash`. */
export const isBlobHash = (text: string): text is BlobHash => HASH.test(text);

/**
 * The `UIDVALIDITY` of a mailbox made at `createdAt` (milliseconds since 1970) in an account whose last one is
 * `previous`: seconds where possible, always above the last (RFC 9051 section 2.3.1.1).
 */
export const nextUidValidity = (previous: number, createdAt: number): number =>
  Math.min(MAX_UID, Math.max(previous + 1, Math.floor(createdAt / 1000)));

/** Throws the fault of a caller whose delivery contradicts itself. */
export const checkDelivery = (delivery: Delivery): void => {
  if (delivery.recipients.length === 0) throw new StoreFault('a delivery without a recipient');
  for (const { mailboxes, keywords } of delivery.recipients) {
    if (mailboxes !== undefined && (mailboxes.length === 0 || new Set(mailboxes).size < mailboxes.length))
      throw new StoreFault('a recipient without a mailbox, or with one twice');
    checkKeywords(keywords ?? []);
  }
  checkLetter(delivery);
};

/** Throws the fault of a caller whose letter contradicts itself. */
export const checkLetter = (letter: NewLetter): void => {
  const bytes = letter.chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  if (letter.spool === undefined ? bytes !== letter.sizeBytes : bytes !== 0)
    throw new StoreFault(`a letter of ${letter.sizeBytes} bytes came with chunks of ${bytes}`);
  if (!isBlobHash(letter.hash)) throw new StoreFault('a letter without a SHA-256 in lower-case hex');
  if ((letter.threading?.messageIds.length ?? 0) > MAX_MESSAGE_IDS)
    throw new StoreFault(`a letter with ${letter.threading?.messageIds.length} message identifiers`);
  checkOmitted(letter.omitted ?? [], letter.sizeBytes);
};

/** The bytes of a letter as it is served to one recipient. */
export const servedBytes = (letter: Pick<NewLetter, 'sizeBytes' | 'omitted'>, prefix: Uint8Array): number =>
  prefix.length + letter.sizeBytes - omittedBytes(letter.omitted ?? []);

const checkOmitted = (omitted: readonly OmittedRange[], sizeBytes: number): void => {
  if (omitted.length > MAX_OMITTED)
    throw new StoreFault(`a delivery that leaves ${omitted.length} ranges out`);
  let at = 0;
  for (const { start, end } of omitted) {
    const fits = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= at && end > start;
    if (!fits || end > sizeBytes)
      throw new StoreFault(
        `a delivery of ${sizeBytes} bytes that leaves out what is not in it or not in order`,
      );
    at = end;
  }
};

/** Whether `text` is 64 lower-case hex digits. */
export const isSha256 = (text: string): boolean => HASH.test(text);

/** Throws the fault of a caller that writes down something else than a SHA-256 in lower-case hex. */
export const checkSha256 = (sha256: string): void => {
  if (!isSha256(sha256)) throw new StoreFault('something was given that is no SHA-256 in lower-case hex');
};

/** Throws the fault of a caller whose app password opens nothing, or is not written down in the one way there is. */
export const checkAppPassword = ({ sha256, scope }: Pick<AppPassword, 'sha256' | 'scope'>): void => {
  checkSha256(sha256);
  const inOrder = services.filter((service) => scope.includes(service));
  if (scope.length === 0 || scope.join() !== inOrder.join())
    throw new StoreFault('an app password without a scope, or with one out of order');
};

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** Throws where `count` is no number of letters to ask for. */
export const checkCount = (count: number): void => {
  if (!isCount(count)) throw new StoreFault(`a page of ${count} letters`);
};

/** Throws where so many changes cannot be asked for. */
export const checkMost = (most: number): void => {
  if (!isCount(most) || most === 0) throw new StoreFault(`at most ${most} changes`);
};

/** A search has at most this many conditions, and they nest at most so deep. */
const MAX_CONDITIONS = 1000;
const MAX_CONDITION_DEPTH = 50;

/** Throws for a page that is none, and for a filter that is larger than any that is asked for in earnest. */
export const checkSearch = ({ filter, offset, count }: SearchQuery): void => {
  checkCount(offset);
  checkCount(count);
  let left = MAX_CONDITIONS;
  const walk = (part: LetterFilter, depth: number): void => {
    if (left-- === 0 || depth > MAX_CONDITION_DEPTH)
      throw new StoreFault('a search with too many conditions, or one too deep in others');
    if ('of' in part) for (const each of part.of) walk(each, depth + 1);
  };
  if (filter !== null) walk(filter, 1);
};

/** Throws where a bound of the quota is no number of bytes or letters. */
export const checkQuota = ({ bytes, letters }: Quota): void => {
  if (![bytes, letters].every((bound) => bound === null || isCount(bound)))
    throw new StoreFault(`a quota of ${bytes} bytes and ${letters} letters`);
};

/** Throws where the range is none of bytes. */
export const checkRange = ({ start, end }: { readonly start: number; readonly end: number }): void => {
  if (!isCount(start) || !isCount(end) || end < start)
    throw new StoreFault(`a piece of a blob from ${start} to ${end}`);
};

/** Throws where a lease would end before it begins. No two of an entry end at one time. */
export const checkLease = (now: number, until: number): void => {
  if (!(until > now)) throw new StoreFault(`a lease from ${now} until ${until}`);
};

/** An alias has at most this many targets. */
const MAX_TARGETS = 100;

/** Throws the fault of a caller whose alias leads nowhere, to too many, or to one twice. */
export const checkAlias = ({ targets }: Pick<Alias, 'targets'>): void => {
  if (targets.length === 0 || targets.length > MAX_TARGETS || new Set(targets).size < targets.length)
    throw new StoreFault(`an alias with ${targets.length} targets, or with one twice`);
};

const LONGEST_OBJECT_NAME = 1024;
const LARGEST_OBJECT = 1024 * 1024;

/** Whether the store keeps objects of this size. Throws for one without a name. */
export const areObjectsSmall = (changes: readonly ObjectChange[]): boolean =>
  changes.every((change) => {
    if (change.name === '') throw new StoreFault(`a ${change.kind} without a name`);
    const value = change.do === 'put' ? Buffer.byteLength(change.value) : 0;
    return Buffer.byteLength(change.name) <= LONGEST_OBJECT_NAME && value <= LARGEST_OBJECT;
  });
