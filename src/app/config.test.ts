import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultThrottleLimits } from '../accounts/throttle.ts';
import { throttleOf } from './config-throttle.ts';
import { explainConfigProblem } from './config-problem.ts';
import { formatConfig, configurationPage } from './config-text.ts';
import { loadConfig, parseConfig, processEnvironment } from './config.ts';
import type { Config, ConfigEnvironment } from './config.ts';

const environment: ConfigEnvironment = { variables: {}, folder: '/srv' };

async function good(toml: string, from = environment): Promise<Config> {
  const parsed = await parseConfig(toml, 'a.toml', from);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.refusal.problems.map(explainConfigProblem).join('\n'));
  return parsed.value;
}

async function wrong(toml: string, from = environment): Promise<string[]> {
  const parsed = await parseConfig(toml, 'a.toml', from);
  assert.ok(!parsed.ok);
  return parsed.refusal.problems.map(explainConfigProblem);
}

test('no file and an empty file are the defaults', async () => {
  const none = await loadConfig(null, environment);
  assert.ok(none.ok);
  assert.deepEqual(none.value, await good(''));
  assert.deepEqual(none.value.domains, ['localhost']);
  assert.equal(none.value.data, '/srv/.letterlock');
  assert.equal(none.value.listen.submissions.port, 4650);
  assert.equal(none.value.enrolment.open, false);
  assert.equal(none.value.passphrase, null);
});

test('the classic profile changes defaults, and the file changes them again', async () => {
  const classic = await good('profile = "classic"');
  assert.deepEqual(classic.domains, ['447.edu']);
  assert.deepEqual(classic.enrolment, { open: true, password: 'classic' });
  assert.equal(classic.tls.client_certificates, 'ask');
  const mixed = await good('profile = "classic"\ndomains = ["x.example"]\nenrolment.open = false');
  assert.deepEqual(mixed.domains, ['x.example']);
  assert.deepEqual(mixed.enrolment, { open: false, password: 'classic' });
});

test('each problem is named with its line, column and key', async () => {
  const table: readonly (readonly [string, readonly string[]])[] = [
    ['a = [1,\nb', ['a.toml:2:1: invalid value']],
    ['hots = 1', ['a.toml:1:1: hots: unknown key, did you mean host?']],
    ['\n  [limit]\nx = 1', ['a.toml:2:4: limit: unknown key, did you mean limits?']],
    ['threads = "many"', ['a.toml:1:1: threads: expected "auto" or a whole number from 1 to 256']],
    ['threads = 0', ['a.toml:1:1: threads: expected at least 1']],
    ['threads = 1.5', ['a.toml:1:1: threads: expected "auto" or a whole number from 1 to 256']],
    ['host = 1979-05-27', ['a.toml:1:1: host: expected string, received a date']],
    ['host = "a b"', ['a.toml:1:1: host: expected a host name in ASCII']],
    ['domains = []', ['a.toml:1:1: domains: expected at least one domain']],
    ['domains = ["ok.example",\n  "a b"]', ['a.toml:2:3: domains.1: expected a mail domain']],
    ['profile = "modern"', ['a.toml:1:1: profile: expected one of "standard" or "classic"']],
    ['listen = 3', ['a.toml:1:1: listen: expected object, received number']],
    ['listen.https.port = 99999', ['a.toml:1:14: listen.https.port: expected at most 65535']],
    [
      '[listen]\nhttps = { port = 1, adress = "::" }',
      ['a.toml:2:21: listen.https.adress: unknown key, did you mean address?'],
    ],
    ['[listen.https]\naddress = "localhost"', ['a.toml:2:1: listen.https.address: expected an IP address']],
    ['[limits]\nrecipients = 3', ['a.toml:2:1: limits.recipients: expected at least 100']],
    [
      '[listen.https]\nport = 4650',
      ['a.toml:1:9: listen.https.port: is the port of listen.submissions already'.replace('1:9', '2:1')],
    ],
    [
      '[tls]\npassphrase_env = "NOPE"',
      ['a.toml:2:1: tls.passphrase_env: the environment has no variable NOPE'],
    ],
    [
      '__proto__ = 1',
      [
        'a.toml:1:1: __proto__: unknown key, the keys here are profile, host, domains, data, threads, listen, tls, enrolment, submission, imap, oauth, exchanger, lmtp, pop3, aliases, recipients, dns, access, throttle, store, limits, log',
      ],
    ],
    [
      '[limits]\n"a\\u001b[31m\\n" = 1',
      [
        'a.toml:2:1: limits."a\\u001b[31m\\n": unknown key, the keys here are message_bytes, recipients, command_line_bytes, auth_line_bytes, errors, failed_logins, idle_commands, transactions, idle_seconds, connections, connections_per_address, connections_per_network, connections_per_minute',
      ],
    ],
    [
      '[enrolment]\npassword = "classical"',
      ['a.toml:2:1: enrolment.password: expected one of "strong" or "classic"'],
    ],
  ];
  for (const [toml, lines] of table) assert.deepEqual(await wrong(toml), lines);
});

