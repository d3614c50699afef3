import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AtTerminal } from './terminal.ts';

/** A server at a terminal of its own, and the port that it listens at. */
export type RunningServer = { readonly terminal: AtTerminal; readonly port: number };

/** A fresh data folder, the programs that run on it, and their end. */
export class ClassicWorld {
  readonly folder: string;
  readonly #running: AtTerminal[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** A world on a fresh folder; `close` ends it. */
  static async open(): Promise<ClassicWorld> {
    return new ClassicWorld(await mkdtemp(join(tmpdir(), 'letterlock-classic-')));
  }

  /** Starts a program on the data folder. */
  start(...args: readonly string[]): AtTerminal {
    const terminal = new AtTerminal([...args, '--data', this.folder]);
    this.#running.push(terminal);
    return terminal;
  }

  /** Starts a server on a free port. */
  async server(name: 'senderserver' | 'receiverserver'): Promise<RunningServer> {
    const terminal = this.start(name, '--port', '0');
    const [, port] = await terminal.sees(/listens at 127\.0\.0\.1:([0-9]+)/);
    return { terminal, port: Number(port) };
  }

  /** Starts a client of the server at this port. */
  client(name: 'senderclient' | 'receiverclient', port: number): AtTerminal {
    return this.start(name, '--port', String(port));
  }

  /** Starts a sender client and connects it. */
  async sender(port: number): Promise<AtTerminal> {
    const client = this.client('senderclient', port);
    await client.answers('Connect? ', 'Connect');
    await client.sees('Command: ');
    return client;
  }

  /** Ends what still runs, and removes the folder. */
  async close(): Promise<void> {
    await Promise.all(this.#running.map((terminal) => terminal.stop()));
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Runs a play in a world of its own, which ends with it. */
export async function inWorld(play: (world: ClassicWorld) => Promise<void>): Promise<void> {
  const world = await ClassicWorld.open();
  try {
    await play(world);
  } finally {
    await world.close();
  }
}

/** Says HELO and enrols somebody; the connection is closed then, and the client waits for `Connect`. */
export async function enrols(client: AtTerminal, user: string): Promise<string> {
  client.types('HELO');
  await client.sees('The server welcomes you.');
  await client.answers('Command: ', 'AUTH');
  await client.answers('User name', user);
  const [, password = ''] = await client.sees(/Your password: ([0-9]{5}447) /);
  await client.sees('Connect? ');
  return password;
}

/** Says HELO and authenticates. */
export async function logsIn(client: AtTerminal, user: string, password: string): Promise<void> {
  client.types('HELO');
  await client.sees('The server welcomes you.');
  await client.answers('Command: ', 'AUTH');
  await client.answers('User name', user);
  await client.sees('MATCH FOUND');
  await client.answers('Password: ', password);
  await client.sees('AUTH=TRUE');
  await client.sees('Command: ');
}
