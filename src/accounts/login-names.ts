import { prepareUser } from '../sasl/saslprep.ts';
import type { AccountName } from '../store/port.ts';

/**
 * Whether the account of this name can be logged in to. Each login prepares the name that is typed (RFC 4013), so a
 * name that preparation prohibits or changes (ligatures, wide letters, characters that are not seen) is found by nobody.
 */
export const canLogIn = (name: AccountName): boolean => {
  const prepared = prepareUser(name);
  return prepared.ok && prepared.value === name;
};
