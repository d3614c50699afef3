import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { ask, basic, clientCertificate, deliver, lettersDoor, raw, rest, session } from './https-loopback.ts';

const mine = { authorization: basic('nu1@447.edu') };
const lih = 'From: nu2@447.edu\r\nSubject: lih\r\nMessage-ID: <1@x>\r\n\r\nHello\r\n.\r\nFrom me\r\n';

test('a letter in each of its representations', async (t) => {
  const at = await lettersDoor(t);
  await deliver(at.store, [at.nu1], lih);
  const client = session(t, at);
  const path = '/letters/nu1%40447.edu/1';
  const get = (accept: string) => ask(client, path, { ...mine, accept });

  const text = await get('text/plain');
  assert.equal(text.status, 200);
  assert.equal(text.headers['content-type'], 'text/plain; charset=utf-8');
  const classic =
    '[DATE: 06/30/2020] [TIME: 01:03:35]\n[Delivered]\nMAIL FROM: nu1@447.edu\nRCPT TO: nu1@447.edu\n' +
    'Subject: lih\n\nMessage:\nHello\n.\nFrom me\n';
  assert.equal(text.text, classic);

  const whole = await get('message/rfc822');
  assert.equal(whole.headers['content-type'], 'message/rfc822');
  assert.equal(whole.text, `Received: by mail.447.edu\r\n${lih}`);
  assert.equal(whole.headers['content-length'], String(whole.body.length));

  const mbox = await get('application/mbox');
  assert.equal(
    mbox.text,
    'From nu1@447.edu Tue Jun 30 01:03:35 2020\nReceived: by mail.447.edu\nFrom: nu2@447.edu\nSubject: lih\n' +
      'Message-ID: <1@x>\n\nHello\n.\n>From me\n\n',
  );

  const json = await get('application/json');
  assert.equal(json.headers['content-type'], 'application/json');
  const read = JSON.parse(json.text) as Record<string, unknown>;
  const { transport, ...rest_ } = read;
  assert.deepEqual(rest_, {
    id: 1,
    receivedAt: '2020-06-30T01:03:35.000Z',
    mailFrom: 'nu1@447.edu',
    rcptTo: 'nu1@447.edu',
    subject: 'lih',
    from: 'nu2@447.edu',
    sentAt: null,
    messageId: '1@x',
    sizeBytes: lih.length,
    sha256: createHash('sha256').update(lih).digest('hex'),
    url: path,
    text: 'Hello\n.\nFrom me\n',
    textIsWhole: true,
  });
  assert.equal((transport as { protocol: string }).protocol, 'ESMTPSA');

  for (const answer of [text, whole, mbox, json]) {
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    assert.match(answer.headers['content-security-policy'] as string, /^default-src 'none'.*sandbox$/);
    assert.equal(answer.headers['server'], undefined);
    assert.equal(answer.headers['vary'], 'Accept');
  }
  const html = await get('text/html');
  assert.equal(html.status, 406);
  assert.equal(
    html.text,
    'There is text/plain; charset=utf-8, application/json, message/rfc822, application/mbox.\n',
  );
  const list = '/letters/nu1%40447.edu';
  assert.equal(
    (await ask(client, list, mine)).text,
    `${classic}[Letter 1 of nu1@447.edu: /letters/nu1%40447.edu/1]\n`,
  );
  const kinds = 'There is text/plain; charset=utf-8, application/json, application/mbox.';
  const asMessage = await ask(client, list, { ...mine, accept: 'message/rfc822' });
  assert.deepEqual(
    [asMessage.status, asMessage.text],
    [406, `${kinds} message/rfc822 is for one letter at a time: GET /letters/nu1%40447.edu/{id}.\n`],
  );
  assert.equal((await ask(client, list, { ...mine, accept: 'text/html' })).text, `${kinds}\n`);
});

test('HEAD says of every representation what GET says, without a body', async (t) => {
  const at = await lettersDoor(t);
  await deliver(at.store, [at.nu1], lih);
  const client = session(t, at);
  for (const path of [
    '/',
    '/letters/nu1@447.edu',
    '/letters/nu1@447.edu/1',
    '/letters/nu2@447.edu',
    '/nothing',
  ]) {
    for (const accept of [
      'text/plain',
      'application/json',
      'application/mbox',
      'message/rfc822',
      'text/html',
    ]) {
      const get = await ask(client, path, { ...mine, accept });
      const head = await ask(client, path, { ...mine, accept, ':method': 'HEAD' });
      assert.equal(head.status, get.status, `${path} ${accept}`);
      assert.equal(head.body.length, 0);
      assert.equal(head.headers.etag, get.headers.etag);
      assert.equal(head.headers['content-type'], get.headers['content-type']);
      const length = head.headers['content-length'];
      assert.ok(length === undefined || length === String(get.body.length), `${path} ${accept}`);
    }
  }
  assert.ok(at.room.fits(64_000_000), 'all room is given back');
});