test('who gets what, who may connect and who is asked: each wrong word is named', async () => {
  const org = 'domains = ["example.org"]\n';
  const config = await good(
    `${org}[aliases]\n"sales@example.org" = ["alice@example.org"]\n[recipients]\ncatch_all = { "example.org" = "alice@example.org" }`,
  );
  assert.deepEqual(config.aliases, { 'sales@example.org': ['alice@example.org'] });
  assert.deepEqual(config.recipients.catch_all, { 'example.org': 'alice@example.org' });
  assert.deepEqual(await good(formatConfig(config)), config);
  const table: readonly (readonly [string, string])[] = [
    [
      '[aliases]\n"sales@example.org" = ["a b"]',
      'a.toml:3:1: aliases."sales@example.org": expected a mail address',
    ],
    [
      '[aliases]\n"sales@far.example" = ["alice@example.org"]',
      'a.toml:3:1: aliases."sales@far.example": expected an address of one of the domains',
    ],
    [
      '[aliases]\n"sales@example.org" = []',
      'a.toml:3:1: aliases."sales@example.org": expected 1 to 1,000 addresses',
    ],
    [
      '[recipients]\ndetail_separator = "@"',
      "a.toml:3:1: recipients.detail_separator: expected one of !#$%&'*+/=?^_`{|}~- or nothing",
    ],
    ['[recipients]\npostmaster = "nobody"', 'a.toml:3:1: recipients.postmaster: expected a mail address'],
    [
      '[recipients.catch_all]\n"far.example" = "alice@example.org"',
      'a.toml:3:1: recipients.catch_all."far.example": expected one of the domains',
    ],
    [
      '[dns]\nservers = ["1.2.3"]',
      'a.toml:3:12: dns.servers.0: expected an IP address, with a port or without',
    ],
    [
      '[access]\nbanned = ["192.0.2.1/24"]',
      'a.toml:3:11: access.banned.0: expected an IP address or a network like 192.0.2.0/24',
    ],
    ['[exchanger]\ntrusted_sealers = ["a b"]', 'a.toml:3:20: exchanger.trusted_sealers.0: expected a domain'],
    ['[limits]\nconnections = 0', 'a.toml:3:1: limits.connections: expected at least 1'],
  ];
  for (const [toml, line] of table) assert.deepEqual(await wrong(org + toml), [line]);
});

