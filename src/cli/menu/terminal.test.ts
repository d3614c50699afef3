import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { defused } from './defused.ts';
import { InputEnded, Terminal } from './terminal.ts';

function piped(): { terminal: Terminal; input: PassThrough; shown: () => string; complaints: () => string } {
  const input = new PassThrough();
  const output = new PassThrough();
  const errors = new PassThrough();
  const terminal = new Terminal({ input, output, errors, interrupted: () => undefined });
  return { terminal, input, shown: () => readAll(output), complaints: () => readAll(errors) };
}

/** What was written so far. */
function readAll(stream: PassThrough): string {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk: unknown = stream.read();
    if (!Buffer.isBuffer(chunk)) return Buffer.concat(chunks).toString('utf8');
    chunks.push(chunk);
  }
}

test('nothing that is printed can act on the terminal', () => {
  const { terminal, shown, complaints } = piped();
  terminal.print('250 \u001b[2J\u009b1m\u0007\b\u202eevil\u2028x\ty\r\nnext\rline\ud800');
  assert.equal(
    shown(),
    '250 \\u{1b}[2J\\u{9b}1m\\u{7}\\u{8}\\u{202e}evil\\u{2028}x\ty\nnext\\u{d}line\ufffd\n',
  );
  terminal.complain('two\nlines');
  assert.equal(complaints(), 'two\\u{a}lines\n');
  assert.equal(defused('Grüße, 你好 👩‍💻'), 'Grüße, 你好 👩‍💻');
  terminal.close();
});

test('lines that come early are kept, and the end comes after them', async () => {
  const { terminal, input, shown } = piped();
  input.end('one\r\nsecret\nlast');
  assert.equal(await terminal.ask('First? '), 'one');
  assert.equal((await terminal.askSecret('Secret? ')).reveal(), 'secret');
  assert.equal(await terminal.ask('Last? '), 'last');
  await assert.rejects(terminal.ask('More? '), InputEnded);
  await assert.rejects(terminal.askSecret('More? '), InputEnded);
  assert.doesNotMatch(shown(), /secret/);
});

test('a question can be given up, and the answer goes to the next one', async () => {
  const { terminal, input } = piped();
  const gone = Promise.withResolvers<Error>();
  const question = terminal.ask('Command: ', gone.promise);
  gone.resolve(new Error('gone'));
  await assert.rejects(question, /gone/);
  const next = terminal.ask('Connect? ', new Promise(() => undefined));
  input.write('Connect\n');
  assert.equal(await next, 'Connect');
  await assert.rejects(terminal.ask('Command: ', gone.promise), /gone/);
  terminal.close();
});
