import type { EnableCommand } from '../grammar/enable.ts';
import { say } from '../say.ts';
import { ends, type Enabled, type Handler, type LoggedIn } from './stage.ts';

/** How each is told that it is on. A missing row is a type error. */
const names: { readonly [Name in Enabled]: string } = {
  IMAP4REV2: 'IMAP4rev2',
  'UTF8=ACCEPT': 'UTF8=ACCEPT',
};

const isEnabled = (name: string): name is Enabled => Object.hasOwn(names, name);

/** ENABLE (RFC 9051 section 6.3.1): what is not known here, or need not be enabled, is passed over. */
export const enable: Handler<EnableCommand, LoggedIn> = ({ name, capabilities }, stage, { out }) => {
  const { login, enabled } = stage.person;
  const fresh = [...new Set(capabilities)].filter(isEnabled).filter((one) => !enabled.has(one));
  out.latin1(`* ENABLED${fresh.map((one) => ` ${names[one]}`).join('')}\r\n`);
  const person = { login, enabled: new Set([...enabled, ...fresh]) };
  return ends({ ...stage, person }, say.done(name));
};
