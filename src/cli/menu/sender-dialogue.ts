import { HouseRefused } from '../../app/house.ts';
import { ConnectionLost } from '../../net/smtp-client.ts';
import { parseConnect, parseMenuCommand } from './menu-command.ts';
import { menuLine } from './menu-text.ts';
import { parseRemotePort } from './remote-port.ts';
import type { DialogueSetup } from './run-dialogue.ts';
import { connectSecured, describeConnection } from './secured-connection.ts';
import { notACommand, perform } from './sender-commands.ts';
import { SenderSession } from './sender-session.ts';
import { InputEnded, type Terminal } from './terminal.ts';

/**
 * The sender client from its welcome to its goodbye. Resolves to the exit status. Throws `HouseRefused` where the
 * first connection fails.
 */
export async function senderDialogue(setup: DialogueSetup): Promise<number> {
  const { terminal, host } = setup;
  terminal.print(`Letterlock sender client: letters go to ${host} over TLS 1.3.`);
  terminal.print(`Type Connect to connect to port ${setup.port}, or Connect and another port.`);
  let { port } = setup;
  let status = 0;
  let connectedBefore = false;
  for (;;) {
    try {
      port = await askToConnect(terminal, port);
      const opened = await open(setup, port);
      if (typeof opened === 'string') {
        if (!connectedBefore) throw new HouseRefused(opened);
        terminal.complain(opened);
        status = 1;
        continue;
      }
      connectedBefore = true;
      status = 0;
      if ((await converse(opened)) === 'quit') break;
    } catch (error) {
      if (!(error instanceof InputEnded)) throw error;
      break;
    }
  }
  terminal.print('Goodbye.');
  return status;
}

/** Waits for `Connect`; the port is the one that was typed with it, else the one before. */
async function askToConnect(terminal: Terminal, before: number): Promise<number> {
  for (;;) {
    const line = await terminal.ask('Connect? ');
    if (line.trim() === '') continue;
    const typed = parseConnect(line);
    if (typed === null) {
      terminal.print('There is no connection: type Connect, or Connect and a port; Ctrl-D ends.');
      continue;
    }
    if (typed.port === null) return before;
    const port = parseRemotePort(typed.port);
    if (port.ok) return port.value;
    terminal.print(port.refusal);
  }
}

/** Connects, shows whom to, and waits for the greeting; a sentence where that fails. */
async function open(
  { terminal, host, domain, identity }: DialogueSetup,
  port: number,
): Promise<SenderSession | string> {
  const connected = await connectSecured({ host, port, identity }, 'smtp');
  if (!connected.ok) return connected.refusal;
  terminal.print((await describeConnection(connected.value)).join('\n'));
  const session = await SenderSession.open(connected.value, terminal, domain);
  return session.ok ? session.value : session.refusal;
}

/** One connection, a command at a time, until it is over. */
async function converse(session: SenderSession): Promise<'quit' | 'closed'> {
  const { terminal } = session;
  terminal.print(menuLine);
  try {
    for (;;) {
      await session.mustBeOpen();
      const line = await session.ask('Command: ');
      if (line.trim() === '') continue;
      const typed = parseMenuCommand(line);
      if (typed === null) {
        terminal.print(parseConnect(line) === null ? notACommand : 'There is a connection already.');
        continue;
      }
      const next = await perform(session, typed);
      if (next !== 'go-on') return next;
    }
  } catch (error) {
    if (error instanceof InputEnded) await session.quit();
    if (!(error instanceof ConnectionLost)) throw error;
    terminal.print(`The connection is lost: ${error.message}.`);
    return 'closed';
  }
}
