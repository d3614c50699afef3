import type { Ground } from '../../test/interop/foreign-ground.ts';
import type { Starting } from '../../test/interop/foreign-server.ts';

/** Dovecot as a POP3 server over TLS, with a Maildir in `mail/NAME/Maildir` for everybody, and one password for all. */
export function dovecotPop3(ground: Ground, password: string): Starting {
  const main = ground.file('dovecot.conf', configuration(ground, password));
  return { command: ['dovecot', '-F', '-c', main], listens: /starting up for pop3/ };
}

const configuration = ({ folder, address, port, log, tls }: Ground, password: string): string => `
protocols = pop3
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${log}
ssl = required
ssl_min_protocol = TLSv1.3
ssl_cert = <${tls.certificate}
ssl_key = <${tls.key}
mail_location = maildir:~/Maildir
passdb {
  driver = static
  args = password=${password}
}
userdb {
  driver = static
  args = uid=vmail gid=vmail home=${folder}/mail/%n
}
first_valid_uid = 1000
service pop3-login {
  inet_listener pop3 {
    port = 0
  }
  inet_listener pop3s {
    address = ${address}
    port = ${port}
    ssl = yes
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
`;
