import assert from 'node:assert/strict';
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { RunningServer } from './server.ts';

/** A letter of a list, as far as tests look at it. */
export type ListedLetter = {
  readonly url: string;
  readonly subject: string;
  readonly sizeBytes: number;
  readonly sha256: string;
};

/** Reads one person's letters over HTTPS. */
export class LetterReader {
  readonly #server: RunningServer;
  readonly #address: string;
  readonly #password: string;
  readonly #agent: Agent;

  constructor(server: RunningServer, address: string, password: string) {
    this.#server = server;
    this.#address = address;
    this.#password = password;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1 });
  }

  /** One GET that is answered 200. */
  async get(path: string, accept: string): Promise<Buffer> {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      request({
        agent: this.#agent,
        host: '127.0.0.1',
        port: this.#server.port('https'),
        servername: 'localhost',
        ca: this.#server.authority,
        path,
        auth: `${this.#address}:${this.#password}`,
        headers: { accept },
      })
        .once('response', resolve)
        .once('error', reject)
        .end();
    });
    const body = await buffer(answer);
    assert.equal(answer.statusCode, 200, `${path}: ${body.subarray(0, 200).toString('utf8')}`);
    return body;
  }

  /** Every letter, newest first. */
  async list(): Promise<readonly ListedLetter[]> {
    const letters: ListedLetter[] = [];
    let next: string | null = `/letters/${encodeURIComponent(this.#address)}?count=100`;
    while (next !== null) {
      const page = JSON.parse((await this.get(next, 'application/json')).toString('utf8')) as {
        readonly letters: readonly ListedLetter[];
        readonly next: string | null;
      };
      letters.push(...page.letters);
      next = page.next;
    }
    return letters;
  }

  /** The bytes of a letter as they came: as served, without the fields that this server put before them. */
  async bytesOf(letter: ListedLetter): Promise<Buffer> {
    const served = await this.get(letter.url, 'message/rfc822');
    const from = served.length - letter.sizeBytes;
    const fields =
      /^Return-Path: .*\r\nDelivered-To: .*\r\nReceived: (?:[^\r\n]|\r\n[ \t])*\r\n(?:Date: .*\r\n)?(?:Message-ID: .*\r\n)?$/;
    assert.match(served.subarray(0, from).toString('latin1'), fields);
    return served.subarray(from);
  }

  close(): void {
    this.#agent.destroy();
  }
}
