import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Ground } from './foreign-ground.ts';
import type { Exchanger } from './exchanger-site.ts';
import { withForeignServer, type ForeignServer } from './foreign-server.ts';

/** Its domain; everybody there has a Maildir in `mail/`. */
export const eximDomain = 'exim.example';
const names = ['bob', 'old', 'clear', 'inside', 'jürgen'];

/**
 * Runs an Exim with its own configuration and queue. What it sends is protected by TLS 1.3 and the server verified; what
 * comes from `old` goes by TLS 1.2, what comes from `clear` without, what comes from `inside` by LMTP.
 */
export function withExim(
  exchanger: Exchanger,
  work: (server: ForeignServer) => Promise<void>,
): Promise<void> {
  return withForeignServer(
    'exim',
    (ground) => {
      ground.owned('mail', 'vmail');
      ground.owned('spool', 'Debian-exim');
      // Exim takes its configuration from where it was built to look for it, and nowhere else without losing its rights.
      mkdirSync(join(ground.folder, 'etc/exim4'));
      const authority = ground.file('exchanger.pem', exchanger.authority);
      ground.file('etc/exim4/exim4.conf', configuration(ground, exchanger, authority));
      return { command: ['exim4', '-bdf', '-q30m'], listens: / listening for SMTP/ };
    },
    work,
  );
}

/** Queues a letter as a user of the machine would. */
export const queue = (server: ForeignServer, args: readonly string[], letter: string): Promise<string> =>
  server.run('exim4', ['-i', ...args], letter.replaceAll('\r\n', '\n'));

const configuration = (
  { folder, address, port, log, tls }: Ground,
  exchanger: Exchanger,
  authority: string,
): string => `
primary_hostname = mail.${eximDomain}
qualify_domain = ${eximDomain}
spool_directory = ${folder}/spool
log_file_path = ${dirname(log)}/%slog
pid_file_path = ${folder}/spool/exim.pid
local_interfaces = ${address}
daemon_smtp_ports = ${port}
rfc1413_query_timeout = 0s
host_lookup =
never_users =
keep_environment =
tls_advertise_hosts = *
tls_certificate = ${tls.certificate}
tls_privatekey = ${tls.key}
chunking_advertise_hosts = *
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
log_selector = +tls_certificate_verified +tls_cipher +tls_sni
acl_smtp_rcpt = to_its_people
acl_smtp_data = accept

begin acl
to_its_people:
  accept domains = ${eximDomain}
         verify = recipient
  deny

begin routers
its_people:
  driver = accept
  domains = ${eximDomain}
  local_parts = ${names.join(' : ')}
  transport = maildir
nobody:
  driver = redirect
  domains = ${eximDomain}
  allow_fail
  data = :fail: There is nobody of that name
  no_more
house:
  driver = manualroute
  senders = inside@${eximDomain}
  route_list = * localhost byname
  self = send
  transport = house
others:
  driver = manualroute
  route_list = * localhost byname
  self = send
  transport = exchanger

begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = ${folder}/mail/$local_part_data
  create_directory
  user = vmail
  group = vmail
  return_path_add
  delivery_date_add
  envelope_to_add
exchanger:
  driver = smtp
  port = ${exchanger.port}
  hosts_require_tls = \${if eq{$sender_address_local_part}{clear}{}{*}}
  hosts_avoid_tls = \${if eq{$sender_address_local_part}{clear}{*}{}}
  tls_require_ciphers = NORMAL:-VERS-ALL:+VERS-TLS1.\${if eq{$sender_address_local_part}{old}{2}{3}}
  tls_verify_certificates = ${authority}
  tls_verify_hosts = *
  tls_verify_cert_hostnames = *
house:
  driver = smtp
  protocol = lmtp
  port = ${exchanger.lmtpPort}
  hosts_require_tls = *
  tls_verify_certificates = ${authority}
  tls_verify_hosts = *
  tls_verify_cert_hostnames = *

begin retry
* * F,2h,15m
`;
