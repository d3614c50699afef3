import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agreedSecured as secured } from '../../test/support/agreed-tls.ts';
import { formatCapabilities, imapCapabilities } from './capabilities.ts';
import { defaultLimits } from './limits.ts';

const settings = { takesTokens: true, reusable: true, compressible: true, limits: defaultLimits };

test('every capability is announced to somebody, once and in its order', () => {
  const to = [
    formatCapabilities({ secured, isLoggedIn: false, settings }),
    formatCapabilities({ secured: null, isLoggedIn: false, settings }),
    formatCapabilities({ secured, isLoggedIn: true, settings }),
  ];
  const words = to.map((line) =>
    line
      .split(' ')
      .slice(1)
      .filter((word) => !word.startsWith('AUTH=')),
  );
  const order = imapCapabilities.map(({ capability, limit }) =>
    limit === undefined ? capability : `${capability}=${defaultLimits[limit]}`,
  );
  for (const line of words)
    assert.deepEqual(
      line,
      order.filter((word) => line.includes(word)),
    );
  assert.deepEqual(
    order.filter((word) => !words.flat().includes(word)),
    [],
  );
});

test('mechanisms are announced to newcomers on a protected connection, and to nobody else', () => {
  const has = (line: string): boolean => line.includes('AUTH=');
  assert(has(formatCapabilities({ secured, isLoggedIn: false, settings })));
  assert(!has(formatCapabilities({ secured: null, isLoggedIn: false, settings })));
  assert(!has(formatCapabilities({ secured, isLoggedIn: true, settings })));
});
