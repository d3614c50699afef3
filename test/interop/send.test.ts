import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import test from 'node:test';
import { createTransport } from 'nodemailer';
import { AtTerminal } from '../classic/terminal.ts';
import { LetterReader } from '../support/letters.ts';
import { addAccount, startServer, withSite } from '../support/server.ts';

const program = join(import.meta.dirname, '..', '..', 'bin', 'letterlock');
const password = 'a long enough password 42';

type Ran = { readonly status: number | null; readonly out: string; readonly complaint: string };

async function send(args: readonly string[], input = '', secret = password): Promise<Ran> {
  const child = spawn(program, ['send', ...args], { env: { ...process.env, LETTERLOCK_TEST: secret } });
  child.stdin.end(input);
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  const [out, complaint, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { status, out, complaint };
}

test('letterlock send: both doors, files that come back whole, and what goes wrong in one line', async () => {
  await withSite('', async (site) => {
    const address = await addAccount(site, 'ada', password);
    const server = await startServer(site);
    const at = (door: 'submissions' | 'submission'): string[] => [
      `--server=localhost:${server.port(door)}`,
      `--tls=${door === 'submission' ? 'starttls' : 'implicit'}`,
    ];
    const who = [`--ca=${server.authorityFile}`, `--user=${address}`, '--password-env=LETTERLOCK_TEST'];
    const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 31) % 256));
    const file = join(site.folder, 'möwe.bin');
    writeFileSync(file, bytes);
    const draft = [`--from=${address}`, `--to=${address}`, '--subject=Grüße', '--body=Hello'];
    const picture = join(site.folder, 'dot.PNG');
    writeFileSync(picture, 'no real one');
    const big = await send([...at('submissions'), ...who, ...draft, '--attach', file, picture]);
    assert.equal(big.status, 0, big.complaint);
    assert.match(big.out, /TLS: TLSv1\.3 .*\nServer certificate: SHA-256 [0-9a-f]{64}\n/);
    const letter = `From: ${address}\nTo: ${address}\nSubject: x\n\n.dot\nlast`;
    const piped = await send(
      [...at('submission'), ...who, '--mechanism=PLAIN', '--file=-', '--trace'],
      letter,
    );
    assert.equal(piped.status, 0, piped.complaint);
    assert.match(piped.complaint, /C: STARTTLS\n/);
    assert.match(piped.complaint, /C: AUTH PLAIN \*\*\*\n/);
    const credentials = Buffer.from(`\0${address}\0${password}`).toString('base64');
    assert.ok(!piped.complaint.includes(credentials));
    const reader = new LetterReader(server, address, password);
    const [second, first] = await reader.list();
    assert.ok(first !== undefined && second !== undefined);
    assert.match((await reader.bytesOf(first)).toString('latin1'), /\r\nContent-Type: image\/png\r\n/);
    const part = /filename\*=utf-8''m%C3%B6we\.bin\r\n\r\n([A-Za-z0-9+/=\r\n]+)/.exec(
      (await reader.bytesOf(first)).toString('latin1'),
    );
    assert.ok(Buffer.from(part?.[1] ?? '', 'base64').equals(bytes));
    assert.match((await reader.bytesOf(second)).toString('latin1'), /\r\n\.dot\r\nlast\r\n$/);
    reader.close();
    const wrong = await send([...at('submission'), ...who, ...draft], '', 'not the password at all');
    assert.match(wrong.complaint, /^letterlock: the login is refused: 535 [^\n]*\n$/);
    const partly = await send([...at('submission'), ...who, ...draft, `--to=nobody@${site.domain}`]);
    assert.match(partly.complaint, /^letterlock: 1 of 2 recipients were refused[^\n]*\n$/);
    const untrusted = await send([...at('submission'), ...who.slice(1), ...draft]);
    assert.match(untrusted.complaint, /^letterlock: the certificate of [^\n]*\n$/);
    const bare = await send([...at('submission'), ...who, '--file=-'], 'From: a@b.c\n\na\rb');
    assert.match(bare.complaint, /^letterlock: line 3 of the letter has a carriage return[^\n]*\n$/);
    for (const failed of [wrong, partly, untrusted, bare]) assert.equal(failed.status, 1);
    await server.stop();
  });
});

