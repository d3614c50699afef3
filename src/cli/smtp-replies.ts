import { Command } from 'commander';
import { replyCatalogue } from '../smtp/reply-catalogue.ts';
import { formatReply } from '../smtp/reply.ts';

/** `letterlock smtp`: what there is to know of the server's SMTP. */
export function smtpCommand(): Command {
  const smtp = new Command('smtp').description('the SMTP of this server');
  smtp
    .command('replies')
    .description('print every reply that the server may give, by code, with its name and section')
    .action(() => {
      process.stdout.write(replyTable());
    });
  return smtp;
}

/** One reply a paragraph: its name and section, and then its lines as they go over the wire. Sorted by code. */
export function replyTable(): string {
  const entries = Object.entries(replyCatalogue).toSorted(([, a], [, b]) => a.reply.code - b.reply.code);
  return entries
    .map(([name, { reply, definedIn }]) => {
      const lines = formatReply(reply).replaceAll('\r\n', '\n');
      return `${name} (${definedIn})\n${lines}`;
    })
    .join('\n');
}