test('an issuer of tokens needs a name for this server and one source of keys', async () => {
  const issuer = '[oauth]\nissuer = "https://issuer.example"\n';
  const { oauth } = await good(`${issuer}audience = ["mail"]\nkeys_url = "https://issuer.example/keys"`);
  assert.equal(oauth.address_claim, 'email');
  assert.deepEqual(oauth.algorithms, ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519']);
  assert.equal((await good('')).oauth.issuer, null);
  const url = 'keys_url = "https://issuer.example/keys"\n';
  for (const [toml, lines] of [
    [
      issuer,
      [
        'a.toml:2:1: oauth.issuer: needs oauth.audience beside it',
        'a.toml:2:1: oauth.issuer: needs oauth.keys_url or oauth.keys_file beside it',
      ],
    ],
    [`[oauth]\n${url}`, ['a.toml:2:1: oauth.keys_url: needs oauth.issuer beside it']],
    ['[oauth]\naudience = ["mail"]', ['a.toml:2:1: oauth.audience: needs oauth.issuer beside it']],
    [
      `${issuer}audience = ["mail"]\n${url}keys_file = "nope.json"`,
      [
        'a.toml:5:1: oauth.keys_file: cannot stand beside oauth.keys_url',
        'a.toml:5:1: oauth.keys_file: /srv/nope.json: there is no such file',
      ],
    ],
    [
      '[oauth]\nissuer = "http://issuer.example"',
      ['a.toml:2:1: oauth.issuer: expected an address that begins with https://'],
    ],
    ['[oauth]\nscope = "two words"', ['a.toml:2:1: oauth.scope: expected one scope']],
    ['[oauth]\naudience = [""]', ['a.toml:2:13: oauth.audience.0: expected a name']],
    ['[oauth]\nalgorithms = []', ['a.toml:2:1: oauth.algorithms: expected at least one algorithm']],
  ] as const)
    assert.deepEqual(await wrong(toml), lines);
  for (const algorithm of ['HS256', 'none'])
    assert.match(
      (await wrong(`[oauth]\nalgorithms = ["${algorithm}"]`)).join(),
      /oauth\.algorithms\.0: expected one of/,
    );
});

test('all problems come at once, in the order of the file, missing files among them', async () => {
  const lines = await wrong(
    'hots = "x"\nthreads = "many"\n[tls]\ncertificate = "nope.pem"\nkey = "nope.key"\n[log]\nformat = "xml"\n',
  );
  assert.deepEqual(lines, [
    'a.toml:1:1: hots: unknown key, did you mean host?',
    'a.toml:2:1: threads: expected "auto" or a whole number from 1 to 256',
    'a.toml:4:1: tls.certificate: /srv/nope.pem: there is no such file',
    'a.toml:5:1: tls.key: /srv/nope.key: there is no such file',
    'a.toml:7:1: log.format: expected one of "auto" or "json" or "text"',
  ]);
});

test('a file: its paths start from its folder, its pass phrase comes from the environment and is printed nowhere', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'letterlock-config-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'etc'));
  for (const name of ['a.pem', 'a.key', 'ca.pem']) await writeFile(join(folder, 'etc', name), '');
  const toml =
    '\ufeffdata = "../mail"\n[tls]\ncertificate = "a.pem"\nkey = "a.key"\nclient_ca = "ca.pem"\npassphrase_env = "PASS"\n';
  await writeFile(join(folder, 'etc', 'letterlock.toml'), toml);
  const from = { variables: { PASS: 'sesame' }, folder };
  const loaded = await loadConfig('etc/letterlock.toml', from);
  assert.ok(loaded.ok);
  assert.equal(loaded.value.data, join(folder, 'mail'));
  assert.equal(loaded.value.tls.key, join(folder, 'etc', 'a.key'));
  assert.equal(loaded.value.passphrase?.reveal(), 'sesame');
  assert.ok(!formatConfig(loaded.value).includes('sesame'));
  assert.ok(!JSON.stringify(loaded.value).includes('sesame'));
  assert.deepEqual(await good(formatConfig(loaded.value), from), loaded.value);

  for (const [changes, line] of [
    ['[tls]\ncertificate = "a.pem"', 'tls.certificate: needs tls.key beside it'],
    ['[tls]\nkey = "a.key"', 'tls.key: needs tls.certificate beside it'],
    [
      '[tls]\npassphrase_env = "PASS"\npassphrase_file = "a.key"',
      'tls.passphrase_env: cannot stand beside tls.passphrase_file',
    ],
    ['[tls]\nclient_certificates = "require"\ncertificate = "a.pem"\nkey = "a.key"', 'needs tls.client_ca'],
    ['[tls]\nclient_ca = "."', 'is a folder'],
  ] as const) {
    await writeFile(join(folder, 'etc', 'letterlock.toml'), changes);
    const refusal = await loadConfig(join(folder, 'etc', 'letterlock.toml'), from);
    assert.ok(!refusal.ok);
    assert.match(refusal.refusal.problems.map(explainConfigProblem).join('\n'), new RegExp(line));
  }
});

