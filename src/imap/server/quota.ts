import type { QuotaCommand } from '../grammar/quota.ts';
import { formatMailboxName, parseMailboxName } from '../mailbox-name.ts';
import { formatQuota, quotaRoot } from '../render/quota.ts';
import { quoted } from '../render/string.ts';
import { say } from '../say.ts';
import { asks, ends, textFormOf, type Context, type Handler, type LoggedIn, type Move } from './stage.ts';

type CommandOf<Name extends QuotaCommand['name']> = Extract<QuotaCommand, { readonly name: Name }>;

/** GETQUOTA (RFC 9208 section 4.1.1). */
export const getQuota: Handler<CommandOf<'GETQUOTA'>, LoggedIn> = ({ name, root }, stage, context) =>
  root === quotaRoot ? tellQuota(name, stage, context) : ends(stage, say.noQuotaRoot);

/** GETQUOTAROOT (RFC 9208 section 4.1.2): also for a mailbox that is not there yet. */
export const getQuotaRoot: Handler<CommandOf<'GETQUOTAROOT'>, LoggedIn> = (
  { name, mailbox },
  stage,
  context,
) => {
  const form = textFormOf(stage);
  const path = parseMailboxName(mailbox, form);
  if (path === null) return ends(stage, say.badName);
  // quotaroot-response = "QUOTAROOT" SP mailbox *(SP quota-root-name)
  context.out.latin1(`* QUOTAROOT ${formatMailboxName(path, form)} ${quoted(quotaRoot)}\r\n`);
  return tellQuota(name, stage, context);
};

const tellQuota = (name: string, stage: LoggedIn, { out }: Context): Move =>
  asks({ ask: 'quota' }, stage, (found) => {
    out.latin1(formatQuota(found));
    return ends(stage, say.done(name));
  });
