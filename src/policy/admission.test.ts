import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Admission, defaultAdmissionLimits, type Admitted } from './admission.ts';

const quiet = { ...defaultAdmissionLimits, connectionsPerMinute: 0 };

function admitted(outcome: ReturnType<Admission['admit']>): Admitted {
  assert(typeof outcome === 'object', `refused: ${JSON.stringify(outcome)}`);
  return outcome;
}

test('an address, its network and everybody have their own count, given back once', () => {
  const admission = new Admission({
    ...quiet,
    connections: 5,
    connectionsPerAddress: 2,
    connectionsPerNetwork: 3,
  });
  const first = admitted(admission.admit('192.0.2.1', 0));
  admitted(admission.admit('::ffff:192.0.2.1', 0));
  assert.equal(admission.admit('192.0.2.1', 0), 'too-many-from-address');
  admitted(admission.admit('192.0.2.2', 0));
  assert.equal(admission.admit('192.0.2.3', 0), 'too-many-from-network');
  admitted(admission.admit('192.0.3.1', 0));
  admitted(admission.admit('2001:db8::1', 0));
  assert.equal(admission.admit('198.51.100.1', 0), 'too-many');
  first.release();
  first.release();
  admitted(admission.admit('192.0.2.1', 0));
  assert.equal(admission.admit('192.0.2.1', 0), 'too-many');
});

test('programs of this machine are counted with everybody only', () => {
  const admission = new Admission({
    ...defaultAdmissionLimits,
    connections: 3,
    connectionsPerAddress: 1,
    connectionsPerMinute: 1,
  });
  for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) admitted(admission.admit(address, 0));
  assert.equal(admission.admit('127.0.0.1', 0), 'too-many');
});

test('an IPv6 customer is counted by the /64, and by the /48', () => {
  const admission = new Admission({ ...quiet, connectionsPerAddress: 1, connectionsPerNetwork: 2 });
  admitted(admission.admit('2001:db8:1:1::1', 0));
  assert.equal(admission.admit('2001:db8:1:1::2', 0), 'too-many-from-address');
  admitted(admission.admit('2001:db8:1:2::1', 0));
  assert.equal(admission.admit('2001:db8:1:3::1', 0), 'too-many-from-network');
});

test('a minute of connections may come at once, then one for each that the pace allows', () => {
  const admission = new Admission({ ...defaultAdmissionLimits, connectionsPerMinute: 60 });
  for (let count = 0; count < 60; count += 1) admitted(admission.admit('192.0.2.1', 0)).release();
  assert.equal(admission.admit('192.0.2.1', 0), 'too-fast');
  assert.equal(admission.admit('192.0.2.1', 999), 'too-fast');
  admitted(admission.admit('192.0.2.1', 1000)).release();
  assert.equal(admission.admit('192.0.2.1', 1000), 'too-fast');
  admitted(admission.admit('192.0.2.9', 1000));
});

test('paces of more addresses than are remembered do not grow without end', () => {
  const admission = new Admission(defaultAdmissionLimits);
  for (let index = 0; index < 60_000; index += 1) {
    admitted(admission.admit(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, 0)).release();
  }
  admitted(admission.admit('192.0.2.1', 0));
});

test('the banned stay out, whatever spelling their address has', () => {
  const admission = new Admission(quiet, ['192.0.2.0/24', '2001:db8::/32', '198.51.100.7']);
  for (const address of ['192.0.2.1', '::ffff:192.0.2.1', '2001:db8:ffff::1', '198.51.100.7']) {
    assert.equal(admission.admit(address, 0), 'banned', address);
  }
  for (const address of ['192.0.3.1', '2001:db9::1', '198.51.100.8', 'unknown'])
    admitted(admission.admit(address, 0));
});

test('whatever comes and goes, the counts end at nothing', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.ipV4(), fc.boolean()), { maxLength: 200 }), (peers) => {
      const admission = new Admission({ ...quiet, connections: 50, connectionsPerAddress: 1 });
      const open: Admitted[] = [];
      for (const [address, leave] of peers) {
        const outcome = admission.admit(address, 0);
        if (typeof outcome === 'object') open.push(outcome);
        if (leave) open.shift()?.release();
      }
      for (const one of open) one.release();
      for (let index = 0; index < 50; index += 1) admitted(admission.admit(`10.0.${index}.1`, 0));
    }),
    { interruptAfterTimeLimit: 1000 },
  );
});
