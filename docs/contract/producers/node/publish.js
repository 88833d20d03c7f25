// Publishes closure jobs and cancellations, one file each: node publish.js FILE...
//
// CLOSURE_AMQP names the broker: amqp://crm:PASSWORD@host:5672/%2f?heartbeat=10
'use strict';

const fs = require('fs');
const { setTimeout: pause } = require('timers/promises');
const amqp = require('amqplib');

const CONFIRM_MS = 30000;
const PAUSES_MS = [500, 1000, 2000, 4000, 8000, 16000]; // a broker that restarts is back by then

// What needs no percent-encoding in a name or a password, or has it.
const PART = "(?:[\\w.~!$&'()*+,;=-]|%[0-9a-f]{2})";
const USER = `(${PART}+(:${PART}*)?@)?`;
const ADDRESS = new RegExp(
  `^amqps?://${USER}(${PART}+|\\[[0-9a-f:.]+\\])(:[0-9]+)?(/[^/?#@\\s]*)?(\\?[^@#\\s]*)?$`, 'i');

// It is the same at every try: a wrong password, no right, no such exchange, too large a body, a stranger's certificate.
const isForGood = (problem) => /\b(40[346]|530)\b|certificate/.test(problem.message);

// Resolves once the broker has the message on disk; rejects if it may not have.
async function publish(channel, body, message) {
  const refused = new Promise((_resolve, reject) => {
    channel.once('error', reject); // in the broker's own words
    channel.once('return', () => reject(new Error('the routing key leads nowhere')));
  });
  channel.publish('closure.jobs', message.kind.split('.')[1].split('/')[0], body, {
    mandatory: true,
    persistent: true,
    contentType: 'application/json',
    messageId: message.job_id || message.cancel_id,
    type: message.kind,
  });
  // A message that cannot be routed comes back before it is confirmed.
  await Promise.race([refused, channel.waitForConfirms(), late()]);
}

// A broker that is short of memory or disk takes nothing, and says nothing to a publisher.
async function late() {
  await pause(CONFIRM_MS, undefined, { ref: false });
  throw new Error(`no confirm in ${CONFIRM_MS} ms`);
}

// The client does not say why the broker refuses to open a vhost.
async function connect(uri) {
  return amqp.connect(uri).catch((problem) => {
    throw /ConnectionOpenOk/.test(problem.message) ? new Error('530: no such vhost, or no right to it') : problem;
  });
}

async function publishOnce(uri, body, message) {
  const connection = await connect(uri);
  connection.on('error', () => {}); // the publish that it breaks rejects by itself
  try {
    await publish(await connection.createConfirmChannel(), body, message);
  } finally {
    await connection.close().catch(() => {});
  }
}

// An error leaves the end unknown: the very same bytes are published again, and the job is done once.
async function publishUntilConfirmed(uri, body) {
  const message = JSON.parse(body);
  for (const wait_ms of PAUSES_MS) {
    try {
      return await publishOnce(uri, body, message);
    } catch (problem) {
      if (isForGood(problem)) throw problem;
      console.error(`${problem.message}; again in ${wait_ms} ms`);
      await pause(wait_ms);
    }
  }
  return publishOnce(uri, body, message);
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
  const broker = address();
  for (const name of process.argv.slice(2)) {
    // Keep these bytes with your own record before you publish them.
    await publishUntilConfirmed(broker, fs.readFileSync(name));
    console.log('confirmed', name);
  }
}

main().catch((problem) => {
  console.error(problem.message);
  process.exit(1);
});
