import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Ground } from '../../../test/interop/foreign-ground.ts';
import { startForeignServer } from '../../../test/interop/foreign-server.ts';
import type { Contender } from '../contender.ts';
import { countMaildirs } from '../maildirs.ts';
import { domain, recipients } from '../people.ts';
import { startDovecot, type Dovecot } from './dovecot.ts';
import { doorOf, listening, missingOf, unread, unreadLog } from './foreign.ts';
import { modes } from '../workload.ts';

const queues =
  'writes the letter into a file of its queue and syncs it before 250; Dovecot checks the password for it; its brake on ' +
  'letters that come faster than they go (in_flow_delay) is off.';

/** Postfix, whose own agent puts letters into Maildirs. */
export const postfixVirtual: Contender = postfix('postfix', {
  title: 'Postfix to Maildir',
  does: `${queues} Its virtual(8) puts letters into Maildirs.`,
  transport: () => 'virtual',
  mailOf: (_dovecot, folder) => join(folder, 'mail'),
});

/** Postfix before Dovecot, which puts letters into Maildirs. */
export const postfixLmtp: Contender = postfix('postfix-lmtp', {
  title: 'Postfix to Dovecot by LMTP',
  does: `${queues} Dovecot puts letters into Maildirs, with an index.`,
  transport: ({ sockets }) => `lmtp:unix:${sockets.lmtp}`,
  mailOf: ({ mail }) => mail,
});

type Delivery = {
  readonly title: string;
  readonly does: string;
  readonly transport: (dovecot: Dovecot) => string;
  readonly mailOf: (dovecot: Dovecot, folder: string) => string;
};

function postfix(name: string, { title, does, transport, mailOf }: Delivery): Contender {
  return {
    name,
    title,
    does,
    acknowledges: 'queued',
    modes,
    missing: () => missingOf('postfix', 'dovecot'),
    start: async (place) => {
      const [folder, dovecots] = [join(place, 'postfix'), join(place, 'dovecot')];
      mkdirSync(folder);
      mkdirSync(dovecots);
      await using running = new AsyncDisposableStack();
      const dovecot = await startDovecot(dovecots);
      running.defer(() => dovecot.stop());
      const server = await startForeignServer('postfix', folder, (ground) => {
        ground.owned('mail', 'vmail');
        ground.owned('data', 'postfix');
        mkdirSync(join(ground.folder, 'queue'));
        const people = recipients.map((person) => `${person}@${domain} ${person}/\n`).join('');
        const file = ground.file('people', people);
        ground.file('main.cf', mainConfiguration(ground, file, transport(dovecot), dovecot.sockets.auth));
        ground.file('master.cf', masterConfiguration(ground));
        return unread('exec postfix -c "$1" start-fg', ground.folder);
      });
      running.defer(() => server.stop());
      await listening(server);
      const version = await server.run('postconf', ['-d', '-h', 'mail_version']);
      const kept = running.move();
      return {
        version: `${version.trim()}, Dovecot ${dovecot.version}`,
        target: doorOf(server, 'PLAIN'),
        pids: [server.pid, dovecot.pid],
        delivered: async () => countMaildirs(mailOf(dovecot, folder)),
        stop: () => kept.disposeAsync(),
      };
    },
  };
}

const mainConfiguration = (
  { folder, tls }: Ground,
  people: string,
  transport: string,
  authSocket: string,
): string => `
compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
shlib_directory = /usr/lib/postfix
meta_directory = /etc/postfix
maillog_file = ${folder}/${unreadLog}
maillog_file_prefixes = ${folder}
myhostname = localhost
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
alias_maps =
alias_database =
in_flow_delay = 0
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_tls_mandatory_protocols = >=TLSv1.3
smtpd_tls_cert_file = ${tls.certificate}
smtpd_tls_key_file = ${tls.key}
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = ${authSocket}
virtual_mailbox_domains = ${domain}
virtual_mailbox_base = ${folder}/mail
virtual_mailbox_maps = texthash:${people}
virtual_uid_maps = static:49008
virtual_gid_maps = static:49008
virtual_transport = ${transport}
`;

/** As Debian has it, without chroot. */
const masterConfiguration = ({ address, port }: Ground): string => `
${address}:${port} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
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
lmtp unix - - n - - lmtp
local unix - n n - - local
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;
