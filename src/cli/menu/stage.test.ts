import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address } from '../../mail/address.ts';
import { helpLines } from './menu-text.ts';
import {
  fitting,
  helloAccepted,
  loggedIn,
  recipientAccepted,
  senderAccepted,
  subjectGiven,
  transactionOver,
  type Stage,
} from './stage.ts';

const nu1: Address = { localPart: 'nu1', domain: '447.edu' };
const nu2: Address = { localPart: 'nu2', domain: '447.edu' };

test('what fits at each stage of a letter', () => {
  let stage: Stage = { at: 'connected' };
  assert.deepEqual(fitting(stage), ['HELO']);
  stage = helloAccepted(stage);
  assert.deepEqual(fitting(stage), ['AUTH']);
  stage = loggedIn('nu1@447.edu');
  assert.deepEqual(fitting(stage), ['MAIL FROM']);
  stage = senderAccepted(stage, nu1, false);
  assert.deepEqual(fitting(stage), ['RCPT TO']);
  stage = recipientAccepted(stage, nu1);
  stage = subjectGiven(stage, 'lih');
  stage = recipientAccepted(stage, nu2);
  stage = subjectGiven(stage, '');
  assert.deepEqual(fitting(stage), ['RCPT TO', 'DATA']);
  assert.deepEqual(stage.at === 'transaction' && stage.envelope, {
    sender: nu1,
    smtpUtf8: false,
    recipients: [nu1, nu2],
    subject: 'lih',
  });
  assert.deepEqual(transactionOver(stage), loggedIn('nu1@447.edu'));
  assert.deepEqual(helloAccepted(stage), loggedIn('nu1@447.edu'), 'HELO forgets the letter, not the login');
});

test('a yes to something that was never begun changes nothing', () => {
  const stage: Stage = { at: 'connected' };
  for (const after of [recipientAccepted(stage, nu2), subjectGiven(stage, 'x'), transactionOver(stage)]) {
    assert.equal(after, stage);
  }
});

test('HELP marks what fits', () => {
  const marked = helpLines(loggedIn('nu1@447.edu')).filter((line) => line.startsWith('->'));
  assert.equal(marked.length, 1);
  assert.ok(!helpLines(loggedIn('nu1@447.edu')).join().includes('RSET'));
  assert.match(helpLines(senderAccepted(loggedIn('nu1@447.edu'), nu1, false)).at(-1) ?? '', /^ {3}RSET /);
  assert.match(marked[0] ?? '', /^-> MAIL FROM .*\(fits now\)$/);
});
