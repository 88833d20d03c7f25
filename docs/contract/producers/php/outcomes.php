<?php

// Reads outcomes and answers to cancellations, and prints one line for each: php outcomes.php [COUNT]
//
// CLOSURE_QUEUE names your queue of outcomes (crm.outcomes without it).

declare(strict_types=1);

require __DIR__ . '/broker.php';

use PhpAmqpLib\Message\AMQPMessage;

const LINES = [
    'closure.outcome/1' => 'ofAJob',
    'closure.cancel-outcome/1' => 'ofACancellation',
];

function ofAJob(array $outcome): string
{
    $corrects = isset($outcome['corrects']) ? " corrects {$outcome['corrects']}" : '';
    return "{$outcome['channel']}.{$outcome['outcome']} {$outcome['code']} {$outcome['job_id']}$corrects";
}

function ofACancellation(array $answer): string
{
    return "cancel.{$answer['outcome']} {$answer['cancel_id']}";
}

/** Your own commit; a repeat carries the same outcome_id, and what `corrects` names counts no more. */
function record(array $message, array &$seen): void
{
    if (!isset(LINES[$message['kind']])) {
        fwrite(STDERR, "passed over: {$message['kind']}\n"); // a later release tells more
    } elseif (!isset($seen[$message['outcome_id']])) {
        $seen[$message['outcome_id']] = true; // in your program: a unique column in your own database
        echo LINES[$message['kind']]($message), "\n";
    }
}

/** Returns after so many different outcomes; throws when the broker ends it. */
function read(int $count): void
{
    $seen = [];
    $connection = connect();
    $channel = $connection->channel();
    $channel->basic_qos(0, 100, false);
    $handle = function (AMQPMessage $message) use (&$seen) {
        record(json_decode($message->getBody(), true, 512, JSON_THROW_ON_ERROR), $seen);
        $message->ack(); // only after your commit
    };
    $channel->basic_consume(getenv('CLOSURE_QUEUE') ?: 'crm.outcomes', '', false, false, false, false, $handle);
    while (count($seen) < $count) {
        $channel->wait();
    }
    $connection->close();
}

try {
    $count = filter_var($argv[1] ?? PHP_INT_MAX, FILTER_VALIDATE_INT, ['options' => ['min_range' => 1]]);
    if ($count === false) {
        throw new InvalidArgumentException('COUNT must be a number from 1 on');
    }
    read($count);
} catch (Throwable $problem) {
    fwrite(STDERR, words($problem) . "\n");
    exit(1);
}
