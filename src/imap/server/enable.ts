import type { EnableCommand } from '../grammar/enable.ts';
import { say } from '../say.ts';
import { ends, withEnabled, type Enabled, type Handler, type LoggedIn } from './stage.ts';

/** How each is told that it is on. A missing row is a type error. */
const names: { readonly [Name in Enabled]: string } = {
  CONDSTORE: 'CONDSTORE',
  IMAP4REV2: 'IMAP4rev2',
  QRESYNC: 'QRESYNC',
  'UTF8=ACCEPT': 'UTF8=ACCEPT',
};

const isEnabled = (name: string): name is Enabled => Object.hasOwn(names, name);

/** ENABLE (RFC 9051 section 6.3.1): what is not known here, or need not be enabled, is passed over. */
export const enable: Handler<EnableCommand, LoggedIn> = ({ name, capabilities }, stage, { out }) => {
  const { enabled } = stage.person;
  const fresh = [...new Set(capabilities)].filter(isEnabled).filter((one) => !enabled.has(one));
  out.latin1(`* ENABLED${fresh.map((one) => ` ${names[one]}`).join('')}\r\n`);
  // RFC 7162 section 3.2.3: QRESYNC has CONDSTORE in it.
  const implied: readonly Enabled[] = fresh.includes('QRESYNC') ? ['CONDSTORE'] : [];
  return ends(withEnabled(stage, ...fresh, ...implied), say.done(name));
};
