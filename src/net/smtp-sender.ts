import { connect, isIP, type Socket } from 'node:net';
import type { TlsFacts } from '../mail/transport.ts';
import { ok, refused, type Result } from '../result.ts';
import type { ServerReply } from '../smtp/client/reply-reader.ts';
import { SmtpClient } from '../smtp/client/session.ts';
import { SmtpConnection, type Trace } from './smtp-client.ts';
import { connectTls, whyNot, type ConnectRefusal, type ConnectSettings } from './tls/connect.ts';

/** Where a letter is handed in, and how the connection is protected: there is no way without TLS. */
export type SenderSettings = ConnectSettings & {
  readonly protection: 'implicit' | 'starttls';
  /** SMTP where left out. */
  readonly protocol?: 'smtp' | 'lmtp';
  readonly trace: Trace;
};

/** A secured connection, after the greeting and the EHLO or LHLO that counts. */
export type Opened = { readonly connection: SmtpConnection; readonly facts: TlsFacts };

/** Why no letter can be handed in there. After a refusal nothing is left open. */
export type OpenRefusal =
  | { readonly why: 'connect'; readonly refusal: ConnectRefusal }
  | { readonly why: 'reply'; readonly to: 'connecting' | Hello | 'STARTTLS'; readonly reply: ServerReply }
  /** The server does not offer STARTTLS, or somebody in between took the offer out. */
  | { readonly why: 'no-starttls' }
  | { readonly why: 'broken'; readonly detail: string };

/** What a client says first, on SMTP and on LMTP (RFC 2033 section 4.1). */
type Hello = 'EHLO' | 'LHLO';

const timeoutMsByDefault = 30_000;

/**
 * Connects, secures, is greeted and says EHLO or LHLO. With STARTTLS (RFC 3207) the server's certificate is verified by
 * name as with implicit TLS, and what was said before the handshake counts for nothing. Rejects with `ConnectionLost`.
 */
export async function openSender(settings: SenderSettings): Promise<Result<Opened, OpenRefusal>> {
  const { protocol = 'smtp' } = settings;
  const hello = protocol === 'lmtp' ? 'LHLO' : 'EHLO';
  const before =
    settings.protection === 'starttls' ? await askForTls(settings, new SmtpClient(protocol), hello) : null;
  if (before !== null && !before.ok) return before;
  const connected = await connectTls({
    ...settings,
    ...(before === null && protocol === 'smtp' ? { applicationProtocols: ['smtp'] } : {}),
    ...(before === null ? {} : { over: before.value.socket }),
  });
  if (!connected.ok) {
    before?.value.socket.destroy();
    return refused({ why: 'connect', refusal: connected.refusal });
  }
  const { socket, facts } = connected.value;
  const client = before?.value.client ?? new SmtpClient(protocol);
  const connection = new SmtpConnection(socket, settings.trace, client);
  if (before === null) {
    const reply = await connection.greeting();
    if (reply.code !== 220) return leave(connection, { why: 'reply', to: 'connecting', reply });
  } else client.handle({ on: 'secured' });
  const { reply } = await connection.send({ send: hello, name: ehloName(socket) });
  if (reply.code !== 250) return leave(connection, { why: 'reply', to: hello, reply });
  return ok({ connection, facts });
}

async function leave(connection: SmtpConnection, why: OpenRefusal): Promise<Result<Opened, OpenRefusal>> {
  await connection.quit();
  return refused(why);
}

/** The address literal of this end: a client's machine has no name that would tell the server more. */
function ehloName({ localAddress = '127.0.0.1' }: Socket): string {
  return isIP(localAddress) === 6 ? `[IPv6:${localAddress.replace(/%.*$/, '')}]` : `[${localAddress}]`;
}

type AskedForTls = { readonly socket: Socket; readonly client: SmtpClient };

/** The part in the clear: nothing but EHLO or LHLO and STARTTLS is ever said there. */
async function askForTls(
  settings: SenderSettings,
  client: SmtpClient,
  hello: Hello,
): Promise<Result<AskedForTls, OpenRefusal>> {
  const socket = connect({ host: settings.host, port: settings.port, noDelay: true });
  const timeoutMs = settings.timeoutMs ?? timeoutMsByDefault;
  const outcome = await new Promise<OpenRefusal | null>((resolve) => {
    const fail = (refusal: ConnectRefusal): void => settle({ why: 'connect', refusal });
    const timer = setTimeout(() => fail({ why: 'timeout', seconds: timeoutMs / 1000 }), timeoutMs);
    const onData = (chunk: Buffer): void => act(client.handle({ on: 'bytes', chunk }));
    const onError = (error: Error): void => fail(whyNot(error));
    const onEnd = (): void => fail({ why: 'closed', detail: 'the server closed the connection' });
    const settle = (refusal: OpenRefusal | null): void => {
      clearTimeout(timer);
      // Before the handshake reads the socket nobody does: what comes now is judged as TLS, and fails as such.
      socket.pause().off('data', onData).off('error', onError).off('end', onEnd).off('close', onEnd);
      resolve(refusal);
    };
    const act = (actions: ReturnType<SmtpClient['send']>): void => {
      for (const action of actions) {
        if (action.do === 'write') {
          settings.trace('client', action.shown);
          for (const chunk of action.chunks) socket.write(chunk);
        } else if (action.do === 'broken') {
          settle({ why: 'broken', detail: action.why });
        } else if (action.do === 'secure') {
          settle(null);
        } else if (action.do === 'reply') {
          traceReply(settings.trace, action.reply);
          const next = nextInTheClear(client, action.to?.send ?? null, action.reply);
          if (next === 'hello') act(client.send({ send: hello, name: ehloName(socket) }));
          else if (next === 'STARTTLS') act(client.send({ send: 'STARTTLS' }));
          else if (next !== null) settle(next);
        }
      }
    };
    socket.on('data', onData).on('error', onError).on('end', onEnd).on('close', onEnd);
  });
  if (outcome === null) return ok({ socket, client });
  // A destroyed socket may still report how it ended; the refusal has said it already.
  socket.on('error', () => undefined).destroy();
  return refused(outcome);
}

/** What follows a reply in the clear: the next command, the end, or null where the handshake follows. */
function nextInTheClear(
  client: SmtpClient,
  to: string | null,
  reply: ServerReply,
): 'hello' | 'STARTTLS' | OpenRefusal | null {
  if (to === null) return reply.code === 220 ? 'hello' : { why: 'reply', to: 'connecting', reply };
  if (to === 'EHLO' || to === 'LHLO') {
    if (reply.code !== 250) return { why: 'reply', to, reply };
    return client.extensions.has('STARTTLS') ? 'STARTTLS' : { why: 'no-starttls' };
  }
  return reply.code === 220 ? null : { why: 'reply', to: 'STARTTLS', reply };
}

function traceReply(trace: Trace, { code, lines }: ServerReply): void {
  for (const [index, line] of lines.entries())
    trace('server', `${code}${index === lines.length - 1 ? ' ' : '-'}${line}`);
}
