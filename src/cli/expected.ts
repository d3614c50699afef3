import { HouseRefused } from '../app/house.ts';
import type { SmtpConnection } from '../net/smtp-client.ts';

/** Goes on only where it holds; else a sentence for the person at the terminal, and the program ends with status 1. */
export function check(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new HouseRefused(otherwise);
}

/** Sends a command whose reply must have this code; gives the reply. Throws `HouseRefused` for another, `ConnectionLost` for none. */
export async function expectReply(
  connection: SmtpConnection,
  command: Parameters<SmtpConnection['send']>[0],
  code: number,
): ReturnType<SmtpConnection['greeting']> {
  const { reply } = await connection.send(command);
  check(reply.code === code, `${command.send} was answered with ${reply.code} ${reply.lines.join(' ')}`);
  return reply;
}
