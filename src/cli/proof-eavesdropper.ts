/**
 * Somebody on the way, who has the capture files and nothing else: what can be read of each, and whether it is what must
 * be, and no more.
 */
import { readCapture, saidBy, type Conversation } from '../net/capture-reader.ts';
import type { Side } from '../net/capture-segments.ts';
import {
  readClearMessage,
  readClientHello,
  readRecords,
  readServerHello,
  recordName,
  showNumber,
  type ClientHello,
  type ServerHello,
  type TlsRecord,
} from './proof-handshake.ts';
import { openRecords, secretsOf } from './proof-opened.ts';
import { findTraces, type Secrets } from './proof-traces.ts';

/** Something that must be true of a capture. */
export type Claim = { readonly claim: string; readonly holds: boolean };

/** What was seen, for a person, and what it proves. */
export type Sight = { readonly lines: readonly string[]; readonly claims: readonly Claim[] };

const tls13 = 0x0304;
const x25519MlKem768 = 0x11ec;

/** What a TLS connection shows to everybody. */
type Handshake = {
  readonly hello: ClientHello;
  readonly answer: ServerHello;
  readonly records: Readonly<Record<Side, readonly TlsRecord[]>>;
};

/**
 * Looks at the capture of TLS connections; `doors` names the servers' ports in the order in which they were visited.
 * Throws `CaptureDamaged` or `NotTls` where any byte of it is something else.
 */
export function watchTls(file: Uint8Array, doors: ReadonlyMap<number, string>, secrets: Secrets): Sight {
  const { conversations, packets } = readCapture(file);
  const lines = [`${packets.length} packets, ${conversations.length} connections, every checksum right.`];
  const claims = [visited(conversations, [...doors.keys()])];
  for (const conversation of conversations) {
    const handshake = readHandshake(conversation);
    const door = doors.get(conversation.server.port) ?? 'unknown';
    lines.push('', ...showTls(door, conversation, handshake));
    claims.push(...claimsOfTls(door, handshake));
  }
  const seen = [file, ...conversations.flatMap((one) => [saidBy(one, 'client'), saidBy(one, 'server')])];
  const traces = findTraces(secrets, Buffer.concat(seen));
  for (const name of secrets.keys()) {
    const octets = traces.get(name) ?? 0;
    claims.push({ claim: `no trace of ${name} in any byte, in base64 neither`, holds: octets === 0 });
  }
  return { lines, claims };
}

function visited(conversations: readonly Conversation[], ports: readonly number[]): Claim {
  // A side that hears more after it has closed answers with a reset: that is an end as well.
  const whole = conversations.every(({ end }) => end !== 'open');
  const found = conversations.map(({ server }) => server.port);
  return {
    claim: `${ports.length === 1 ? 'the connection is' : 'the connections are'} there from the first packet to the last`,
    holds: whole && found.join(' ') === ports.join(' '),
  };
}

function readHandshake(conversation: Conversation): Handshake {
  const records = {
    client: readRecords(saidBy(conversation, 'client')),
    server: readRecords(saidBy(conversation, 'server')),
  };
  const clientHello = 1;
  const serverHello = 2;
  return {
    hello: readClientHello(readClearMessage(records.client, clientHello)),
    answer: readServerHello(readClearMessage(records.server, serverHello)),
    records,
  };
}

function claimsOfTls(door: string, { hello, answer, records }: Handshake): Claim[] {
  const { version, keyShare } = answer;
  const all = [...records.client, ...records.server];
  // RFC 8446 section 5: one octet, for boxes on the way that still expect it; it means nothing.
  const idle = all.filter(({ type }) => type === 20).every(({ body }) => body.length === 1 && body[0] === 1);
  const alerts = all.some(({ type }) => type === 21);
  return [
    {
      claim: `${door}: every byte stands in a TLS record, and only ClientHello and ServerHello are not encrypted`,
      holds: idle && !alerts,
    },
    {
      claim: `${door}: TLS 1.3 was offered alone and chosen (supported_versions 0x0304)`,
      holds: version === tls13 && hello.versions.join() === `${tls13}`,
    },
    {
      claim: `${door}: the keys were agreed by X25519MLKEM768 (key_share 0x11ec)`,
      holds:
        keyShare?.group === x25519MlKem768 && hello.keyShares.some(({ group }) => group === x25519MlKem768),
    },
  ];
}