test('no letters is an empty list', async (t) => {
  const at = await lettersDoor(t);
  const client = session(t, at);
  const text = await ask(client, '/letters/nu1@447.edu', mine);
  assert.deepEqual([text.status, text.text], [200, 'No letters.\n']);
  const json = await ask(client, '/letters/nu1@447.edu', { ...mine, accept: 'application/json' });
  assert.deepEqual(JSON.parse(json.text), { address: 'nu1@447.edu', letters: [], next: null });
  const mbox = await ask(client, '/letters/nu1@447.edu', { ...mine, accept: 'application/mbox' });
  assert.deepEqual([mbox.status, mbox.text], [200, '']);
});

test('45 letters in pages, newest first, none twice and none left out', async (t) => {
  const at = await lettersDoor(t);
  for (let n = 1; n <= 45; n++) await deliver(at.store, [at.nu1, at.nu2], `Subject: n${n}\r\n\r\n${n}\r\n`);
  const client = session(t, at);
  const seen: string[] = [];
  let path: string | null = '/letters/NU1@447.EDU';
  const sizes: number[] = [];
  while (path !== null) {
    const answer = await ask(client, path, { ...mine, accept: 'application/json' });
    assert.equal(answer.status, 200);
    const page = JSON.parse(answer.text) as { letters: { subject: string }[]; next: string | null };
    sizes.push(page.letters.length);
    seen.push(...page.letters.map(({ subject }) => subject));
    assert.equal(answer.headers['link'], page.next === null ? undefined : `<${page.next}>; rel="next"`);
    path = page.next;
    // What arrives meanwhile shifts nothing.
    await deliver(at.store, [at.nu1], 'Subject: late\r\n\r\n\r\n');
  }
  assert.deepEqual(sizes, [20, 20, 5]);
  assert.deepEqual(
    seen,
    Array.from({ length: 45 }, (_, index) => `n${45 - index}`),
  );
  const all = await ask(client, '/letters/nu2@447.edu?count=45', {
    authorization: basic('nu2@447.edu'),
    accept: 'application/json',
  });
  assert.equal(all.headers['link'], undefined);
  const text = await ask(client, '/letters/nu1@447.edu?count=2', mine);
  assert.equal(text.text.split('[Delivered]').length, 3);
  assert.match(text.text, /\n\n\[DATE/);
  assert.ok(text.headers['link']);
  for (const query of ['count=0', 'count=101', 'count=x', 'before=x', 'count=1&count=1']) {
    const wrong = await ask(client, `/letters/nu1@447.edu?${query}`, mine);
    assert.equal(wrong.status, 400, query);
    assert.match(wrong.text, /^(count|before) .*\.\n$/);
  }
});

test('a tag is kept while nothing changes, and 304 sends nothing', async (t) => {
  const at = await lettersDoor(t);
  await deliver(at.store, [at.nu1], lih);
  const client = session(t, at);
  const tags = new Set<string>();
  for (const path of ['/letters/nu1@447.edu', '/letters/nu1@447.edu/1']) {
    for (const accept of ['text/plain', 'application/json', 'application/mbox', 'message/rfc822']) {
      const first = await ask(client, path, { ...mine, accept });
      if (first.status === 406) continue;
      const tag = first.headers.etag ?? '';
      assert.match(tag, /^"/);
      tags.add(`${path === '/letters/nu1@447.edu' ? 'list' : 'one'} ${tag}`);
      const again = await ask(client, path, { ...mine, accept, 'if-none-match': `"x", W/${tag}` });
      assert.deepEqual([again.status, again.body.length, again.headers.etag], [304, 0, tag]);
      assert.equal((await ask(client, path, { ...mine, accept, 'if-none-match': '"x"' })).status, 200);
    }
  }
  assert.equal(tags.size, 7);
  const list = await ask(client, '/letters/nu1@447.edu', mine);
  await deliver(at.store, [at.nu1], 'Subject: new\r\n\r\n\r\n');
  const changed = await ask(client, '/letters/nu1@447.edu', {
    ...mine,
    'if-none-match': list.headers.etag ?? '',
  });
  assert.equal(changed.status, 200);
  assert.notEqual(changed.headers.etag, list.headers.etag);
  assert.equal((await ask(client, '/letters/nu1@447.edu', { 'if-none-match': '*' })).status, 401);
});

test('who gets what', async (t) => {
  const at = await lettersDoor(t);
  await deliver(at.store, [at.nu1], lih);
  const client = session(t, at);
  const get = (path: string, authorization?: string) =>
    ask(client, path, authorization === undefined ? {} : { authorization });
  const table: readonly (readonly [string, string | undefined, number])[] = [
    ['/letters/nu1@447.edu', undefined, 401],
    ['/letters/nu1@447.edu', 'Basic', 401],
    ['/letters/nu1@447.edu', 'Bearer x', 401],
    ['/letters/nu1@447.edu', basic('nu1@447.edu', 'wrong'), 401],
    ['/letters/nu1@447.edu', basic('nobody@447.edu'), 401],
    ['/letters/nu1@447.edu', basic('nu1@447.edu'), 200],
    ['/letters/nu1@447.edu', basic('NU1'), 200],
    ['/letters/nu1', basic('nu1@447.edu'), 200],
    ['/letters/%6Eu1%40447.edu', basic('nu1@447.edu'), 200],
    ['/letters/%22nu1%22@447.edu', basic('nu1@447.edu'), 200],
    ['/letters/nu2@447.edu', basic('nu1@447.edu'), 403],
    ['/letters/nobody@447.edu', basic('nu1@447.edu'), 403],
    ['/letters/nu1@elsewhere.example', basic('nu1@447.edu'), 403],
    ['/letters/nu2@447.edu/1', basic('nu1@447.edu'), 403],
    ['/letters/not%20an%20address@', undefined, 401],
    ['/letters/not%20an%20address@', basic('nu1@447.edu'), 400],
    ['/letters/nu1@447.edu/1', basic('nu1@447.edu'), 200],
    ['/letters/nu1@447.edu/2', basic('nu1@447.edu'), 404],
    ['/letters/nu1@447.edu/01', basic('nu1@447.edu'), 404],
    ['/letters/nu1@447.edu/__proto__', basic('nu1@447.edu'), 404],
    ['/', undefined, 200],
    ['/letters', undefined, 404],
    ['/letters/', undefined, 404],
    ['/letters/nu1@447.edu/', undefined, 404],
    ['/letters/nu1@447.edu/1/2', undefined, 404],
    ['/__proto__', undefined, 404],
  ];
  for (const [path, authorization, status] of table)
    assert.equal((await get(path, authorization)).status, status, `${path} ${authorization}`);
  const sayWho = 'Say who you are: an address and its password, or a client certificate.\n';
  const wrong = 'The address or the password is wrong.\n';
  for (const [authorization, line] of [
    [undefined, sayWho],
    ['Bearer x', sayWho],
    [basic('nu1@447.edu', 'wrong'), wrong],
    [basic('nobody@447.edu'), wrong],
  ] as const) {
    const refused = await get('/letters/nu1@447.edu', authorization);
    assert.equal(refused.text, line);
    assert.ok(refused.headers['www-authenticate']);
  }
  const challenge = (await get('/letters/nu1@447.edu')).headers['www-authenticate'];
  assert.equal(challenge, 'Basic realm="Letterlock", charset="UTF-8"');
  const other = await get('/letters/nu2@447.edu', basic('nu1@447.edu'));
  const nobody = await get('/letters/nobody@447.edu', basic('nu1@447.edu'));
  delete other.headers['date'];
  delete nobody.headers['date'];
  assert.deepEqual(other, nobody);
});

test('wrong passwords are throttled, with the time to wait', async (t) => {
  const at = await lettersDoor(t);
  const client = session(t, at);
  let status = 401;
  for (let n = 0; status === 401 && n < 50; n++) {
    const answer = await ask(client, '/letters/nu1@447.edu', {
      authorization: basic('nu1@447.edu', `no ${n}`),
    });
    status = answer.status;
    if (status === 429) assert.match(answer.headers['retry-after'] ?? '', /^[1-9]\d*$/);
  }
  assert.equal(status, 429);
  const secrets = JSON.stringify(at.journal.lines);
  assert.ok(!secrets.includes('no 0') && !secrets.includes(basic('nu1@447.edu', 'no 0')));
});

test('a trusted client certificate speaks for the addresses that it names', async (t) => {
  const at = await lettersDoor(t);
  const trusted = session(t, at, await clientCertificate(at, 'NU1@447.edu'));
  assert.equal((await ask(trusted, '/letters/nu1@447.edu')).status, 200);
  assert.equal((await ask(trusted, '/letters/nu2@447.edu')).status, 403);
  assert.equal((await ask(trusted, '/letters/nobody@447.edu')).status, 403);
  // Who says who they are is that person, and nobody else.
  assert.equal(
    (await ask(trusted, '/letters/nu1@447.edu', { authorization: basic('nu2@447.edu') })).status,
    403,
  );
  assert.equal(
    (await ask(trusted, '/letters/nu2@447.edu', { authorization: basic('nu2@447.edu') })).status,
    200,
  );
  assert.equal((await ask(trusted, '/letters/nu1@447.edu', { authorization: 'Basic !' })).status, 401);
  const nobody = session(t, at, await clientCertificate(at, 'nobody@447.edu'));
  assert.equal((await ask(nobody, '/letters/nobody@447.edu')).status, 401);
  const elsewhere = await lettersDoor(t);
  const stranger = session(t, at, await clientCertificate(elsewhere, 'nu1@447.edu'));
  assert.equal((await ask(stranger, '/letters/nu1@447.edu')).status, 401);
  assert.equal(at.journal.of('tls.unknown-certificate').length, 1);
});

test('a certificate is nobody where it is not trusted, or names no account', async (t) => {
  const { policy } = await lettersDoor(t);
  const certificate = { sha256: '', subject: '', trusted: true, distrust: null, emails: ['nu1@447.edu'] };
  const names = async (changes: Partial<typeof certificate>) =>
    (await policy.byCertificate({ ...certificate, ...changes }))?.accounts.map(({ name }) => name);
  assert.deepEqual(await names({}), ['nu1@447.edu']);
  assert.deepEqual(await names({ emails: ['nu2@447.EDU', 'nobody@447.edu', 'NU1@447.edu', 'nu1@447.edu'] }), [
    'nu2@447.edu',
    'nu1@447.edu',
  ]);
  assert.equal(await names({ trusted: false }), undefined);
  assert.equal(await names({ emails: [] }), undefined);
  assert.equal(await names({ emails: ['nu1', '@', 'nu1@447.edu\0@x', '__proto__'] }), undefined);
});

test('other methods are refused with the ones that there are', async (t) => {
  const at = await lettersDoor(t);
  const client = session(t, at);
  for (const path of ['/', '/letters/nu1@447.edu', '/letters/nu1@447.edu/1']) {
    for (const method of [
      'POST',
      'PUT',
      'DELETE',
      'OPTIONS',
      'PATCH',
      'QUERY',
      'TRACE',
      'FROB',
      '__proto__',
    ]) {
      const answer = await ask(client, path, { ...mine, ':method': method });
      assert.deepEqual([answer.status, answer.headers['allow']], [405, 'GET, HEAD'], `${method} ${path}`);
    }
  }
  const upload = await ask(
    client,
    '/letters/nu1@447.edu',
    { ':method': 'POST' },
    Buffer.alloc(300_000),
  ).catch((error: unknown) => error);
  assert.ok(upload instanceof Error || (upload as { status: number }).status === 405);
});

test('a letter cannot drive the terminal that it is shown on', async (t) => {
  const at = await lettersDoor(t);
  const nasty =
    'Subject: =?utf-8?q?a=1B]0;x=07=C2=9Bb=0Ac?=\r\n\r\n\x1b[2J\x07\u009b31m\u0000ok\u2028\u007f\r\n';
  await deliver(at.store, [at.nu1], nasty, { reversePath: '"a\x1bb"@447.edu' });
  const client = session(t, at);
  for (const path of ['/letters/nu1@447.edu', '/letters/nu1@447.edu/1']) {
    const text = await ask(client, path, mine);
    assert.match(text.text, /ok/);
    assert.doesNotMatch(text.text, /[^\P{Cc}\n]/u);
    assert.equal(text.text.split('\n').length, path.endsWith('/1') ? 9 : 10);
    const json = await ask(client, path, { ...mine, accept: 'application/json' });
    assert.doesNotMatch(json.text.slice(0, -1), /[\p{Cc}\u2028]/u);
  }
  const whole = await ask(client, '/letters/nu1@447.edu/1', { ...mine, accept: 'message/rfc822' });
  assert.ok(whole.text.endsWith(nasty));
});

test('a letter that there is no room for waits outside, and room is given back', async (t) => {
  const at = await lettersDoor(t, { roomBytes: 300_000 });
  const big = `Subject: big\r\n\r\n${'x'.repeat(250_000)}\r\n`;
  await deliver(at.store, [at.nu1], big);
  await deliver(at.store, [at.nu1], lih);
  const client = session(t, at);
  const accept = 'message/rfc822';
  const paths = Array.from({ length: 8 }, () => ask(client, '/letters/nu1@447.edu/1', { ...mine, accept }));
  const answers = await Promise.all(paths);
  for (const { status, headers, body } of answers) {
    assert.ok(status === 200 ? body.length > 250_000 : status === 503 && headers['retry-after'] === '5');
  }
  assert.ok(answers.some(({ status }) => status === 200));
  assert.equal((await ask(client, '/letters/nu1@447.edu/1', { ...mine, accept })).status, 200);
  await deliver(at.store, [at.nu1], `Subject: huge\r\n\r\n${'x'.repeat(350_000)}\r\n`);
  assert.equal((await ask(client, '/letters/nu1@447.edu', mine)).status, 503);
  assert.equal(
    (await ask(client, '/letters/nu1@447.edu', { ...mine, accept: 'application/json' })).status,
    200,
  );
  assert.ok(at.room.fits(300_000));
});

test('a long text is cut, and says so', async (t) => {
  const at = await lettersDoor(t);
  await deliver(at.store, [at.nu1], `Subject: long\r\n\r\n${'0123456789abcde\r\n'.repeat(20_000)}`);
  const client = session(t, at);
  const text = await ask(client, '/letters/nu1@447.edu/1', mine);
  assert.ok(text.text.length < 263_000);
  assert.match(
    text.text,
    /\n\[The text goes on\. The whole letter: \/letters\/nu1%40447\.edu\/1 as message\/rfc822\]\n$/,
  );
  const json = await ask(client, '/letters/nu1@447.edu/1', { ...mine, accept: 'application/json' });
  assert.equal((JSON.parse(json.text) as { textIsWhole: boolean }).textIsWhole, false);
});

test('hostile paths get an answer, and the door goes on', async (t) => {
  const at = await lettersDoor(t);
  await deliver(at.store, [at.nu1], lih);
  const paths: readonly (readonly [string, readonly number[]])[] = [
    ['/letters/..', [404, 200]],
    ['/letters/%2e%2e', [404, 200]],
    ['/letters/%2e%2e/%2e%2e/etc/passwd', [404]],
    ['/letters/..%2f..%2fetc%2fpasswd', [400]],
    ['/letters/nu2@447.edu/../nu1@447.edu', [200]],
    ['/letters/nu1@447.edu/%2e%2e/nu2@447.edu', [403]],
    ['/letters/nu1@447.edu%2f1', [400]],
    ['/letters/nu1@447.edu%00', [400]],
    ['/letters/%00', [400]],
    ['/letters/%', [400]],
    ['/letters/%ff@447.edu', [400]],
    ['/letters/%2540', [400, 403]],
    ['/letters/nu1%2540447.edu', [400, 403]],
    ['/letters/nu1@447.edu%0d%0aX-Injected:%20yes', [400]],
    ['/letters/nu1@447.edu\\..\\x', [400]],
    ['/letters//nu1@447.edu', [404]],
    ['//letters/nu1@447.edu', [404]],
    ['/letters/__proto__', [403]],
    ['/letters/constructor@447.edu/__proto__', [403]],
    ['/letters/nu1@447.edu?__proto__=1&count=1', [200]],
    ['/letters/nu1@447.edu?count=%', [400]],
    ['/letters/nu1@447.edu;count=1', [400, 403]],
    [`/letters/${'a'.repeat(9000)}`, [400]],
    [`/${'a/'.repeat(4000)}`, [404]],
    ['*', [400]],
    ['http://elsewhere.example/letters/nu1@447.edu', [200]],
    ['http://elsewhere.example\\x/', [400]],
    ['letters/nu1@447.edu', [400]],
  ];
  for (const [path, statuses] of paths) {
    const socket = raw(t, at, { ALPNProtocols: ['http/1.1'] });
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${mine.authorization}\r\nConnection: close\r\n\r\n`,
    );
    const answer = await rest(socket);
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
    assert.ok(statuses.includes(status), `${path.slice(0, 80)}: ${answer.slice(0, 200)}`);
    assert.doesNotMatch(answer, /^X-Injected/im);
  }
  assert.deepEqual(at.journal.of('http.fault'), []);
});
