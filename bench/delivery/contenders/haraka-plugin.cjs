/* global exports, process, require, OK, DENYSOFT */
// A plugin of Haraka, which runs it in a context of its own: keeps letters in synced Maildirs, and asks the DNS nothing.
const { callbackify } = require('node:util');
const { SyncedMaildirs } = require(process.env.LETTERLOCK_BENCH_MAILDIRS);

const opening = SyncedMaildirs.open(process.env.LETTERLOCK_BENCH_MAIL);

const keep = callbackify(async (people, letter) => {
  const maildirs = await opening;
  await Promise.all(people.map((person) => maildirs.keep(person, [letter])));
});

exports.hook_lookup_rdns = (next) => next(OK, 'client.example');

// Who has logged in may send anywhere, which to Haraka means: by way of its queue. These letters stay here.
exports.hook_data_post = (next, connection) => {
  connection.relaying = false;
  next();
};

exports.hook_queue = (next, connection) => {
  const { message_stream: stream, rcpt_to: recipients } = connection.transaction;
  const people = recipients.map(({ user }) => user);
  stream.get_data((letter) => {
    keep(people, letter, (error) => {
      if (error !== null) connection.logerror(error.message);
      next(error === null ? OK : DENYSOFT);
    });
  });
};
