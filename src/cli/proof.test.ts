import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { formatCapture, type CapturedPacket } from '../net/capture-pcapng.ts';
import { CaptureDamaged, readCapture, saidBy } from '../net/capture-reader.ts';
import { TcpConversation } from '../net/capture-segments.ts';
import { openTls, watchPlain, watchTls, type Claim } from './proof-eavesdropper.ts';
import { exchangeLetters, type Exchange } from './proof-exchange.ts';
import { NotTls } from './proof-handshake.ts';

let exchange: Exchange;
before(async () => {
  exchange = await exchangeLetters();
});

const fileOf = (packets: readonly CapturedPacket[], keyLog: string | null = null): Uint8Array =>
  formatCapture({ interfaceName: 'lo', keyLog, packets });
const broken = (claims: readonly Claim[]): string[] =>
  claims.filter(({ holds }) => !holds).map(({ claim }) => claim);
const doors = (): ReadonlyMap<number, string> =>
  new Map([
    [exchange.tls.smtpPort, 'SMTP'],
    [exchange.tls.httpsPort, 'HTTPS'],
  ]);
const secrets = (): ReadonlyMap<string, Uint8Array> =>
  new Map([
    ['the letter', exchange.letter],
    ['the credentials', Buffer.from(`\0${exchange.sender.name}\0${exchange.sender.password.reveal()}`)],
  ]);
const spoken = (): Parameters<typeof watchPlain>[1] => ({
  port: exchange.plain.port,
  sender: exchange.sender.name,
  recipient: exchange.recipient.name,
  password: exchange.sender.password.reveal(),
  letter: exchange.letter,
});

test('over TLS nothing is seen but the handshake and the records', () => {
  const { claims, lines } = watchTls(fileOf(exchange.tls.packets), doors(), secrets());
  assert.deepEqual(broken(claims), []);
  const told = lines.join('\n');
  assert.match(told, /supported_versions {2}0x0304 \(TLS 1\.3\)/);
  assert.match(told, /key_share {11}0x11ec \(X25519MLKEM768\) in 1120 octets/);
  assert.match(told, /client handshake \d+\n[^]*server application_data \d+/);
});

test('over plain TCP everything is seen', () => {
  const { claims, lines } = watchPlain(fileOf(exchange.plain.packets), spoken(), secrets());
  assert.deepEqual(broken(claims), []);
  assert.ok(lines.includes('  C: Subject: Where the key is'));
  assert.ok(lines.includes('  C: ...and this line begins with two dots, which SMTP has to double.'));
});

test('the secrets open both connections', () => {
  const { packets, keyLog } = exchange.tls;
  assert.deepEqual(broken(openTls(fileOf(packets), fileOf(packets, keyLog), exchange.letter)), []);
});

test('without the right secrets nothing opens', () => {
  const { packets, keyLog } = exchange.tls;
  const without = keyLog.replaceAll(/^CLIENT_TRAFFIC_SECRET_0 .*\n/gm, '');
  const wrong = keyLog.replaceAll(/^(SERVER_TRAFFIC_SECRET_0 \S+ )[^]{4}/gm, '$1ffff');
  for (const other of ['', without, wrong]) {
    assert.throws(() => openTls(fileOf(packets), fileOf(packets, other), exchange.letter), NotTls);
  }
});

test('secrets in the first file, or other packets in the second, do not pass', () => {
  const { packets, keyLog } = exchange.tls;
  const withSecrets = fileOf(packets, keyLog);
  const later = packets.map((packet) => ({ ...packet, atNs: packet.atNs + 1n }));
  for (const first of [withSecrets, fileOf(later)]) {
    assert.deepEqual(broken(openTls(first, withSecrets, exchange.letter)), [
      'the second file holds the same packets, and the first no secrets',
    ]);
  }
});

