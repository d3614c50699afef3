import { HouseRefused } from '../../app/house.ts';
import type { Connected } from '../../net/tls/connect.ts';
import type { Result } from '../../result.ts';
import { parseEnteredAddress } from './entered-address.ts';
import { firstPage, getLetters, type Letters, type Reader } from './letters-request.ts';
import type { DialogueSetup } from './run-dialogue.ts';
import { connectSecured, describeConnection } from './secured-connection.ts';
import { InputEnded } from './terminal.ts';

/**
 * The receiver client from its connection to its goodbye. Resolves to the exit status. Throws `HouseRefused` where the
 * first connection fails.
 */
export async function receiverDialogue(setup: DialogueSetup): Promise<number> {
  const { terminal } = setup;
  const server = new LettersServer(setup);
  const connected = await server.connect();
  if (!connected.ok) throw new HouseRefused(connected.refusal);
  terminal.print((await describeConnection(connected.value)).join('\n'));
  terminal.print('Welcome to the server');
  let status = 0;
  try {
    for (;;) {
      const line = await terminal.ask('[GET] to open letters or [Exit] to close the connection: ');
      const typed = line.trim().toUpperCase();
      if (typed === 'EXIT') break;
      if (typed === 'GET') status = await readLetters(setup, server);
      else if (typed !== '') terminal.print('That is neither GET nor Exit.');
    }
  } catch (error) {
    if (!(error instanceof InputEnded)) throw error;
  } finally {
    server.close();
  }
  terminal.print('The connection is closed. Goodbye.');
  return status;
}

/** GET: asks who reads, and shows page after page. Gives the exit status, should this be the last thing done. */
async function readLetters({ terminal, domain }: DialogueSetup, server: LettersServer): Promise<number> {
  const typed = await terminal.ask(`Address (@${domain} if left out): `);
  const address = parseEnteredAddress(typed, domain);
  if (!address.ok) {
    terminal.print(`That is not an address, so nothing was asked for: ${address.refusal.detail}.`);
    return 0;
  }
  const password = await terminal.askSecret('Password: ');
  const reader: Reader = { address: address.value, password };
  for (let path: string | null = firstPage(reader); path !== null;) {
    const letters: Result<Letters, string> = await server.letters(path, reader);
    if (!letters.ok) {
      terminal.complain(letters.refusal);
      return 1;
    }
    if (letters.value.got === 'refusal') {
      terminal.print(letters.value.why);
      return 0;
    }
    terminal.print(letters.value.text);
    path = letters.value.next;
    if (
      path !== null &&
      /^n/i.test((await terminal.ask('There are more letters. Show them? [Yes/no] ')).trim())
    )
      path = null;
  }
  return 0;
}

/** The server that hands letters out, over one connection for each request; the first one is the one that was shown. */
class LettersServer {
  readonly #setup: DialogueSetup;
  #shown: Connected | null = null;

  constructor(setup: DialogueSetup) {
    this.#setup = setup;
  }

  /** Connects; the connection is kept for the next request. The refusal is a sentence. */
  async connect(): Promise<Result<Connected, string>> {
    const connected = await connectSecured(this.#setup, 'http/1.1');
    if (connected.ok) {
      this.#shown = connected.value;
      // How an idle connection ends is no news: the next request makes another.
      connected.value.socket.on('error', () => undefined).resume();
    }
    return connected;
  }

  /** Gets a page of letters; the refusal is a sentence about the connection. */
  async letters(path: string, reader: Reader): Promise<Result<Letters, string>> {
    const { host, port } = this.#setup;
    const connected = await this.#connection();
    if (!connected.ok) return connected;
    this.#shown = null;
    try {
      const name = host.includes(':') ? `[${host}]` : host;
      return { ok: true, value: await getLetters(connected.value, `${name}:${port}`, path, reader) };
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return { ok: false, refusal: `the connection broke while the letters were fetched: ${error.message}` };
    } finally {
      connected.value.socket.destroy();
    }
  }

  close(): void {
    this.#shown?.socket.end();
    this.#shown = null;
  }

  #connection(): Promise<Result<Connected, string>> | Result<Connected, string> {
    const shown = this.#shown;
    return shown !== null && shown.socket.writable && !shown.socket.readableEnded
      ? { ok: true, value: shown }
      : this.connect();
  }
}
