import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultThrottleLimits } from '../accounts/throttle.ts';
import { plainTable } from '../policy/local-recipients.ts';
import { defaultSubmissionRules } from '../policy/submission.ts';
import { Secret } from '../sasl/exchange.ts';
import { openMemoryStore } from '../store/memory/store.ts';
import { residents } from './house.ts';

test('failed logins are slowed down by the numbers of the setup', async () => {
  const store = openMemoryStore();
  const { policy } = residents(
    {
      host: 'mail.example.org',
      domains: ['example.org'],
      recipients: plainTable(['example.org']),
      secret: new Uint8Array(32),
      enrolment: { open: false, password: 'strong', perNetworkHour: 0 },
      submission: defaultSubmissionRules,
      exchanger: { authservId: 'mail.example.org' },
      throttle: { ...defaultThrottleLimits, accountNetwork: { freeFailures: 1, maxWaitSeconds: 7 } },
    },
    store,
  );
  const endpoints = { remoteAddress: '192.0.2.7', remotePort: 1, localAddress: '192.0.2.1', localPort: 1 };
  const guess = (password: string) =>
    policy.answer(
      {
        ask: 'login',
        mechanism: 'PLAIN',
        question: { ask: 'password', user: 'alice@example.org', password: new Secret(password) },
      },
      { endpoints },
    );
  const refusals = [await guess('one'), await guess('two')].map((verdict) =>
    verdict.verdict === 'sasl' && verdict.answer.verdict === 'refused' ? verdict.answer.why : null,
  );
  assert.deepEqual(refusals, [{ why: 'credentials' }, { why: 'throttled', waitSeconds: 1 }]);
});
