import type { TlsFacts } from '../../src/mail/transport.ts';
import type { Secured } from '../../src/smtp/session.ts';

/** What two ends agree that both have everything, for sessions without a socket. */
export const agreedTls: TlsFacts = {
  version: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  group: 'X25519MLKEM768',
  postQuantum: true,
  resumed: false,
  serverName: null,
  alpn: null,
  ownCertificate: null,
  peerCertificate: null,
};

/** The same with the channel binding that every transcript has. */
export const agreedSecured: Secured = { tls: agreedTls, channelBinding: Buffer.alloc(32, 0x42) };
