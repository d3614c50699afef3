/**
 * `smtp-server` before synced Maildirs. Tells its port when it listens.
 *
 *     node smtp-server.child.ts CERTIFICATE KEY FOLDER
 */
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { callbackify } from 'node:util';
import { SMTPServer } from 'smtp-server';
import { SyncedMaildirs } from '../maildirs.ts';
import { domain, sender } from '../people.ts';

const [certificate = '', key = '', folder = ''] = process.argv.slice(2);
const maildirs = await SyncedMaildirs.open(folder);
const person = (address: string): string => address.slice(0, address.indexOf('@'));

const server = new SMTPServer({
  secure: true,
  key: readFileSync(key),
  cert: readFileSync(certificate),
  minVersion: 'TLSv1.3',
  logger: false,
  disableReverseLookup: true,
  size: 26_214_400,
  onAuth({ username, password }, _session, done) {
    if (username === sender.address && password === sender.password) done(null, { user: username });
    else done(new Error('who is that?'));
  },
  onRcptTo({ address }, _session, done) {
    if (address.endsWith(`@${domain}`) && maildirs.knows(person(address))) done();
    else done(new Error('there is nobody of that name'));
  },
  onData(stream, { envelope }, done) {
    const letter: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => letter.push(chunk));
    const keep = callbackify(async () => {
      await Promise.all(envelope.rcptTo.map(({ address }) => maildirs.keep(person(address), letter)));
    });
    stream.on('end', () => keep((error) => done(error)));
  },
});
server.on('error', (error: Error) => console.error(error.message));
const listening = server.listen(0, '127.0.0.1', () => {
  process.send?.((listening.address() as AddressInfo).port);
});
process.on('disconnect', () => process.exit());
