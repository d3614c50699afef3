import { createHash } from 'node:crypto';
import type { Secret } from '../sasl/exchange.ts';
import type { AppPassword, Service } from '../store/port.ts';
import { letterGroups } from './password.ts';
import type { RandomBytes } from './random.ts';

/**
 * Passwords that are made for one program each. They are random and long, so that a fast hash protects them as well as a
 * slow one: there is nothing to guess. They work with PLAIN, LOGIN and HTTP Basic. SCRAM proves the password of a user
 * name, and one user name has one: app passwords are no part of it.
 */

/** Seven groups of four letters: 140 bits. */
const groups = 7;

const form = /^[a-km-np-z2-9]{28}$/;

/** A new app password, to be shown once. */
export const generateAppPassword = (random: RandomBytes): Secret => letterGroups(groups, random);

/**
 * The SHA-256 that an app password is kept as, 64 lower-case hex digits; null for a password that cannot be one. Dashes,
 * spaces and case make no difference: people type what they read.
 */
export const appPasswordDigest = (password: Secret): string | null => {
  const letters = password.reveal().replaceAll(/[- ]/g, '').toLowerCase();
  if (!form.test(letters)) return null;
  return createHash('sha256').update(`letterlock app password\0${letters}`).digest('hex');
};

/** Whether it opens this service now. */
export const opens = ({ scope, expiresAt }: AppPassword, service: Service, now: number): boolean =>
  scope.includes(service) && (expiresAt === null || now < expiresAt);

const dayMs = 24 * 60 * 60 * 1000;

/** The day of a use where it is a later one than what is remembered; else null, and there is nothing to write. */
export const newUse = ({ lastUsedOn }: AppPassword, now: number): number | null => {
  const day = Math.floor(now / dayMs) * dayMs;
  return lastUsedOn !== null && day <= lastUsedOn ? null : day;
};
