import type { AccountName } from '../store/port.ts';

/**
 * Local parts that nobody may enrol under: mailboxes of a role (RFC 2142), senders of automatic mail, and the ones by
 * which certificate authorities know the owner of a domain. An operator may make such an account.
 */
const words = `
  abuse noc security postmaster hostmaster usenet news webmaster www uucp ftp
  info marketing sales support help contact billing office
  admin administrator sysadmin ssladmin ssl-admin sslwebmaster root system operator
  mailer-daemon mailerdaemon daemon nobody noreply no-reply donotreply do-not-reply bounce bounces
  mail email smtp imap pop pop3 dns autoconfig autodiscover mta-sts tls-rpt dmarc letterlock all everyone
`;
const reserved: ReadonlySet<string> = new Set(words.trim().split(/\s+/));

/**
 * Whether open enrolment leaves this name alone; quotes, case and width make no difference. A name with a `+` is a
 * subaddress (RFC 5233 section 1) of the one before it, and so belongs to that one's owner.
 */
export const isReservedName = (name: AccountName): boolean => {
  const localPart = name
    .slice(0, Math.max(0, name.lastIndexOf('@')))
    .normalize('NFKC')
    .toLowerCase();
  const unquoted = localPart.replaceAll(/["\\]/g, '').trim();
  return unquoted === '' || unquoted.includes('+') || reserved.has(unquoted);
};
