import { menuCommands, type MenuCommand } from './menu-command.ts';
import { fitting, type Stage } from './stage.ts';

/** The menu on one line. */
export const menuLine = `Commands: ${menuCommands.map((command) => `[${command}]`).join(' ')}`;

const meanings: Readonly<Record<MenuCommand, string>> = {
  HELO: 'greet the server',
  AUTH: 'say who you are; somebody new is enrolled and gets a password',
  'MAIL FROM': 'begin a letter, with your own address',
  'RCPT TO': 'say who the letter is for; again for each further recipient',
  DATA: 'write the letter and send it',
  HELP: 'show this list',
  QUIT: 'say goodbye and end',
};

/** The commands with what they do, a line each; `->` marks those that fit now. */
export function helpLines(stage: Stage): string[] {
  const now = fitting(stage);
  const lines = menuCommands.map((command) => {
    const fits = now.includes(command);
    return `${fits ? '->' : '  '} ${command.padEnd(10)} ${meanings[command]}${fits ? '  (fits now)' : ''}`;
  });
  return stage.at === 'transaction'
    ? [...lines, `   ${'RSET'.padEnd(10)} give up the letter that was begun`]
    : lines;
}
