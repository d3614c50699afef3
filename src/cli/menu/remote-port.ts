import { refused, ok, type Result } from '../../result.ts';

/** Reads the port of a server; the refusal is a sentence. Port 0 is nobody's. */
export function parseRemotePort(text: string): Result<number, string> {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return ok(port);
  return refused(`${JSON.stringify(text.slice(0, 40))} is no port: give a number from 1 to 65535`);
}
