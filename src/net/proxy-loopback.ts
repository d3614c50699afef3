import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** A proxy to a port of this machine, which says the header in one packet with its client's first octets; its port. */
export async function proxyTo(t: TestContext, port: number, header: Buffer | string): Promise<number> {
  const server = createServer((client) => {
    const onward = connect({ host: '127.0.0.1', port });
    client.on('error', () => onward.destroy());
    onward.on('error', () => client.destroy());
    client.once('data', (first: Buffer) => {
      onward.write(Buffer.concat([Buffer.from(header), first]));
      client.pipe(onward);
    });
    onward.pipe(client);
    t.after(() => {
      client.destroy();
      onward.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}
