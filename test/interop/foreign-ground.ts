import { randomInt } from 'node:crypto';
import { chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ensureDevelopmentCertificates, explainAuthorityRefusal } from '../../src/net/tls/authority.ts';

/** The users that Debian's packages would make, and `vmail`, who owns the mail. */
const users = {
  postfix: 49_001,
  opensmtpd: 49_003,
  opensmtpq: 49_004,
  'Debian-exim': 49_005,
  dovecot: 49_006,
  dovenull: 49_007,
  vmail: 49_008,
} as const;
const groups = { ...users, postdrop: 49_002 } as const;

/** A user that exists for the server and not for the machine. */
export type ForeignUser = keyof typeof users;

/** What a server needs before it starts: a folder, certificates, and where to listen. */
export type Ground = {
  readonly folder: string;
  /** An address of the loopback network that nobody else uses, so that a port found free there stays free. */
  readonly address: string;
  readonly port: number;
  /** The file that it logs into, there from the start, in a folder where everybody may write. */
  readonly log: string;
  /** PEM files: a certificate for `address` and for localhost, its key, and their authority. */
  readonly tls: { readonly certificate: string; readonly key: string; readonly authority: string };
  /** The numbers of this user and his group. */
  ids(user: ForeignUser): { readonly uid: number; readonly gid: number };
  /** Makes a folder that belongs to this user; gives its path. */
  owned(name: string, user: ForeignUser): string;
  /** Writes a file that everybody may read; gives its path. */
  file(name: string, text: string): string;
};

/** Fills a fresh folder. */
export async function makeGround(folder: string): Promise<Ground> {
  // Servers that are not root any more come through here.
  chmodSync(folder, 0o755);
  const address = `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
  const made = await ensureDevelopmentCertificates(join(folder, 'tls'), { host: address });
  if (!made.ok) throw new Error(explainAuthorityRefusal(made.refusal));
  const { authority, server } = made.value;
  // Exim reads them as its own user.
  const forAll = (name: string, from: string): string => {
    const path = join(folder, name);
    copyFileSync(from, path);
    chmodSync(path, 0o644);
    return path;
  };
  makeNames(join(folder, 'etc'), address);
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  chmodSync(logs, 0o777);
  const log = join(logs, 'mainlog');
  writeFileSync(log, '');
  chmodSync(log, 0o666);
  return {
    folder,
    address,
    port: await freePort(address),
    log,
    tls: {
      certificate: forAll('server.pem', server.certificate),
      key: forAll('server.key', server.key),
      authority,
    },
    ids: (user) => ({ uid: users[user], gid: users[user] }),
    owned: (name, user) => {
      const path = join(folder, name);
      mkdirSync(path, { recursive: true });
      chownSync(path, users[user], users[user]);
      return path;
    },
    file: (name, text) => {
      const path = join(folder, name);
      writeFileSync(path, text, { mode: 0o644 });
      return path;
    },
  };
}

/** Users, groups and host names that only the server sees; nothing of it ever asks the DNS of the machine. */
function makeNames(etc: string, address: string): void {
  mkdirSync(etc);
  const lines = (file: string, ours: readonly string[]): void => {
    const names = new Set(ours.map((line) => line.split(':', 1)[0]));
    const theirs = readFileSync(join('/etc', file), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !names.has(line.split(':', 1)[0]));
    writeFileSync(join(etc, file), `${[...ours, ...theirs].join('\n')}\n`);
  };
  lines(
    'passwd',
    Object.entries(users).map(([name, id]) => `${name}:x:${id}:${id}::/nonexistent:/usr/sbin/nologin`),
  );
  lines(
    'group',
    Object.entries(groups).map(([name, id]) => `${name}:x:${id}:`),
  );
  writeFileSync(join(etc, 'hosts'), '127.0.0.1 localhost\n');
  writeFileSync(join(etc, 'resolv.conf'), `nameserver ${address}\noptions timeout:1 attempts:1\n`);
}

/** A port that is free at the address of a ground, and so stays free. */
export async function freePort(address: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, address, resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}
