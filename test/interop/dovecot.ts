import type { Ground } from './foreign-ground.ts';
import { withForeignServer, type ForeignServer } from './foreign-server.ts';

/** The people of this domain have a Maildir each in `mail/`. */
export const dovecotDomain = 'dovecot.example';

/** Runs a Dovecot that is nothing but an LMTP server, whose people are `names`. */
export function withDovecot(
  names: readonly string[],
  work: (server: ForeignServer) => Promise<void>,
): Promise<void> {
  return withForeignServer(
    'dovecot',
    (ground) => {
      const mail = ground.owned('mail', 'vmail');
      const people = names.map((name) => `${name}::49008:49008::${mail}/${name}\n`).join('');
      const file = ground.file('people', people);
      const main = ground.file('dovecot.conf', configuration(ground, file));
      return { command: ['dovecot', '-F', '-c', main], listens: /starting up for lmtp/ };
    },
    work,
  );
}

const configuration = ({ folder, address, port, log, tls }: Ground, people: string): string => `
protocols = lmtp
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${log}
hostname = mail.${dovecotDomain}
postmaster_address = postmaster@${dovecotDomain}
ssl = yes
ssl_min_protocol = TLSv1.3
ssl_cert = <${tls.certificate}
ssl_key = <${tls.key}
auth_username_format = %n
mail_location = maildir:~
userdb {
  driver = passwd-file
  args = ${people}
}
passdb {
  driver = passwd-file
  args = ${people}
}
service lmtp {
  inet_listener lmtp {
    address = ${address}
    port = ${port}
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
`;
