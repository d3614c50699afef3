/** What the sender's menu offers, in the order in which a letter needs them. */
export const menuCommands = ['HELO', 'AUTH', 'MAIL FROM', 'RCPT TO', 'DATA', 'HELP', 'QUIT'] as const;

export type MenuCommand = (typeof menuCommands)[number];

/** What may be typed: the menu, and RSET for whoever wants to give up a letter that was begun. */
export type KnownCommand = MenuCommand | 'RSET';

/** A command as it was typed, with what followed it; empty where nothing did. */
export type TypedCommand = { readonly command: KnownCommand; readonly argument: string };

/** Other spellings are those of the wire, for whoever knows them. */
const spelling = /^(HELO|EHLO|AUTH|MAIL FROM|MAIL|RCPT TO|RCPT|DATA|RSET|HELP|QUIT)(?: ?:| |$) ?(.*)$/iu;

const meant: ReadonlyMap<string, KnownCommand> = new Map<string, KnownCommand>([
  ...menuCommands.map((command): [string, KnownCommand] => [command, command]),
  ['RSET', 'RSET'],
  ['EHLO', 'HELO'],
  ['MAIL', 'MAIL FROM'],
  ['RCPT', 'RCPT TO'],
]);

/** The commands that may be typed together with what they need: a host name, an address. */
const takesArgument: ReadonlySet<KnownCommand> = new Set(['HELO', 'MAIL FROM', 'RCPT TO']);

/** Reads a line of the menu, in any case; null where it is none of the commands. */
export function parseMenuCommand(line: string): TypedCommand | null {
  const match = spelling.exec(line.trim().replaceAll(/\s+/gu, ' '));
  const command = meant.get(match?.[1]?.toUpperCase() ?? '');
  const argument = match?.[2] ?? '';
  if (command === undefined || (argument !== '' && !takesArgument.has(command))) return null;
  return { command, argument };
}

/** `Connect`, with a port where a person wants another one; `port` is the text as it was typed, null where there is none. */
export type TypedConnect = { readonly port: string | null };

/** Reads what is typed while there is no connection, in any case; null where it is not `Connect`. */
export function parseConnect(line: string): TypedConnect | null {
  const match = /^connect(?:\s+(?:to\s+)?(?:port\s+)?(\S+))?$/iu.exec(line.trim());
  return match === null ? null : { port: match[1] ?? null };
}
