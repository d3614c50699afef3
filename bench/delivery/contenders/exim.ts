import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Ground } from '../../../test/interop/foreign-ground.ts';
import { startForeignServer } from '../../../test/interop/foreign-server.ts';
import type { Contender } from '../contender.ts';
import { countMaildirs } from '../maildirs.ts';
import { domain, recipients, sender } from '../people.ts';
import { doorOf, listening, missingOf, unread, unreadLog } from './foreign.ts';
import { modes } from '../workload.ts';

/** Exim, which delivers a letter at once by a process of its own. */
export const exim: Contender = {
  name: 'exim',
  title: 'Exim',
  does:
    'writes the letter into two files of its spool and syncs them before 250; a process for each letter delivers at once ' +
    'into Maildirs; compares the password.',
  acknowledges: 'queued',
  modes,
  missing: () => missingOf('exim'),
  start: async (folder) => {
    const server = await startForeignServer('exim', folder, (ground) => {
      ground.owned('mail', 'vmail');
      ground.owned('spool', 'Debian-exim');
      // Exim takes its configuration from where it was built to look for it, and nowhere else without losing its rights.
      mkdirSync(join(ground.folder, 'etc/exim4'));
      ground.file('etc/exim4/exim4.conf', configuration(ground));
      return unread('exec exim4 -bdf -q30m');
    });
    await using running = new AsyncDisposableStack();
    running.defer(() => server.stop());
    await listening(server);
    const [, version = 'unknown'] = /version (\S+)/.exec(await server.run('exim4', ['-bV'])) ?? [];
    const kept = running.move();
    return {
      version,
      target: doorOf(server, 'PLAIN'),
      pids: [server.pid],
      delivered: async () => countMaildirs(join(folder, 'mail')),
      stop: () => kept.disposeAsync(),
    };
  },
};

const configuration = ({ folder, address, port, tls }: Ground): string => `
primary_hostname = localhost
spool_directory = ${folder}/spool
log_file_path = ${folder}/${unreadLog}-%slog
pid_file_path = ${folder}/spool/exim.pid
local_interfaces = ${address}
daemon_smtp_ports = ${port}
tls_on_connect_ports = ${port}
tls_certificate = ${tls.certificate}
tls_privatekey = ${tls.key}
tls_require_ciphers = NORMAL:-VERS-ALL:+VERS-TLS1.3
auth_advertise_hosts = *
rfc1413_query_timeout = 0s
host_lookup =
never_users =
keep_environment =
smtp_accept_max = 500
smtp_accept_queue_per_connection = 0
acl_smtp_rcpt = to_its_people
acl_smtp_data = accept

begin acl
to_its_people:
  accept authenticated = *
         domains = ${domain}
  deny

begin routers
its_people:
  driver = accept
  domains = ${domain}
  local_parts = ${recipients.join(' : ')}
  transport = maildir

begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = ${folder}/mail/$local_part_data
  create_directory
  user = vmail
  group = vmail

begin retry
* * F,2h,15m

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{eq{$auth2}{${sender.address}}}{eq{$auth3}{${sender.password}}}}}
  server_set_id = $auth2
`;
