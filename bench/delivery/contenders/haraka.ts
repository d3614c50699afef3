import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { freePort } from '../../../test/interop/foreign-ground.ts';
import { haraka as harakaPackage } from '../../peers/haraka-package.ts';
import { makeCertificates } from '../child.ts';
import type { Contender } from '../contender.ts';
import { countMaildirs } from '../maildirs.ts';
import { domain, sender } from '../people.ts';
import { startProgram } from '../program.ts';
import { untilOpen } from '../waiting.ts';
import { modes } from '../workload.ts';

/** The group ffdhe2048. TLS 1.3 never asks for it, but without one Haraka spends its first half minute making one. */
const parameters = `-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
`;

/** Haraka, which keeps no letters by itself, with a plugin that does. */
export const haraka: Contender = {
  name: 'haraka',
  title: 'Haraka',
  does:
    'a plugin keeps a file for each letter as with smtp-server: written, synced, named, and the folder of its name synced; ' +
    'its flat file of passwords, its check of recipients by domain, a Received field. One process, no DNS.',
  acknowledges: 'kept',
  modes,
  missing: () => {
    try {
      harakaPackage.home();
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  },
  start: async (folder) => {
    const certificates = await makeCertificates(folder);
    const host = '127.0.0.1';
    const port = await freePort(host);
    const mail = join(folder, 'mail');
    mkdirSync(mail);
    const files = {
      ...configuration(host, port, mail),
      'config/key.pem': readFileSync(certificates.key, 'utf8'),
      'config/certificate.pem': readFileSync(certificates.certificate, 'utf8'),
    };
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    mkdirSync(join(folder, 'plugins'));
    const home = harakaPackage.home();
    // Without its bounds it takes no connection.
    copyFileSync(join(home, 'config', 'connection.ini'), join(folder, 'config', 'connection.ini'));
    copyFileSync(join(import.meta.dirname, 'haraka-plugin.cjs'), join(folder, 'plugins', 'keep.js'));
    const program = startProgram(
      process.execPath,
      [join(home, 'bin', 'haraka'), '-c', folder],
      join(folder, 'complaints'),
      {
        LETTERLOCK_BENCH_MAIL: mail,
        LETTERLOCK_BENCH_MAILDIRS: join(import.meta.dirname, '..', 'maildirs.ts'),
      },
    );
    await using running = new AsyncDisposableStack();
    running.defer(() => program.stop());
    await untilOpen(host, port);
    const kept = running.move();
    return {
      version: harakaPackage.version,
      target: { host, port, authority: readFileSync(certificates.authority, 'utf8'), login: 'PLAIN' },
      pids: [program.pid],
      delivered: async () => countMaildirs(mail),
      stop: () => kept.disposeAsync(),
    };
  },
};

const configuration = (host: string, port: number, temporary: string): Readonly<Record<string, string>> => ({
  'config/smtp.ini': `listen=${host}:${port}\nsmtps_port=${port}\nnodes=0\n`,
  'config/plugins': 'tls\nauth/flat_file\nrcpt_to.in_host_list\nkeep\n',
  'config/host_list': `${domain}\n`,
  'config/me': 'localhost\n',
  'config/tls.ini': 'key=key.pem\ncert=certificate.pem\ndhparam=parameters.pem\nminVersion=TLSv1.3\n',
  'config/parameters.pem': parameters,
  'config/auth_flat_file.ini': `[core]\nmethods=PLAIN\n[users]\n${sender.address}=${sender.password}\n`,
  'config/loglevel': 'WARN\n',
  'config/tempdir': `${temporary}\n`,
});
