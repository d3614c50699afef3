/**
 * The floors: just enough SMTP over implicit TLS 1.3 to be measured, in one process. Tells its port when it listens, and
 * answers every message with the number of letters that it has taken.
 *
 *     node floor.child.ts discard|sqlite CERTIFICATE KEY FOLDER
 */
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createServer, type TLSSocket } from 'node:tls';

const [kind = '', certificate = '', key = '', folder = ''] = process.argv.slice(2);

/** Takes a letter in pieces, and calls back when it may be acknowledged. */
type Keep = (recipient: string, pieces: readonly Buffer[], kept: () => void) => void;

let taken = 0;

const discard: Keep = (_recipient, _pieces, kept) => {
  taken += 1;
  kept();
};

function intoDatabase(): Keep {
  const database = new DatabaseSync(join(folder, 'letters.db'));
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE letter (id INTEGER PRIMARY KEY, recipient TEXT, bytes BLOB)',
  );
  const insert = database.prepare('INSERT INTO letter (recipient, bytes) VALUES (?, ?)');
  let waiting: { recipient: string; pieces: readonly Buffer[]; kept: () => void }[] = [];
  const commit = (): void => {
    const group = waiting;
    waiting = [];
    database.exec('BEGIN');
    for (const { recipient, pieces } of group) insert.run(recipient, Buffer.concat(pieces));
    database.exec('COMMIT');
    taken += group.length;
    for (const { kept } of group) kept();
  };
  return (recipient, pieces, kept) => {
    if (waiting.push({ recipient, pieces, kept }) === 1) setImmediate(commit);
  };
}

const end = Buffer.from('\r\n.\r\n');
const LF = 10;

/** One connection: lines, or the pieces of a letter whose end is looked for across them. */
class Session {
  readonly #socket: TLSSocket;
  readonly #keep: Keep;
  #unread: Buffer = Buffer.alloc(0);
  #replies = '';
  #recipient = '';
  /** The letter under way; null between letters. */
  #pieces: Buffer[] | null = null;
  #isKeeping = false;

  constructor(socket: TLSSocket, keep: Keep) {
    this.#socket = socket;
    this.#keep = keep;
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
      this.#read();
    });
    socket.write('220 localhost ESMTP\r\n');
  }

  #read(): void {
    while (!this.#isKeeping && (this.#pieces === null ? this.#readLine() : this.#readLetter(this.#pieces)));
    if (this.#replies === '') return;
    this.#socket.write(this.#replies);
    this.#replies = '';
  }

  #readLine(): boolean {
    const lf = this.#unread.indexOf(LF);
    if (lf < 0) return false;
    this.#answer(this.#unread.toString('latin1', 0, lf - 1));
    this.#unread = this.#unread.subarray(lf + 1);
    return true;
  }

  /** What may be a part of the end stays unread. */
  #readLetter(pieces: Buffer[]): boolean {
    const at = this.#unread.indexOf(end);
    const whole = at < 0 ? this.#unread.length - end.length + 1 : at + 2;
    if (whole > 0) pieces.push(this.#unread.subarray(0, whole));
    this.#unread = this.#unread.subarray(at < 0 ? Math.max(0, whole) : at + end.length);
    if (at < 0) return false;
    this.#pieces = null;
    this.#isKeeping = true;
    this.#keep(this.#recipient, pieces, () => {
      this.#isKeeping = false;
      this.#replies += '250 2.0.0 kept\r\n';
      this.#read();
    });
    return true;
  }

  #answer(line: string): void {
    switch (line.slice(0, 4)) {
      case 'EHLO':
        this.#replies += '250-localhost\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n';
        break;
      case 'AUTH':
        this.#replies += '235 2.7.0 in\r\n';
        break;
      case 'DATA':
        this.#pieces = [];
        this.#replies += '354 go on\r\n';
        break;
      case 'QUIT':
        this.#socket.end('221 2.0.0 bye\r\n');
        break;
      case 'RCPT':
        this.#recipient = line.slice('RCPT TO:<'.length, -1);
        this.#replies += '250 2.1.5 yes\r\n';
        break;
      default:
        this.#replies += '250 2.0.0 yes\r\n';
    }
  }
}

const keep = kind === 'sqlite' ? intoDatabase() : discard;
const server = createServer(
  { key: readFileSync(key), cert: readFileSync(certificate), minVersion: 'TLSv1.3' },
  (socket) => new Session(socket, keep),
);
server.on('tlsClientError', () => undefined);
server.listen({ host: '127.0.0.1', port: 0, backlog: 1024 }, () => {
  process.send?.((server.address() as AddressInfo).port);
});
process.on('message', () => process.send?.(taken));
process.on('disconnect', () => process.exit());
