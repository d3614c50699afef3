import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Ground } from '../../../test/interop/foreign-ground.ts';
import { startForeignServer, type RunningForeignServer } from '../../../test/interop/foreign-server.ts';
import { recipients, sender } from '../people.ts';
import { until } from '../waiting.ts';
import { unread, unreadLog } from './foreign.ts';

/** A Dovecot that checks passwords for Postfix, and takes letters from it, at sockets in its folder. */
export type Dovecot = RunningForeignServer & {
  readonly version: string;
  readonly sockets: { readonly auth: string; readonly lmtp: string };
  /** Where it keeps letters. */
  readonly mail: string;
};

/** Starts it. */
export async function startDovecot(folder: string): Promise<Dovecot> {
  const server = await startForeignServer('dovecot', folder, (ground) => {
    const mail = ground.owned('mail', 'vmail');
    const people = ['sender', ...recipients]
      .map((name) => `${name}:{PLAIN}${sender.password}:49008:49008::${mail}/${name}\n`)
      .join('');
    const file = ground.file('people', people);
    const main = ground.file('dovecot.conf', configuration(ground, file));
    return unread('exec dovecot -F -c "$1"', main);
  });
  await using running = new AsyncDisposableStack();
  running.defer(() => server.stop());
  const sockets = { auth: join(folder, 'auth'), lmtp: join(folder, 'lmtp') };
  await until(() => existsSync(sockets.auth) && existsSync(sockets.lmtp), 'Dovecot makes its sockets');
  const version = await server.run('dovecot', ['--version']);
  running.move();
  return {
    ...server,
    version: version.trim(),
    sockets,
    mail: join(folder, 'mail'),
  };
}

const configuration = ({ folder, tls }: Ground, people: string): string => `
protocols = lmtp
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/${unreadLog}
ssl = yes
ssl_cert = <${tls.certificate}
ssl_key = <${tls.key}
auth_mechanisms = plain
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
service auth {
  client_limit = 1000
  unix_listener ${folder}/auth {
    mode = 0666
  }
}
service lmtp {
  process_limit = 100
  unix_listener ${folder}/lmtp {
    mode = 0666
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
`;
