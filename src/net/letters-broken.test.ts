import assert from 'node:assert/strict';
import { constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { test, type TestContext } from 'node:test';
import { openMemoryStore } from '../store/memory/store.ts';
import type { AccountId, LetterId, Store } from '../store/port.ts';
import { ask, basic, deliver, lettersDoor, raw, rest, session } from './https-loopback.ts';

const authorization = basic('nu1@447.edu');
const missing = 'missing' as const;
const failing = 'failing' as const;

/** A door to three letters, of which the bytes of some (the newest is 3) are not there or cannot be read. */
async function brokenDoor(t: TestContext, broken: ReadonlyMap<number, typeof missing | typeof failing>) {
  const kept = openMemoryStore();
  const blob = (account: AccountId, letter: LetterId) => {
    if (broken.get(letter) === failing) throw new Error('the disk fails');
    return broken.get(letter) === missing ? null : kept.blob(account, letter);
  };
  const store = new Proxy<Store>(kept, {
    get: (target, name) => {
      if (name === 'blob') return blob;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const at = await lettersDoor(t, { store });
  for (const n of [1, 2, 3]) await deliver(kept, [at.nu1], `Subject: n${n}\r\n\r\nxxx\r\n`);
  return at;
}

/** How a stream ends: its status, its body, and the code of RST_STREAM (0 where there was none). */
function ending(client: ClientHttp2Session, path: string, accept: string) {
  return new Promise<{ status: number; text: string; code: number; failed: boolean }>((resolve) => {
    const stream: ClientHttp2Stream = client.request({ ':path': path, authorization, accept });
    let [status, text, failed] = [0, '', false];
    stream.on('response', (headers) => (status = headers[':status'] ?? 0));
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    stream.on('error', () => (failed = true));
    stream.on('close', () => resolve({ status, text, code: stream.rstCode ?? 0, failed }));
  });
}

type At = Awaited<ReturnType<typeof lettersDoor>>;

async function oldEnding(t: TestContext, at: At, path: string, accept: string): Promise<string> {
  const socket = raw(t, at, { ALPNProtocols: ['http/1.1'] });
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\nAccept: ${accept}\r\nConnection: close\r\n\r\n`,
  );
  return rest(socket);
}

const list = '/letters/nu1@447.edu';
const mbox = 'application/mbox';

test('a list that fails midway is broken off, and cannot pass for a whole one', async (t) => {
  for (const [how, accept] of [
    [missing, mbox],
    [failing, mbox],
  ] as const) {
    const at = await brokenDoor(t, new Map([[2, how]]));
    const told = await ending(session(t, at), list, accept);
    assert.equal(told.failed, true, `${how} ${accept}`);
    assert.equal(told.code, constants.NGHTTP2_INTERNAL_ERROR, `${how} ${accept}`);
    assert.doesNotMatch(told.text, /Subject: n[12]/);
    const old = await oldEnding(t, at, list, accept);
    // A connection that ends may take with it what was on its way.
    assert.match(old, /^(?:HTTP\/1\.1 200 [^]*)?$/);
    assert.doesNotMatch(old, /^content-length/im);
    assert.ok(!old.endsWith('0\r\n\r\n'), `${how} ${accept}`);
    assert.equal(at.journal.of('http.fault').length, 2);
  }
});

test('where the first letter fails, the answer is 500 with the fault that the log has', async (t) => {
  for (const how of [missing, failing]) {
    const at = await brokenDoor(t, new Map([[3, how]]));
    const client = session(t, at);
    const asked = [
      [list, mbox],
      [`${list}/3`, mbox],
      [`${list}/3`, 'text/plain'],
      [`${list}/3`, 'message/rfc822'],
      [`${list}/3`, 'application/json'],
    ] as const;
    for (const [path, accept] of asked) {
      const answer = await ask(client, path, { authorization, accept });
      assert.equal(answer.status, 500, `${how} ${path} ${accept}`);
      const fault = at.journal.of('http.fault').at(-1)?.fields['fault'];
      assert.equal(answer.text, `The server failed. Fault ${String(fault)}.\n`);
      assert.equal(answer.headers.etag, undefined);
      const old = await oldEnding(t, at, path, accept);
      assert.match(old, /^HTTP\/1\.1 500 /);
      assert.match(old, /The server failed\. Fault \S+\.\n/);
    }
    assert.ok(at.room.fits(64_000_000), 'all room is given back');
  }
});

test('a letter that cannot be read hides no other in the text form', async (t) => {
  for (const how of [missing, failing]) {
    for (const broken of [1, 2, 3]) {
      const at = await brokenDoor(t, new Map([[broken, how]]));
      const answer = await ask(session(t, at), list, { authorization });
      assert.equal(answer.status, 200);
      const fault = at.journal.of('http.fault').at(-1)?.fields['fault'];
      const parts = answer.text.split('[DATE: ').slice(1);
      assert.equal(parts.length, 3);
      for (const [index, part] of parts.entries()) {
        const id = 3 - index;
        assert.ok(part.includes(`Subject: n${id}\n`));
        const told = part.includes(`Message:\n[This letter cannot be read: fault ${String(fault)}]\n`);
        assert.equal(told, id === broken);
        assert.equal(part.includes('xxx'), id !== broken);
      }
      assert.equal(at.journal.of('http.fault').length, 1);
    }
  }
});
