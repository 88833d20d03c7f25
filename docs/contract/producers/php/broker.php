<?php

declare(strict_types=1);

// Debian's package php-amqplib, or what `composer require php-amqplib/php-amqplib` put beside this file.
require stream_resolve_include_path('PhpAmqpLib/autoload.php') ?: __DIR__ . '/vendor/autoload.php';

use PhpAmqpLib\Connection\AbstractConnection;
use PhpAmqpLib\Connection\AMQPConnectionConfig;
use PhpAmqpLib\Connection\AMQPConnectionFactory;

/** The broker that CLOSURE_AMQP names: amqp://crm:PASSWORD@host:5672/%2f, or amqps://…:5671 to another host. */
function connect(): AbstractConnection
{
    $uri = parse_url((string) getenv('CLOSURE_AMQP'));
    if (!isset($uri['scheme'], $uri['host'])) {
        throw new InvalidArgumentException('CLOSURE_AMQP names no broker');
    }
    $secure = strtolower($uri['scheme']) === 'amqps';
    $config = new AMQPConnectionConfig();
    $config->setHost($uri['host']);
    $config->setPort($uri['port'] ?? ($secure ? 5671 : 5672));
    $config->setUser(rawurldecode($uri['user'] ?? ''));
    $config->setPassword(rawurldecode($uri['pass'] ?? ''));
    $config->setVhost(rawurldecode(substr($uri['path'] ?? '/', 1)) ?: '/');
    $config->setIsSecure($secure);
    if ($secure) {
        $config->setSslVerify(true);
        $config->setSslVerifyName(true);
    }
    $config->setHeartbeat(10);
    $config->setReadTimeout(30);
    $config->setWriteTimeout(30);
    return AMQPConnectionFactory::create($config);
}

/** The broker says the same at every try: a wrong password, no right, no such exchange, too large a body. */
function isForGood(Throwable $problem): bool
{
    return in_array($problem->getCode(), [403, 404, 406, 530], true);
}

/** What went wrong, in the broker's own words where it said some. */
function words(Throwable $problem): string
{
    return get_class($problem) . ": {$problem->getCode()} {$problem->getMessage()}";
}
