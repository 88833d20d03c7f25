// Reads outcomes and answers to cancellations, and prints one line for each: node outcomes.js [COUNT]
//
// CLOSURE_AMQP names the broker, CLOSURE_QUEUE your queue of outcomes (crm.outcomes without it).
'use strict';

const amqp = require('amqplib');

// What needs no percent-encoding in a name or a password, or has it.
const PART = "(?:[\\w.~!$&'()*+,;=-]|%[0-9a-f]{2})";
const USER = `(${PART}+(:${PART}*)?@)?`;
const ADDRESS = new RegExp(
  `^amqps?://${USER}(${PART}+|\\[[0-9a-f:.]+\\])(:[0-9]+)?(/[^/?#@\\s]*)?(\\?[^@#\\s]*)?$`, 'i');

const seen = new Set(); // in your program: a unique column in your own database

const LINES = new Map([
  ['closure.outcome/1', (outcome) => {
    const corrects = outcome.corrects ? ['corrects', outcome.corrects] : [];
    return [`${outcome.channel}.${outcome.outcome}`, outcome.code, outcome.job_id, ...corrects];
  }],
  ['closure.cancel-outcome/1', (answer) => [`cancel.${answer.outcome}`, answer.cancel_id]],
]);

// Your own commit; a repeat carries the same outcome_id, and what `corrects` names counts no more.
function record(message) {
  const lineOf = LINES.get(message.kind);
  if (!lineOf) return console.error('passed over:', message.kind); // a later release tells more
  if (seen.has(message.outcome_id)) return;
  seen.add(message.outcome_id);
  console.log(...lineOf(message));
}

// Resolves after so many different outcomes; rejects when the broker ends it.
async function read(connection, count) {
  const channel = await connection.createChannel();
  await channel.prefetch(100);
  await new Promise((resolve, reject) => {
    connection.on('error', reject);
    connection.on('close', () => reject(new Error('the connection is closed; start the reader again')));
    channel.on('error', reject); // in the broker's own words
    const consuming = channel.consume(process.env.CLOSURE_QUEUE || 'crm.outcomes', (message) => {
      if (message === null) return reject(new Error('the queue is gone'));
      if (seen.size >= count) return; // it goes back to the queue when the channel is closed
      record(JSON.parse(message.content));
      channel.ack(message); // only after your commit
      if (seen.size === count) resolve();
    });
    consuming.catch(reject);
  });
  await channel.close();
}

// The client does not say why the broker refuses to open a vhost.
async function connect(uri) {
  return amqp.connect(uri).catch((problem) => {
    throw /ConnectionOpenOk/.test(problem.message) ? new Error('530: no such vhost, or no right to it') : problem;
  });
}

// The broker's; a library could repeat parts of its password in what it says of a wrong one.
function address() {
  const uri = process.env.CLOSURE_AMQP;
  if (!uri) throw new Error('CLOSURE_AMQP is not set');
  if (!ADDRESS.test(uri)) {
    throw new Error('CLOSURE_AMQP is no address; percent-encode the special characters of its password');
  }
  return uri;
}

async function main() {
  const count = Number(process.argv[2] || Infinity);
  const broker = address();
  if (!(count > 0)) throw new Error('COUNT must be a number from 1 on');
  const connection = await connect(broker);
  await read(connection, count);
  await connection.close();
}

main().catch((problem) => {
  console.error(problem.message);
  process.exit(1);
});
