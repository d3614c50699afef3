import type { Address } from '../../mail/address.ts';
import type { MenuCommand } from './menu-command.ts';

/** Where the session is, as far as the client knows: what the server has said yes to. */
export type Stage =
  | { readonly at: 'connected' }
  | { readonly at: 'greeted'; readonly account: string | null }
  | { readonly at: 'transaction'; readonly account: string | null; readonly envelope: MenuEnvelope };

/** The letter that is being put together. */
export type MenuEnvelope = {
  readonly sender: Address;
  /** Whether MAIL FROM was said with SMTPUTF8 (RFC 6531 section 3.4). */
  readonly smtpUtf8: boolean;
  readonly recipients: readonly Address[];
  readonly subject: string;
};

const accountOf = (stage: Stage): string | null => (stage.at === 'connected' ? null : stage.account);

/** EHLO or HELO was accepted: a transaction is forgotten, a login is not. */
export const helloAccepted = (stage: Stage): Stage => ({ at: 'greeted', account: accountOf(stage) });

/** AUTH succeeded. */
export const loggedIn = (account: string): Stage => ({ at: 'greeted', account });

/** MAIL FROM was accepted. */
export const senderAccepted = (stage: Stage, sender: Address, smtpUtf8: boolean): Stage => ({
  at: 'transaction',
  account: accountOf(stage),
  envelope: { sender, smtpUtf8, recipients: [], subject: '' },
});

/** RCPT TO was accepted. */
export const recipientAccepted = (stage: Stage, recipient: Address): Stage =>
  withEnvelope(stage, ({ recipients }) => ({ recipients: [...recipients, recipient] }));

/** The subject was given; an empty answer keeps the one before. */
export const subjectGiven = (stage: Stage, subject: string): Stage =>
  withEnvelope(stage, (envelope) => ({ subject: subject === '' ? envelope.subject : subject }));

/** The letter was taken or refused, or RSET accepted: no transaction any more. */
export const transactionOver = (stage: Stage): Stage =>
  stage.at === 'transaction' ? { at: 'greeted', account: stage.account } : stage;

function withEnvelope(stage: Stage, change: (envelope: MenuEnvelope) => Partial<MenuEnvelope>): Stage {
  if (stage.at !== 'transaction') return stage;
  return { ...stage, envelope: { ...stage.envelope, ...change(stage.envelope) } };
}

/** The commands that move on from here. */
export function fitting(stage: Stage): readonly MenuCommand[] {
  switch (stage.at) {
    case 'connected':
      return ['HELO'];
    case 'greeted':
      return stage.account === null ? ['AUTH'] : ['MAIL FROM'];
    case 'transaction':
      return stage.envelope.recipients.length === 0 ? ['RCPT TO'] : ['RCPT TO', 'DATA'];
  }
}
