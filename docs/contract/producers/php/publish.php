<?php

// Publishes closure jobs and cancellations, one file each: php publish.php FILE...

declare(strict_types=1);

require __DIR__ . '/broker.php';

use PhpAmqpLib\Channel\AMQPChannel;
use PhpAmqpLib\Exception\AMQPExceptionInterface;
use PhpAmqpLib\Message\AMQPMessage;

const CONFIRM_S = 30;
const PAUSES_S = [0.5, 1, 2, 4, 8, 16]; // a broker that restarts is back by then

/** Returns once the broker has the message on disk; throws if it may not have. */
function publish(AMQPChannel $channel, array $message, string $body): void
{
    $stored = false;
    $returned = null;
    $channel->set_ack_handler(function () use (&$stored) {
        $stored = true;
    });
    $channel->set_return_listener(function (int $code, string $text) use (&$returned) {
        $returned = $text;
    });
    $channel->confirm_select();
    $key = explode('/', explode('.', $message['kind'])[1])[0]; // sms, email, dial or cancel
    $properties = [
        'content_type' => 'application/json',
        'delivery_mode' => AMQPMessage::DELIVERY_MODE_PERSISTENT,
        'message_id' => $message['job_id'] ?? $message['cancel_id'],
        'type' => $message['kind'],
    ];
    $channel->basic_publish(new AMQPMessage($body, $properties), 'closure.jobs', $key, true);
    // A broker that is short of memory or disk takes nothing, and says nothing to a publisher.
    $channel->wait_for_pending_acks_returns(CONFIRM_S);
    if ($returned !== null) {
        throw new RuntimeException("no queue is bound: $returned");
    }
    if (!$stored) {
        throw new RuntimeException('the broker refused to store it');
    }
}

function publishOnce(array $message, string $body): void
{
    $connection = connect();
    try {
        publish($connection->channel(), $message, $body);
    } finally {
        try {
            $connection->close();
        } catch (Exception $problem) {
            // What broke the connection is told already.
        }
    }
}

/** An error leaves the end unknown: the very same bytes are published again, and the job is done once. */
function publishUntilConfirmed(string $body): void
{
    $message = json_decode($body, true, 512, JSON_THROW_ON_ERROR);
    foreach (PAUSES_S as $pause_s) {
        try {
            publishOnce($message, $body);
            return;
        } catch (AMQPExceptionInterface | RuntimeException $problem) {
            if (isForGood($problem)) {
                throw $problem;
            }
            fwrite(STDERR, words($problem) . "; again in $pause_s s\n");
            usleep((int) ($pause_s * 1e6));
        }
    }
    publishOnce($message, $body);
}

try {
    foreach (array_slice($argv, 1) as $name) {
        // Keep these bytes with your own record before you publish them.
        $body = @file_get_contents($name);
        if ($body === false) {
            throw new InvalidArgumentException("$name cannot be read");
        }
        publishUntilConfirmed($body);
        echo "confirmed $name\n";
    }
} catch (Throwable $problem) {
    fwrite(STDERR, words($problem) . "\n");
    exit(1);
}
