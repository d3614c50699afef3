import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Exchanger } from './exchanger-site.ts';
import type { Ground } from './foreign-ground.ts';
import { withForeignServer, type ForeignServer } from './foreign-server.ts';

/** Its domain; everybody there has a Maildir in `mail/`. */
export const postfixDomain = 'postfix.example';
const names = ['bob', 'old', 'clear', 'inside', 'jürgen'];

/**
 * Runs a Postfix with its own configuration, queue and data. What it sends is protected by TLS 1.3 and the server
 * verified; what comes from `old` goes by TLS 1.2, what comes from `clear` without, what comes from `inside` by LMTP.
 * `more` stands behind all that in its main.cf.
 */
export function withPostfix(
  exchanger: Exchanger,
  work: (server: ForeignServer) => Promise<void>,
  more = '',
): Promise<void> {
  return withForeignServer(
    'postfix',
    (ground) => {
      ground.owned('mail', 'vmail');
      ground.owned('data', 'postfix');
      mkdirSync(join(ground.folder, 'queue'));
      const people = names.map((name) => `${name}@${postfixDomain} ${name}/\n`).join('');
      const next = `[localhost]:${exchanger.port}`;
      const routes = [
        ['old', next],
        ['clear', next],
        ['inside', `inet:localhost:${exchanger.lmtpPort}`],
      ].map(([name, where]) => `${name}@${postfixDomain} ${name}:${where}\n`);
      const files = {
        people: ground.file('people', people),
        routes: ground.file('routes', routes.join('')),
        authority: ground.file('exchanger.pem', exchanger.authority),
      };
      ground.file('main.cf', mainConfiguration(ground, files, exchanger.port) + more);
      ground.file('master.cf', masterConfiguration(ground));
      return {
        command: ['postfix', '-c', ground.folder, 'start-fg'],
        listens: /daemon started/,
      };
    },
    work,
  );
}

/** Queues a letter as a user of the machine would. */
export const queue = (server: ForeignServer, args: readonly string[], letter: string): Promise<string> =>
  server.run('sendmail', ['-C', server.folder, '-i', ...args], letter.replaceAll('\r\n', '\n'));

type Files = { readonly people: string; readonly routes: string; readonly authority: string };

const mainConfiguration = ({ folder, log, tls }: Ground, files: Files, exchangerPort: number): string => `
compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
shlib_directory = /usr/lib/postfix
meta_directory = /etc/postfix
sendmail_path = /usr/sbin/sendmail
maillog_file = ${log}
maillog_file_prefixes = ${folder}
myhostname = mail.${postfixDomain}
mydomain = ${postfixDomain}
myorigin = $mydomain
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_header_rewrite_clients =
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_tls_security_level = may
smtpd_tls_cert_file = ${tls.certificate}
smtpd_tls_key_file = ${tls.key}
virtual_mailbox_domains = ${postfixDomain}
virtual_mailbox_base = ${folder}/mail
virtual_mailbox_maps = texthash:${files.people}
virtual_uid_maps = static:49008
virtual_gid_maps = static:49008
relayhost = [localhost]:${exchangerPort}
sender_dependent_default_transport_maps = texthash:${files.routes}
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_tls_loglevel = 1
smtp_tls_security_level = verify
smtp_tls_CAfile = ${files.authority}
smtp_tls_mandatory_protocols = >=TLSv1.3
lmtp_dns_support_level = disabled
lmtp_host_lookup = native
lmtp_tls_loglevel = 1
lmtp_tls_security_level = verify
lmtp_tls_CAfile = ${files.authority}
lmtp_tls_mandatory_protocols = >=TLSv1.3
`;

/** As Debian has it, without chroot. */
const masterConfiguration = ({ address, port }: Ground): string => `
${address}:${port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
old unix - - n - - smtp -o smtp_tls_mandatory_protocols=TLSv1.2
clear unix - - n - - smtp -o smtp_tls_security_level=none
inside unix - - n - - lmtp
lmtp unix - - n - - lmtp
local unix - n n - - local
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;
