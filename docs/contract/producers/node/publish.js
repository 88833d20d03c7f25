// Publishes closure jobs and cancellations, one file each: node publish.js FILE...
//
// CLOSURE_AMQP names the broker: amqp://crm:PASSWORD@host:5672/%2f?heartbeat=10
'use strict';

const fs = require('fs');
const amqp = require('amqplib');

const TRIES = 5;

// Resolves once the broker has the message on disk; rejects if it may not have.
async function publish(channel, body) {
  const message = JSON.parse(body);
  const returned = new Promise((_resolve, reject) => {
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
  await Promise.race([channel.waitForConfirms(), returned]);
}

// An error leaves the end unknown: the very same bytes are published again, and the job is done once.
async function publishUntilConfirmed(uri, body) {
  for (let left = TRIES - 1; ; left -= 1) {
    let connection;
    try {
      connection = await amqp.connect(uri);
      connection.on('error', () => {}); // the publish that it breaks rejects by itself
      const channel = await connection.createConfirmChannel();
      await publish(channel, body);
      return;
    } catch (problem) {
      if (left === 0) throw problem;
    } finally {
      if (connection) await connection.close().catch(() => {});
    }
  }
}

async function main() {
  for (const name of process.argv.slice(2)) {
    // Keep these bytes with your own record before you publish them.
    await publishUntilConfirmed(process.env.CLOSURE_AMQP, fs.readFileSync(name));
    console.log('confirmed', name);
  }
}

main().catch((problem) => {
  console.error(problem.message);
  process.exit(1);
});
