import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, type Ground } from '../../../test/interop/foreign-ground.ts';
import { startForeignServer } from '../../../test/interop/foreign-server.ts';
import type { Contender } from '../contender.ts';
import { countMaildirs } from '../maildirs.ts';
import { domain, recipients } from '../people.ts';
import { doorOf, listening, missingOf, unread, unreadLog } from './foreign.ts';

/** OpenSMTPD behind stunnel. */
export const opensmtpd: Contender = {
  name: 'opensmtpd',
  title: 'OpenSMTPD behind stunnel',
  does:
    'writes the letter into its queue and syncs it before 250; a process for each letter delivers into Maildirs. The TLS of ' +
    "Debian 12's version fails with its OpenSSL, so stunnel does that, and nobody logs in. It offers no PIPELINING.",
  acknowledges: 'queued',
  modes: ['one', 'many'],
  missing: () => missingOf('opensmtpd'),
  start: async (folder) => {
    const server = await startForeignServer('opensmtpd', folder, async (ground) => {
      const inside = await freePort(ground.address);
      ground.owned('mail', 'vmail');
      for (const place of ['var/lib/opensmtpd/empty', 'var/spool/smtpd', 'spool'])
        mkdirSync(join(ground.folder, place), { recursive: true, mode: 0o711 });
      const people = recipients.map((name) => `${name} 49008:49008:${ground.folder}/mail/${name}\n`).join('');
      const file = ground.file('people', people);
      ground.file('smtpd.conf', configuration(ground, file, inside));
      ground.file('stunnel.conf', tunnel(ground, inside));
      return unread(begin, ground.folder);
    });
    await using running = new AsyncDisposableStack();
    running.defer(() => server.stop());
    await listening(server);
    const said = await server.run('bash', ['-c', 'smtpd -h 2>&1; exit 0']);
    const [, version = 'unknown'] = /OpenSMTPD (\S+)/.exec(said) ?? [];
    const kept = running.move();
    return {
      version: `${version}, stunnel`,
      target: doorOf(server, 'none'),
      pids: [server.pid],
      delivered: async () => countMaildirs(join(folder, 'mail')),
      stop: () => kept.disposeAsync(),
    };
  },
};

/** It has its folders where it was built to have them, so they are laid over the machine's. */
const begin = `
cd "$1"
mount -t overlay overlay -o "lowerdir=$1/var:/var" /var
mount --bind "$1/spool" /var/spool/smtpd
stunnel4 stunnel.conf &
exec smtpd -d -f smtpd.conf 2>${unreadLog}`;

const configuration = ({ folder, address }: Ground, people: string, port: number): string => `
table people file:${people}
smtp max-message-size 50M
listen on ${address} port ${port} hostname localhost
action "keep" maildir "${folder}/mail/%{user.username}" userbase <people>
match from any for domain "${domain}" action "keep"
`;

const tunnel = ({ address, port, tls }: Ground, inside: number): string => `
foreground = yes
syslog = no
debug = warning
[submissions]
accept = ${address}:${port}
connect = ${address}:${inside}
cert = ${tls.certificate}
key = ${tls.key}
sslVersionMin = TLSv1.3
TIMEOUTclose = 0
`;