test('letterlock send: a text from standard input, a password from the terminal, a trace without secrets', async () => {
  await withSite('', async (site) => {
    const address = await addAccount(site, 'ada', password);
    const server = await startServer(site);
    const ca = `--ca=${server.authorityFile}`;
    const at = [`--server=localhost:${server.port('submissions')}`, '--tls=implicit', ca];
    const draft = [`--from=${address}`, `--to=${address}`];
    const user = `--user=${address}`;
    const known = [user, '--password-env=LETTERLOCK_TEST'];
    const piped = await send([...at, ...known, ...draft, '--body=@-', '--trace'], 'Dear Ada,\ngrüß dich.\n');
    assert.equal(piped.status, 0, piped.complaint);
    assert.match(piped.out, /\nLogged in with SCRAM-SHA-256-PLUS\.\n/);
    const challenges = piped.complaint.split('\n').filter((line) => line.startsWith('S: 334'));
    assert.deepEqual(challenges, ['S: 334 ***', 'S: 334 ***']);
    const reader = new LetterReader(server, address, password);
    const [letter] = await reader.list();
    assert.ok(letter !== undefined);
    assert.match(
      (await reader.bytesOf(letter)).toString('latin1'),
      /\r\n\r\nDear Ada,\r\ngr=C3=BC=C3=9F dich\.\r\n$/,
    );
    reader.close();
    const terminal = new AtTerminal(['send', ...at, user, ...draft, '--subject=typed']);
    await terminal.answers(`Password of ${address}: `, password);
    await terminal.sees('The letter is taken: 250 ');
    assert.equal(await terminal.ends(), 0);
    assert.ok(!terminal.screen.includes(password));
    const complaints: readonly (readonly [RegExp, ...string[]])[] = [
      [/^letterlock: --user needs a password: [^\n]*\n$/, ...at, user, ...draft],
      [
        /^letterlock: standard input is the letter already: /,
        ...at,
        user,
        ...draft,
        '--password-stdin',
        '--body=@-',
      ],
      [
        /^letterlock: nowhere\.pdf: there is no such file [^\n]*\n$/,
        ...at,
        ...known,
        ...draft,
        '--attach=nowhere.pdf',
      ],
      [
        /^letterlock: the server at [^\n]* does not speak TLS on this port; does it want --tls starttls\?\n$/,
        `--server=localhost:${server.port('submission')}`,
        '--tls=implicit',
        ca,
        ...known,
        ...draft,
      ],
    ];
    for (const [complaint, ...args] of complaints) {
      const failed = await send(args, 'x');
      assert.match(failed.complaint, complaint);
      assert.equal(failed.status, 1);
    }
    await server.stop();
  });
});

const root = join(import.meta.dirname, '..', '..');

/** The examples of docs/CLIENT.md, as they run in this checkout. */
const examples = (): readonly string[] =>
  [...readFileSync(join(root, 'docs/CLIENT.md'), 'utf8').matchAll(/```ts\n([^]*?)```/g)].map((match) =>
    (match[1] ?? '').replaceAll("'letterlock/smtp'", JSON.stringify(join(root, 'src/smtp/index.ts'))),
  );

test('docs/CLIENT.md: the example of sending sends a letter', async () => {
  await withSite('', async (site) => {
    const address = await addAccount(site, 'ada', password);
    const server = await startServer(site);
    const file = join(site.folder, 'send.ts');
    writeFileSync(file, examples()[0] ?? '');
    const child = spawn(process.execPath, [file], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        HOST: 'localhost',
        PORT: String(server.port('submissions')),
        MAIL_USER: address,
        MAIL_PASSWORD: password,
        NODE_EXTRA_CA_CERTS: server.authorityFile,
      },
    });
    assert.equal(await text(child.stdout), 'SCRAM-SHA-256-PLUS 250\n');
    await server.stop();
  });
});

test('docs/CLIENT.md: the example of receiving receives one', async (t) => {
  await withSite('', async (site) => {
    const file = join(site.folder, 'receive.ts');
    writeFileSync(file, examples()[1] ?? '');
    const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill());
    let printed = '';
    const port = await new Promise<string>((resolve, reject) => {
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        printed += chunk;
        const [, found] = /^listening at (\d+)\n/.exec(printed) ?? [];
        if (found !== undefined) resolve(found);
      });
      child.once('error', reject).once('exit', () => reject(new Error(`it ended: ${printed}`)));
    });
    const transport = createTransport({
      host: '127.0.0.1',
      port: Number(port),
      secure: false,
      ignoreTLS: true,
    });
    const letter = { from: 'bob@far.example', subject: 'Hello', text: '.dotted\n' };
    await transport.sendMail({ ...letter, to: 'ada@mail.example' });
    await assert.rejects(transport.sendMail({ ...letter, to: 'ada@elsewhere.example' }), /550/);
    transport.close();
    assert.match(printed, /\r\nSubject: Hello\r\n[^]*\r\n\r\n\.dotted\r\n/);
  });
});
