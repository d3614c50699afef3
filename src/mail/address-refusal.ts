import { refused } from '../result.ts';
import type { DomainProblem } from './domain.ts';

/** What is wrong with an address or path, and where. */
export type AddressRefusal = {
  readonly why: AddressProblem;
  /** An offset in UTF-16 units into the text that was given. */
  readonly at: number;
  /** The same for a person: ASCII, fit for a reply, without anything that the peer sent. */
  readonly detail: string;
};

export type AddressProblem =
  | DomainProblem
  | 'local-part-empty'
  | 'local-part-character'
  | 'local-part-dot'
  | 'local-part-too-long'
  | 'quote-open'
  | 'at-missing'
  | 'address-literal'
  | 'address-too-long'
  | 'path-open'
  | 'path-close'
  | 'path-route'
  | 'path-null';

const sentences: Readonly<Record<AddressProblem, string>> = {
  'local-part-empty': 'there is nothing before the @',
  'local-part-character': 'this character needs quotes before the @, or cannot stand there at all',
  'local-part-dot': 'a dot at the edge of the local part, or two in a row',
  'local-part-too-long': 'the part before the @ is longer than 64 octets',
  'quote-open': 'the quoted string is never closed',
  'at-missing': 'the @ and the domain are missing',
  'domain-empty': 'there is nothing after the @',
  'domain-too-long': 'the domain is longer than 255 octets',
  'domain-label': 'a part of the domain is empty, longer than 63 octets, or has a hyphen at its edge',
  'domain-character': 'this character cannot stand in a domain',
  'domain-idna': 'the domain is no valid internationalized name',
  'address-literal': 'the brackets must hold an IPv4 address, or IPv6: and an IPv6 address',
  'address-too-long': 'the address is longer than 254 octets',
  'path-open': 'the path must begin with <',
  'path-close': 'the closing > is missing',
  'path-route': 'the source route is malformed',
  'path-null': 'an empty path names no recipient',
};

/** The refusal of an address for this reason at this place. */
export const refuseAddress = (
  why: AddressProblem,
  at: number,
): { readonly ok: false; readonly refusal: AddressRefusal } =>
  refused({ why, at, detail: `${sentences[why]} (character ${at + 1})` });