test('another letter than the one that was sent does not pass', () => {
  const letter = Buffer.concat([exchange.letter, Buffer.from('P.S.\r\n')]);
  const { packets, keyLog } = exchange.tls;
  assert.equal(broken(openTls(fileOf(packets), fileOf(packets, keyLog), letter)).length, 2);
  const { claims } = watchPlain(fileOf(exchange.plain.packets), { ...spoken(), letter }, secrets());
  assert.deepEqual(broken(claims), ['the letter can be read, byte for byte']);
});

test('a trace of a secret between the packets, and a missing connection, do not pass', () => {
  const [first, ...others] = exchange.tls.packets;
  assert.ok(first !== undefined);
  const told = fileOf([{ ...first, comment: 'under the third stone' }, ...others]);
  assert.deepEqual(broken(watchTls(told, doors(), secrets()).claims), [
    'no trace of the letter in any byte, in base64 neither',
  ]);
  const cut = exchange.tls.packets.slice(0, -1);
  assert.deepEqual(broken(watchTls(fileOf(cut.slice(0, -1)), doors(), secrets()).claims), [
    'the connections are there from the first packet to the last',
  ]);
});

test('what is no TLS, and what is no capture, is refused', () => {
  assert.throws(() => watchTls(fileOf(exchange.plain.packets), doors(), secrets()), NotTls);
  assert.throws(() => watchTls(new Uint8Array(20), doors(), secrets()), CaptureDamaged);
  const empty = watchPlain(fileOf([]), spoken(), secrets());
  assert.equal(broken(empty.claims).length, 1);
});

/** The capture of the SMTP connection, as if its sides had said something else. */
function altered(change: (said: { client: Buffer; server: Buffer }) => void): Uint8Array {
  const conversation = readCapture(fileOf(exchange.tls.packets)).conversations[0];
  assert.ok(conversation !== undefined);
  const { client, server } = conversation;
  const said = { client: saidBy(conversation, 'client'), server: saidBy(conversation, 'server') };
  change(said);
  const tcp = new TcpConversation({ client, server }, { client: 1, server: 1 });
  const frames = [...tcp.asked(), ...tcp.opened()];
  frames.push(...tcp.sent('client', said.client), ...tcp.sent('server', said.server));
  frames.push(...tcp.ended('client'), ...tcp.ended('server'));
  return fileOf(frames.map((frame, index) => ({ frame, atNs: BigInt(index) })));
}
const onlySmtp = (): ReadonlyMap<number, string> => new Map([[exchange.tls.smtpPort, 'SMTP']]);

test('a word in the clear after the handshake is refused', () => {
  const file = altered((said) => {
    said.client = Buffer.concat([said.client, Buffer.from('QUIT\r\n')]);
  });
  assert.throws(() => watchTls(file, onlySmtp(), secrets()), NotTls);
});

test('another version, another group, an alert: each of them is noticed', () => {
  const put = (bytes: Buffer, from: string, to: string): void => {
    const at = bytes.indexOf(Buffer.from(from, 'hex'));
    assert.notEqual(at, -1);
    bytes.set(Buffer.from(to, 'hex'), at);
  };
  const noticed = (change: Parameters<typeof altered>[0]): string =>
    broken(watchTls(altered(change), onlySmtp(), secrets()).claims).join();
  assert.equal(
    noticed(() => undefined),
    '',
  );
  assert.match(
    noticed(({ server }) => put(server, '002b00020304', '002b00020303')),
    /^SMTP: TLS 1\.3 [^]*0x0304\)$/,
  );
  assert.match(
    noticed(({ client }) => put(client, '002b0003020304', '002b0003020303')),
    /^SMTP: TLS 1\.3/,
  );
  assert.match(
    noticed(({ server }) => put(server, '0033046411ec', '00330464001d')),
    /^SMTP: the keys/,
  );
  const alert = Buffer.from('15030300020100', 'hex');
  const alerted = noticed((said) => void (said.server = Buffer.concat([said.server, alert])));
  assert.match(alerted, /^SMTP: every byte/);
  const idle = noticed(({ server }) => put(server, '140303000101', '140303000102'));
  assert.match(idle, /^SMTP: every byte/);
});
