import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { ConnectionLost, SmtpConnection } from '../../../src/net/smtp-client.ts';
import { formatAddress } from '../../../src/mail/address.ts';
import { connectTls } from '../../../src/net/tls/connect.ts';
import { Secret } from '../../../src/sasl/exchange.ts';
import { randomBytes } from 'node:crypto';
import type { SeededRandom } from '../../support/random.ts';
import { makeLetter } from '../letters.ts';
import { addressOf, sendLetter, type Person } from '../sender.ts';
import { moment, type Attempt } from './attempts.ts';

/** Those who send letters to the server, over SMTP and over LMTP, until they are told to stop or it is gone. */
export class Post {
  readonly attempts: Attempt[] = [];
  readonly #people: readonly Person[];
  readonly #accounts: ReadonlyMap<string, number>;
  readonly #random: SeededRandom;
  readonly #authorityFile: string;
  #isOver = false;
  #count = 0;
  #answered = 0;
  #enough = { letters: 0, reached: (): void => undefined };

  constructor(parts: {
    readonly people: readonly Person[];
    /** The numbers of their accounts. */
    readonly accounts: ReadonlyMap<string, number>;
    readonly random: SeededRandom;
    readonly authorityFile: string;
  }) {
    this.#people = parts.people;
    this.#accounts = parts.accounts;
    this.#random = parts.random;
    this.#authorityFile = parts.authorityFile;
  }

  /** Begins to send on several connections; `enough` resolves when so many letters were answered. */
  begin(
    ports: Readonly<Record<string, number>>,
    letters: number,
  ): { readonly enough: Promise<void>; readonly over: Promise<unknown> } {
    this.#isOver = false;
    this.#answered = 0;
    const enough = new Promise<void>((resolve) => (this.#enough = { letters, reached: resolve }));
    const over = Promise.all([
      ...this.#people.slice(0, 2).map((person) => this.#submit(ports['submissions'] ?? 0, person)),
      ...[0, 1].map(() => this.#handOver(ports['lmtp'] ?? 0)),
    ]);
    return { enough: Promise.race([enough, over.then(() => undefined)]), over };
  }

  /** Nobody begins another letter. */
  stop(): void {
    this.#isOver = true;
  }

  async #submit(port: number, { name, password, address }: Person): Promise<void> {
    const authorities = readFileSync(this.#authorityFile, 'utf8');
    const connected = await connectTls({ host: '127.0.0.1', serverName: 'localhost', port, authorities });
    if (!connected.ok) return assert.notEqual(connected.refusal.why, 'certificate');
    return this.#converse(new SmtpConnection(connected.value.socket), async (connection) => {
      await connection.send({ send: 'EHLO', name: 'sender.example' });
      const login = await connection.authenticate(name, new Secret(password), randomBytes);
      assert.ok(login.ok && login.value.reply.code === 235, JSON.stringify(login));
      while (!this.#isOver) await this.#send(connection, address, this.#recipients(2));
    });
  }

  async #handOver(port: number): Promise<void> {
    const connection = new SmtpConnection(connect({ host: '127.0.0.1', port }));
    return this.#converse(connection, async () => {
      await connection.send({ send: 'LHLO', name: 'front.example' });
      while (!this.#isOver) await this.#send(connection, addressOf('a@b.example'), this.#recipients(1));
    });
  }

  async #converse(
    connection: SmtpConnection,
    talk: (connection: SmtpConnection) => Promise<void>,
  ): Promise<void> {
    try {
      await connection.greeting();
      await talk(connection);
      await connection.quit();
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
    } finally {
      connection.destroy();
    }
  }

  #recipients(most: number): readonly string[] {
    const first = this.#random.whole(0, this.#people.length - 1);
    const chosen = Array.from({ length: this.#random.whole(1, most) }, (_, index) => first + index);
    return chosen.map((index) => this.#people[index % this.#people.length]?.name ?? '');
  }

  async #send(
    connection: SmtpConnection,
    sender: Person['address'],
    recipients: readonly string[],
  ): Promise<void> {
    const name = `letter-${process.pid}-${(this.#count += 1)}`;
    const { letter, bytes } = makeLetter(this.#random, name, formatAddress(sender), recipients);
    const effects = recipients.map((recipient) => {
      const account = this.#accounts.get(recipient) ?? 0;
      return { of: 'new letter', account, subject: name, hash: letter.sha256, after: { 1: '' } } as const;
    });
    const attempt: Attempt = { effects, begunAt: moment(), doneAt: null, mailbox: null };
    this.attempts.push(attempt);
    await sendLetter(connection, sender, { letter, bytes });
    attempt.doneAt = moment();
    this.#answered += 1;
    if (this.#answered >= this.#enough.letters) this.#enough.reached();
  }
}