test('a file that cannot be read is named', async () => {
  const missing = await loadConfig('none.toml', { variables: {}, folder: tmpdir() });
  assert.ok(!missing.ok);
  assert.deepEqual(missing.refusal.problems.map(explainConfigProblem), [
    'none.toml: cannot be read: there is no such file',
  ]);
  const folder = await loadConfig(tmpdir(), environment);
  assert.ok(!folder.ok && folder.refusal.problems[0]?.why === 'unreadable');
});

test('what is printed loads to the same configuration', async () => {
  const port = fc.integer({ min: 1, max: 65_535 });
  const door = fc.record(
    { enabled: fc.boolean(), address: fc.constantFrom('127.0.0.1', '::1', '::'), port },
    { requiredKeys: [] },
  );
  const limit = fc.integer({ min: 65_536, max: 100_000 });
  const text = fc
    .string({ unit: 'grapheme', minLength: 1 })
    .filter((value) => !value.includes('\0') && value.isWellFormed());
  const document = fc.record(
    {
      profile: fc.constantFrom('standard', 'classic'),
      host: fc.constantFrom('mail.example.org', 'localhost', 'xn--bcher-kva.example'),
      domains: fc.array(fc.constantFrom('a.example', 'bücher.example', '447.edu'), {
        minLength: 1,
        maxLength: 4,
      }),
      data: text,
      threads: fc.oneof(fc.constant('auto'), fc.integer({ min: 1, max: 256 })),
      listen: fc.record(
        { submissions: door, https: fc.constant({ enabled: false }), submission: fc.constant({ port: 0 }) },
        { requiredKeys: [] },
      ),
      enrolment: fc.record(
        { open: fc.boolean(), password: fc.constantFrom('strong', 'classic') },
        { requiredKeys: [] },
      ),
      limits: fc.record(
        { message_bytes: limit, recipients: limit, idle_seconds: fc.integer({ min: 1, max: 86_400 }) },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  );
  const { stringify } = await import('smol-toml');
  await fc.assert(
    fc.asyncProperty(document, async (value) => {
      const parsed = await parseConfig(stringify(value), 'a.toml', environment);
      // Only a door that got another's port by chance is refused.
      if (!parsed.ok) return assert.ok(parsed.refusal.problems.every(({ why }) => why === 'conflict'));
      const printed = formatConfig(parsed.value);
      assert.deepEqual(await good(printed, { variables: {}, folder: '/elsewhere' }), parsed.value);
      return assert.equal(formatConfig(await good(printed)), printed);
    }),
    { interruptAfterTimeLimit: 1500, markInterruptAsFailure: false },
  );
});

test('no text at all makes it throw', async () => {
  const words = fc.constantFrom(
    '[',
    ']',
    '[[',
    '=',
    '"',
    "'",
    '\n',
    '.',
    ',',
    '{',
    '}',
    '#',
    'limits',
    'listen',
    'a',
    '1',
    '\\',
    '__proto__',
    'constructor',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(words).map((parts) => parts.join('')),
  );
  await fc.assert(
    fc.asyncProperty(text, async (toml) => {
      const parsed = await parseConfig(toml, 'a.toml', environment);
      if (!parsed.ok)
        for (const each of parsed.refusal.problems) assert.ok(!explainConfigProblem(each).includes('\n'));
    }),
    { interruptAfterTimeLimit: 1500, markInterruptAsFailure: false },
  );
});

test('LMTP does not leave this machine in the clear', async () => {
  const lmtp = (keys: string, more = ''): string => `[listen.lmtp]\nenabled = true\n${keys}\n${more}`;
  const reached =
    'a.toml:3:1: listen.lmtp.address: others can reach this address, and letters would cross the network in the clear: it needs lmtp.tls = "required"';
  for (const address of ['::', '0.0.0.0', '192.0.2.1', '::ffff:192.0.2.1'])
    assert.deepEqual(await wrong(lmtp(`address = "${address}"`)), [reached]);
  for (const address of ['127.0.0.1', '127.9.9.9', '::1'])
    assert.equal((await good(lmtp(`address = "${address}"`))).listen.lmtp.address, address);
  await good(lmtp('address = "::"', '[lmtp]\ntls = "required"'));
  await good('[listen.lmtp]\naddress = "::"');
  const { listen } = await good(lmtp('address = "::"\nsocket = "run/lmtp"'));
  assert.equal(listen.lmtp.socket, '/srv/run/lmtp');
  assert.deepEqual(await wrong(lmtp('socket = "lmtp"', '[lmtp]\ntls = "required"')), [
    'a.toml:5:1: lmtp.tls: a Unix socket (listen.lmtp.socket) has no TLS',
  ]);
  assert.deepEqual(await wrong(lmtp(`socket = "${'x'.repeat(91)}"`)), [
    'a.toml:3:1: listen.lmtp.socket: expected a path of at most 90 octets',
  ]);
  assert.deepEqual(await wrong(lmtp('socket_mode = "660"')), [
    'a.toml:3:1: listen.lmtp.socket_mode: expected permissions like "0660"',
  ]);
});

test('whose word is taken for the client’s address, at every door or at one', async () => {
  const { access, listen } = await good(
    '[access]\nproxies = ["192.0.2.0/24"]\nxclient = ["::1"]\n[listen.https]\nproxies = []',
  );
  assert.deepEqual(
    [access.proxies, access.xclient, listen.https.proxies, listen.submission.proxies],
    [['192.0.2.0/24'], ['::1'], [], 'access'],
  );
  for (const key of ['access.proxies = ["x"]', 'access.xclient = ["192.0.2.1/24"]'])
    assert.match((await wrong(key)).join('\n'), /expected an IP address or a network like 192\.0\.2\.0\/24/);
  assert.deepEqual(await wrong('listen.lmtp.proxies = "nobody"'), [
    'a.toml:1:13: listen.lmtp.proxies: expected "access", or addresses and networks like 192.0.2.0/24',
  ]);
  assert.deepEqual(await wrong('listen.lmtp.proxies = ["192.0.2.1/24"]'), [
    'a.toml:1:24: listen.lmtp.proxies.0: expected an IP address or a network like 192.0.2.0/24',
  ]);
});

test('the throttle of failed logins is what it is by itself, and what the file makes of it', async () => {
  assert.deepEqual(throttleOf((await good('')).throttle), defaultThrottleLimits);
  const { throttle } = await good(
    'throttle.quiet_hours = 1\nthrottle.forgiving_minutes = 0\n[throttle.account]\nfree = 3\nmost_seconds = 60',
  );
  assert.deepEqual(throttleOf(throttle), {
    ...defaultThrottleLimits,
    quietMs: 3_600_000,
    forgivingMs: 0,
    account: { freeFailures: 3, maxWaitSeconds: 60 },
  });
  assert.deepEqual(await wrong('throttle.site.free = 0'), [
    'a.toml:1:15: throttle.site.free: expected at least 1',
  ]);
});

test('the environment of the process', () => {
  assert.equal(processEnvironment().folder, process.cwd());
});

test('docs/CONFIGURATION.md is what the schema says (UPDATE=1 writes it)', async () => {
  const file = new URL('../../docs/CONFIGURATION.md', import.meta.url);
  if (processEnvironment().variables['UPDATE'] === '1') await writeFile(file, configurationPage());
  assert.equal(await readFile(file, 'utf8'), configurationPage());
});
