import { createRequire } from 'node:module';
import { isMainThread, threadId } from 'node:worker_threads';
import { destination, pino, stdTimeFunctions } from 'pino';
import type * as PinoPretty from 'pino-pretty';
import type { Fields, Journal } from '../net/journal.ts';
import { loggableEntries } from './log-value.ts';
import type { ConfigKeys } from './config-schema.ts';

/** How a process logs; plain data, so that it crosses to a worker thread. */
export type LogSettings = {
  readonly level: ConfigKeys['log']['level'];
  /** `text` is for people, a line an event all the same. */
  readonly format: 'json' | 'text';
  readonly colour: boolean;
};

/** Takes whole lines with their line end. */
export type LogOutput = { write(line: string): void };

/** What the configuration's `log` table comes to where the log goes to a terminal, or does not. */
export function logSettings(
  keys: ConfigKeys['log'],
  terminal: { readonly isTerminal: boolean; readonly noColour: boolean },
): LogSettings {
  const automatic = terminal.isTerminal ? 'text' : 'json';
  const format = keys.format === 'auto' ? automatic : keys.format;
  return { level: keys.level, format, colour: terminal.isTerminal && !terminal.noColour };
}

/**
 * Opens the log: one line an event, written whole and at once, so that nothing is lost when the process is killed and
 * the lines of several threads never mix. No secret and no control character of a peer reaches a line.
 */
export function openLog(settings: LogSettings, output: LogOutput = standardOutput()): Journal {
  const prettify = settings.format === 'text' ? textOf(settings) : null;
  const write = (line: string): void => {
    const safe = shorten(escapeControls(line));
    output.write(prettify === null ? safe : prettify(showEscapes(safe)));
  };
  const logger = pino(
    {
      level: settings.level,
      base: isMainThread ? null : { thread: threadId },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  );
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, fields: Fields): void => {
      // Making the line costs more than asking first.
      if (logger.isLevelEnabled(level)) logger[level](eventObject(event, fields));
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Names that a line has of its own; a field that is called so gets a low line before it. */
const ownNames = new Set(['level', 'time', 'thread', 'event']);

function eventObject(event: string, fields: Fields): object {
  const entries = Object.entries(fields).map(
    ([key, value]) => [ownNames.has(key) ? `_${key}` : key, value] as const,
  );
  return loggableEntries([['event', event], ...entries]);
}

/**
 * What a pipe takes in one piece even when it is full (PIPE_BUF on Linux); a longer line of one thread could have
 * another's in its middle.
 */
const longestLineBytes = 4096;

function shorten(line: string): string {
  if (Buffer.byteLength(line) <= longestLineBytes) return line;
  const [level = '', time = '', event = ''] = ['level', 'time', 'event'].map(
    (name) => new RegExp(`"${name}":("(?:[^"\\\\]|\\\\.)*")`).exec(line.slice(0, 2000))?.[1] ?? '""',
  );
  const short = `{"level":${level},"time":${time},"event":${event},"cut":${JSON.stringify(line.slice(0, 1000))}}\n`;
  const safe = escapeControls(short);
  return Buffer.byteLength(safe) <= longestLineBytes
    ? safe
    : `{"level":${level},"time":${time},"event":"log.cut"}\n`;
}

/** JSON escapes C0 itself; here DEL, C1, line separators and what turns the direction of text or is not seen. */
function escapeControls(json: string): string {
  return json.replace(/[\u007f-\u009f\u2028\u2029\p{Cf}]/gu, (character) =>
    [...Array(character.length).keys()]
      .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** Doubles the escapes of a JSON line, so that whoever parses it shows `\u001b` and does not send it. */
function showEscapes(json: string): string {
  return json.replace(/\\(?:u[0-9a-f]{4}|.)/gi, (escape) =>
    /^\\["\\/]/.test(escape) ? escape : `\\${escape}`,
  );
}

/** Loaded only for people: a program's log needs no colours. */
function textOf(settings: LogSettings): (line: string) => string {
  const load: (name: string) => typeof PinoPretty = createRequire(import.meta.url);
  const pretty = load('pino-pretty').prettyFactory({
    colorize: settings.colour,
    messageKey: 'event',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
    // No key is an error's: those are plain values by now, and stay in their line.
    errorLikeObjectKeys: [],
  });
  return pretty;
}

function standardOutput(): LogOutput {
  return destination({ fd: 1, sync: true });
}