function showTls(door: string, conversation: Conversation, { hello, answer, records }: Handshake): string[] {
  const { client, server } = conversation;
  const list = (kind: 'version' | 'cipher' | 'group', numbers: readonly number[]): string =>
    numbers.map((number) => showNumber(kind, number)).join(', ');
  const share = (one: { group: number; sizeBytes: number }): string =>
    `${showNumber('group', one.group)} in ${one.sizeBytes} octets`;
  return [
    `${door}: ${client.address}:${client.port} to ${server.address}:${server.port}`,
    '  ClientHello',
    `    supported_versions  ${list('version', hello.versions)}`,
    `    cipher_suites       ${list('cipher', hello.ciphers)}`,
    `    supported_groups    ${list('group', hello.groups)}`,
    `    key_share           ${hello.keyShares.map(share).join(', ')}`,
    `    server_name         ${hello.serverName ?? 'none'}`,
    `    ALPN                ${hello.applicationProtocols.join(', ') || 'none'}`,
    '  ServerHello',
    `    supported_versions  ${answer.version === null ? 'none' : showNumber('version', answer.version)}`,
    `    cipher_suite        ${showNumber('cipher', answer.cipher)}`,
    `    key_share           ${answer.keyShare === null ? 'none' : share(answer.keyShare)}`,
    '  records, by length',
    ...showRecords(conversation, records),
  ];
}

/** The records in the order in which their last octet went by, those of one side and type on one line. */
function showRecords(conversation: Conversation, records: Handshake['records']): string[] {
  const left = { client: [...records.client], server: [...records.server] };
  const said = { client: 0, server: 0 };
  const lines: { from: Side; type: number; lengths: number[] }[] = [];
  for (const { from, bytes } of conversation.utterances) {
    said[from] += bytes.length;
    for (
      let next = left[from][0];
      next !== undefined && said[from] >= 5 + next.body.length;
      next = left[from][0]
    ) {
      said[from] -= 5 + next.body.length;
      left[from].shift();
      const last = lines.at(-1);
      if (last?.from === from && last.type === next.type) last.lengths.push(next.body.length);
      else lines.push({ from, type: next.type, lengths: [next.body.length] });
    }
  }
  return lines.map(({ from, type, lengths }) => `    ${from} ${recordName(type)} ${lengths.join(' ')}`);
}

/** What the plain capture has to give away. */
export type Spoken = {
  readonly port: number;
  readonly sender: string;
  readonly recipient: string;
  readonly password: string;
  readonly letter: Uint8Array;
};

