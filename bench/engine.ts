/**
 * The SMTP engine alone, without sockets or store: how many small transactions a second of a core makes, and how fast
 * commands and bodies are read; beside the parsers of `smtp-server` and Haraka at the same work. What a server adds to
 * these figures it spends elsewhere. `bench/README.md` says how to read them.
 *
 *     node bench/engine.ts [--seconds N] [--alone]
 */
import { parseArgs } from 'node:util';
import { TextLines } from '../src/bytes/text-lines.ts';
import type { Contender } from './contender.ts';
import { behindWire, letterlock } from './letterlock.ts';
import { machine, printTable, rate, type Row, type Turn } from './measure.ts';
import { loadHaraka } from './peers/haraka.ts';
import { smtpServer } from './peers/smtp-server.ts';
import type { Say } from './wire.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '2' }, alone: { type: 'boolean', default: false } },
});
const seconds = Number(values.seconds);

/** What the engine is to reach at the least. */
const leastTransactions = 150_000;
const leastScanned = 1;

const titles = {
  transactions: 'What a transaction is made of',
  commands: 'What is read of a pair of lines',
  bodies: 'What becomes of content',
} as const;

const header = 'Subject: letter\r\n\r\n';
const textLine = `${'x'.repeat(76)}\r\n`;
const letter = Buffer.from(`${(header + textLine.repeat(14)).slice(0, 1024 - 2)}\r\n`);
const body = Buffer.concat([letter, Buffer.from('.\r\n')]);
const lines = ['MAIL FROM:<nu1@447.edu> SIZE=1024', 'RCPT TO:<nu2@447.edu>', 'DATA'].map((line) =>
  Buffer.from(line),
);
const [mail, rcpt, data] = lines.map((line) => Buffer.concat([line, Buffer.from('\r\n')])) as [
  Buffer,
  Buffer,
  Buffer,
];
const group = Buffer.concat([mail, rcpt, data]);

type Peer = Contender | { readonly name: string; readonly missing: string };
const peers: readonly Peer[] = values.alone ? [] : [smtpServer, loadHaraka()];

/** What peers make of the same work, behind the rows of this engine. */
async function besides(own: readonly Row[], figureOf: (peer: Contender) => Promise<number>): Promise<Row[]> {
  const rows = [...own];
  for (const peer of peers)
    rows.push({ who: peer.name, figure: 'missing' in peer ? peer.missing : await figureOf(peer) });
  return rows;
}

/** How a client feeds a transaction. */
type Feed = (say: Say) => Turn;

const pipelined: Feed = (say) => async () => {
  await say(group, 3);
  await say(body, 1);
};

const oneByOne: Feed = (say) => async () => {
  for (const chunk of [mail, rcpt, data, body]) await say(chunk, 1);
};

/** For an engine that has answered when it returns. */
const atOnce =
  (...chunks: readonly Buffer[]): Feed =>
  (say) =>
  () => {
    for (const chunk of chunks) void say(chunk, 1);
  };

async function transactions(title: string, own: Feed, waiting: Feed): Promise<number> {
  const figure = await rate(own(await letterlock.transactions.open()), seconds);
  const wired = await rate(waiting(await behindWire()), seconds);
  const rows = await besides(
    [
      { who: letterlock.name, figure },
      { who: `${letterlock.name}, behind the peers' stream`, figure: wired },
    ],
    async (peer) => rate(waiting(await peer.transactions.open()), seconds),
  );
  printTable(`Transactions of 1 KiB, ${title}`, 'a second', 0, rows);
  return figure;
}

async function byChunks(): Promise<void> {
  const chunk = Buffer.from(`BDAT ${letter.length} LAST\r\n`);
  const say = await letterlock.transactions.open();
  const figure = await rate(atOnce(Buffer.concat([mail, rcpt, chunk, letter]))(say), seconds);
  printTable('The same by BDAT, in one group (no peer has it)', 'a second', 0, [
    { who: letterlock.name, figure },
  ]);
}

async function commands(): Promise<void> {
  const millions = async (contender: Contender): Promise<number> =>
    (await rate(contender.commands.open(mail.subarray(0, -2), rcpt.subarray(0, -2)), seconds)) / 1e6;
  const own = { who: letterlock.name, figure: await millions(letterlock) };
  printTable('MAIL and RCPT read, pairs of lines', 'million a second', 3, await besides([own], millions));
}

/** How fast content is read, in GB a second, in chunks as large as a socket gives. */
async function bodies(title: string, text: string): Promise<number> {
  const chunk = Buffer.from(text.repeat(Math.trunc(65_536 / text.length)));
  const scanned = async (contender: Contender): Promise<number> => {
    const read = await contender.bodies.open();
    return ((await rate(() => read(chunk), seconds)) * chunk.length) / 1e9;
  };
  const figure = await scanned(letterlock);
  printTable(
    `Content of DATA, ${title}`,
    'GB/s',
    3,
    await besides([{ who: letterlock.name, figure }], scanned),
  );
  return figure;
}

/** What BDAT looks at in text: whether its lines are whole. */
async function chunkedText(title: string, text: string): Promise<Row> {
  const chunk = Buffer.from(text.repeat(Math.trunc(65_536 / text.length)));
  const whole = new TextLines();
  const turns = await rate(() => {
    if (whole.push(chunk) !== null) throw new Error('the text under measurement has a bare line end');
  }, seconds);
  return { who: `${letterlock.name}, ${title}`, figure: (turns * chunk.length) / 1e9 };
}

/** What each row does of the work: the figures compare no more than that. */
function explain(): void {
  for (const part of ['transactions', 'commands', 'bodies'] as const) {
    console.log(`\n${titles[part]}`);
    for (const contender of [letterlock, ...peers])
      if (!('missing' in contender)) console.log(`  ${contender.name}: ${contender[part].does}.`);
  }
}

function judge(what: string, figure: number, least: number): void {
  const share = figure / least;
  const outcome = share >= 1 ? 'reached' : 'NOT reached';
  console.log(`${what}: ${outcome}, ${share.toPrecision(3)} times the least that it is to be`);
}

console.log(machine());
console.log(
  `In a second of one core; the best of three windows of ${seconds / 4} s. Ratios are to the first row.`,
);
const small = await transactions('MAIL, RCPT and DATA in one group', atOnce(group, body), pipelined);
await transactions('each reply awaited', atOnce(mail, rcpt, data, body), oneByOne);
await byChunks();
await commands();
const usual = await bodies('lines of 76 columns', textLine);
// Haraka wraps what is longer.
await bodies('lines of 980 columns', `${'x'.repeat(980)}\r\n`);
await bodies('lines of 10 columns', `${'x'.repeat(10)}\r\n`);
await bodies('at its worst: nothing but line ends', '\r\n');
await bodies('at its worst: nothing but dots', '..\r\n');
printTable('Text by BDAT: are its lines whole?', 'GB/s', 3, [
  await chunkedText('lines of 76 columns', textLine),
  await chunkedText('nothing but line ends', '\r\n'),
]);
explain();
console.log('');
judge(`${leastTransactions.toLocaleString('en')} small transactions a second`, small, leastTransactions);
judge(`${leastScanned} GB/s of text in lines of 76 columns`, usual, leastScanned);
