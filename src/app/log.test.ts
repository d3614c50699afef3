import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import fc from 'fast-check';
import { Secret } from '../sasl/exchange.ts';
import { logSettings, openLog } from './log.ts';
import type { LogSettings } from './log.ts';

const json: LogSettings = { level: 'info', format: 'json', colour: false };
const forPeople: LogSettings = { level: 'info', format: 'text', colour: false };

function lines(settings: LogSettings, write: (log: ReturnType<typeof openLog>) => void): string[] {
  const written: string[] = [];
  write(openLog(settings, { write: (line) => written.push(line) }));
  for (const line of written) assert.match(line, /^[^\n]*\n$/);
  return written;
}

function object(line: string | undefined): Map<string, unknown> {
  const value: unknown = JSON.parse(line ?? '');
  assert.ok(typeof value === 'object' && value !== null);
  return new Map(Object.entries(value));
}

test('an event is a JSON object a line with level, time and name', () => {
  const [line] = lines(json, (log) => log.warn('smtp.login', { account: 'nu1@447.edu', tries: 3, big: 5n }));
  const fields = object(line);
  assert.match(String(fields.get('time')), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  fields.delete('time');
  assert.deepEqual(Object.fromEntries(fields), {
    level: 'warn',
    event: 'smtp.login',
    account: 'nu1@447.edu',
    tries: 3,
    big: '5',
  });
});

test('what is below the level is not written', () => {
  const all = (log: ReturnType<typeof openLog>) => {
    for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level]('x', {});
  };
  assert.equal(lines({ ...json, level: 'trace' }, all).length, 4);
  assert.equal(lines({ ...json, level: 'warn' }, all).length, 2);
  assert.equal(lines({ ...json, level: 'silent' }, all).length, 0);
});

test('no secret is written, at any depth, in either format', () => {
  const secret = new Secret('sesame');
  const fields = {
    secret,
    nested: { deep: [{ Password: 'sesame', key: secret }], headers: { Authorization: 'Basic sesame' } },
    map: new Map([['passphrase', 'sesame']]),
    error: new Error('x', { cause: { password: 'sesame', why: secret } }),
    bytes: Buffer.from('sesame'),
  };
  for (const settings of [json, forPeople]) {
    const [line = ''] = lines(settings, (log) => log.info('x', fields));
    assert.ok(line.includes('***'));
    assert.ok(
      !line.includes('sesame') && !line.includes(Buffer.from('sesame').toJSON().data.join(',')),
      line,
    );
  }
});

test("a peer's control characters neither break a line nor reach a terminal", () => {
  const evil =
    'a\u001b[31mred\u001b]0;title\u0007\r\nFORGED\u0000\u007f\u0085\u009b2J\u2028\u202e\u200b\u{e0001}';
  for (const settings of [json, forPeople]) {
    const [line = ''] = lines(settings, (log) =>
      log.info(`x${evil}`, { evil, [evil]: { [evil]: evil }, error: new Error(evil), list: [evil] }),
    );
    assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\p{Cf}\u2028\u2029]/u);
    assert.ok(line.includes('\\u001b'));
  }
});

test('text for people: time, level, event, fields in one line; colour only when asked', () => {
  const [plain = ''] = lines(forPeople, (log) => log.error('door.open', { port: 4650 }));
  assert.match(plain, /^\[\d\d:\d\d:\d\d\.\d{3}\] ERROR: door\.open \{"port":4650\}\n$/);
  const [coloured = ''] = lines({ ...forPeople, colour: true }, (log) => log.error('door.open', { port: 1 }));
  assert.ok(coloured.includes('\u001b[3'));
});

test('errors carry type, code, frames and causes; odd values are told, not thrown', () => {
  const cause = Object.assign(new TypeError('inner'), { code: 'EINNER' });
  const circle: Record<string, unknown> = {};
  circle['circle'] = circle;
  const odd = {
    circle,
    invalid: new Date(NaN),
    endless: Infinity,
    run: () => 1,
    set: new Set([1]),
    throwing: Object.defineProperty({}, 'x', {
      enumerable: true,
      get() {
        throw new Error('getter');
      },
    }),
    map: new Map([[Object.create(null), 1]]),
    level: 'mine',
    missing: undefined,
  };
  const [line] = lines(json, (log) => log.error('fault', { error: new Error('outer', { cause }), ...odd }));
  const fields = object(line);
  const error: unknown = fields.get('error');
  assert.match(
    JSON.stringify(error),
    /"type":"Error","message":"outer","stack":\["at .*"cause":\{"type":"TypeError"/,
  );
  assert.match(JSON.stringify(error), /"code":"EINNER"/);
  assert.equal(fields.get('level'), 'error');
  assert.equal(fields.get('_level'), 'mine');
  assert.equal(fields.get('invalid'), 'invalid date');
  assert.deepEqual(fields.get('map'), { '[object]': 1 });
  assert.deepEqual(fields.get('throwing'), { unreadable: 'getter' });
});

test('a line is never longer than a pipe takes in one piece, and is JSON whatever is in it', () => {
  const anything = fc.dictionary(
    fc.string({ unit: 'binary' }),
    fc.anything({ withBigInt: true, withMap: true, withDate: true }),
  );
  const long = fc.record({
    text: fc.string({ unit: 'grapheme', minLength: 3000, maxLength: 9000 }),
    filler: fc.constant(Array(90).fill('"\u0000é'.repeat(40))),
  });
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.oneof(anything, long), (event, fields) => {
      const [line = ''] = lines(json, (log) => log.info(event, fields));
      assert.ok(Buffer.byteLength(line) <= 4096);
      assert.equal(object(line).get('level'), 'info');
      const [pretty = ''] = lines(forPeople, (log) => log.info(event, fields));
      assert.doesNotMatch(pretty.slice(0, -1), /[\p{Cc}\p{Cf}\u2028\u2029]/u);
    }),
    { interruptAfterTimeLimit: 1500, markInterruptAsFailure: false },
  );
});

test('several threads write to one pipe: each line is whole, names its thread, and none is lost', async () => {
  const log = JSON.stringify(new URL('./log.ts', import.meta.url).href);
  const script = `
    import { Worker } from 'node:worker_threads';
    const body = \`const { openLog } = await import(${log.replaceAll('`', '')});
      const log = openLog({ level: 'info', format: 'json', colour: false });
      for (let i = 0; i < 400; i++) log.info('tick', { i, text: 'x'.repeat(i % 2 ? 900 : 10) });\`;
    for (let n = 0; n < 3; n++) new Worker(new URL('data:text/javascript,' + encodeURIComponent(body)));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  assert.equal(code, 0);
  const counts = new Map<unknown, number>();
  for (const line of out.trimEnd().split('\n')) {
    const thread = object(line).get('thread');
    counts.set(thread, (counts.get(thread) ?? 0) + 1);
  }
  assert.deepEqual([...counts.values()], [400, 400, 400]);
});

test('"auto" is text at a terminal and JSON elsewhere', () => {
  const keys = { level: 'info', format: 'auto' } as const;
  const at = (isTerminal: boolean, noColour = false) => logSettings(keys, { isTerminal, noColour });
  assert.deepEqual(at(true), { level: 'info', format: 'text', colour: true });
  assert.deepEqual(at(true, true), { level: 'info', format: 'text', colour: false });
  assert.deepEqual(at(false), { level: 'info', format: 'json', colour: false });
  assert.equal(
    logSettings({ ...keys, format: 'json' }, { isTerminal: true, noColour: false }).format,
    'json',
  );
});