/** Looks at the capture of the plain connection: everything lies open. `secrets` are what the search must find here. */
export function watchPlain(file: Uint8Array, spoken: Spoken, secrets: Secrets): Sight {
  const { conversations, packets } = readCapture(file);
  const [conversation] = conversations;
  if (conversation === undefined) return { lines: [], claims: [visited([], [spoken.port])] };
  const { client, server } = conversation;
  const said = saidBy(conversation, 'client').toString('latin1');
  const credentials = credentialsIn(said);
  const traces = findTraces(secrets, Buffer.concat([file, saidBy(conversation, 'client')]));
  return {
    lines: [
      `${packets.length} packets, ${conversations.length} connection, every checksum right.`,
      '',
      `SMTP: ${client.address}:${client.port} to ${server.address}:${server.port}`,
      ...dialogue(conversation).map(({ from, line }) => `  ${from === 'client' ? 'C:' : 'S:'} ${line}`),
      '',
      `  AUTH PLAIN in base64 is no secret: user ${credentials?.user}, password ${credentials?.password}`,
    ],
    claims: [
      visited(conversations, [spoken.port]),
      {
        claim: 'the password can be read',
        holds: credentials?.user === spoken.sender && credentials.password === spoken.password,
      },
      {
        claim: 'both addresses can be read',
        holds:
          new RegExp(`^MAIL FROM:<(.*?)>`, 'm').exec(said)?.[1] === spoken.sender &&
          new RegExp(`^RCPT TO:<(.*?)>`, 'm').exec(said)?.[1] === spoken.recipient,
      },
      {
        claim: 'the letter can be read, byte for byte',
        holds: letterIn(said)?.equals(spoken.letter) ?? false,
      },
      {
        claim: 'the search that found nothing in TLS finds all of it here',
        holds: [...secrets.keys()].every((name) => traces.has(name)),
      },
    ],
  };
}

/** What both sides said, line by line, each line where it ended. */
function dialogue(conversation: Conversation): { from: Side; line: string }[] {
  const lines: { from: Side; line: string }[] = [];
  const rest = { client: '', server: '' };
  for (const { from, bytes } of conversation.utterances) {
    const parts = (rest[from] + Buffer.from(bytes).toString('latin1')).split('\r\n');
    rest[from] = parts.pop() ?? '';
    for (const line of parts) lines.push({ from, line: line.replaceAll(/[^ -~]/g, '?') });
  }
  return lines;
}

/** The user name and password of an AUTH PLAIN with initial response (RFC 4616 section 2). */
function credentialsIn(said: string): { user: string; password: string } | null {
  const response = /^AUTH PLAIN (\S+)\r$/m.exec(said)?.[1];
  if (response === undefined) return null;
  const [, user, password] = Buffer.from(response, 'base64').toString('utf8').split('\0');
  return user === undefined || password === undefined ? null : { user, password };
}

/** The letter between DATA and the dot, dots not doubled (RFC 5321 section 4.5.2). */
function letterIn(said: string): Buffer | null {
  const letter = /\r\nDATA\r\n([^]*?\r\n)\.\r\n/.exec(said)?.[1];
  return letter === undefined ? null : Buffer.from(letter.replaceAll(/^\./gm, ''), 'latin1');
}

/**
 * Opens the TLS capture with the secrets in its second file. The first connection is SMTP, the second HTTP/2. Throws
 * `CaptureDamaged` or `NotTls` where it does not open.
 */
export function openTls(file: Uint8Array, withSecrets: Uint8Array, letter: Uint8Array): readonly Claim[] {
  const sealed = readCapture(file);
  const opened = readCapture(withSecrets);
  const same =
    sealed.packets.length === opened.packets.length &&
    sealed.packets.every(({ atNs, frame }, index) => {
      const other = opened.packets[index];
      return other?.atNs === atNs && Buffer.from(other.frame).equals(frame);
    });
  const texts = opened.conversations.map((conversation) => {
    const { hello, answer, records } = readHandshake(conversation);
    const secrets = secretsOf(opened.keyLog ?? '', hello.random);
    const textOf = (side: Side): Buffer => openRecords(records[side], side, answer.cipher, secrets);
    return { client: textOf('client'), server: textOf('server') };
  });
  const [smtp, http] = texts;
  return [
    {
      claim: 'the second file holds the same packets, and the first no secrets',
      holds: same && sealed.keyLog === null,
    },
    {
      claim: 'opened with the secrets, the SMTP is inside, and in it the letter',
      holds: smtp !== undefined && (letterIn(smtp.client.toString('latin1'))?.equals(letter) ?? false),
    },
    {
      claim: 'opened with the secrets, the HTTP/2 is inside, and in it the letter',
      holds:
        http !== undefined &&
        http.client.indexOf('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n') === 0 &&
        http.server.includes(letter),
    },
  ];
}
