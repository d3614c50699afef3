import type { Socket } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js';
import { SMTPStream } from 'smtp-server/lib/smtp-stream.js';
import type { Contender } from '../contender.ts';
import { Wire } from '../wire.ts';

type AddressParser = SMTPConnection['_parseAddressCommand'];

/** `smtp-server` (Nodemailer's), with everything in it that can be left out left out. */
export const smtpServer: Contender = {
  name: 'smtp-server 3.21.6',
  transactions: {
    does: 'the same with fewer limits, and no check of line ends; no login; content goes through a PassThrough; no log, no DNS',
    open: async () => {
      const server = new SMTPServer({
        logger: false,
        disabledCommands: ['AUTH', 'STARTTLS'],
        disableReverseLookup: true,
        hideENHANCEDSTATUSCODES: false,
        size: 26_214_400,
        onData(stream, _session, done) {
          stream.on('end', () => done(null, 'Mail was sent; stored as 1'));
          stream.resume();
        },
      });
      const wire = new Wire();
      // Its timer before the greeting keeps no process alive.
      const awake = setInterval(() => {}, 1000);
      const greeted = wire.greeted();
      server.connect(wire as unknown as Socket);
      await greeted;
      clearInterval(awake);
      await wire.say(Buffer.from('EHLO client.example\r\n'), 1);
      return wire.say;
    },
  },
  commands: {
    does: 'the same with a smaller grammar: no quoted local parts, no octet limits of local part and label, any keyword',
    open: (mail, rcpt) => {
      const parse: AddressParser = SMTPConnection.prototype._parseAddressCommand.bind({
        _server: { options: {} },
      } as unknown as SMTPConnection);
      return () => {
        if (parse('mail from', mail) === false || parse('rcpt to', rcpt) === false)
          throw new Error('smtp-server does not understand its line');
      };
    },
  },
  bodies: {
    does: 'looks for the end and takes dots out; takes a CR or LF alone for text; content goes through a PassThrough',
    open: async () => {
      const stream = new SMTPStream();
      stream.startDataMode().resume();
      return (chunk) =>
        new Promise<void>((resolve, reject) => {
          stream.write(chunk, (error) => (error ? reject(error) : resolve()));
        });
    },
  },
};
