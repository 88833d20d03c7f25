<?php

declare(strict_types=1);

// Debian's package php-amqplib, or what `composer require php-amqplib/php-amqplib` put beside this file.
require stream_resolve_include_path('PhpAmqpLib/autoload.php') ?: __DIR__ . '/vendor/autoload.php';

use PhpAmqpLib\Connection\AbstractConnection;
use PhpAmqpLib\Connection\AMQPConnectionConfig;
use PhpAmqpLib\Connection\AMQPConnectionFactory;
use PhpAmqpLib\Exception\AMQPIOException;

/** What needs no percent-encoding in a name or a password, or has it. */
const PART = '(?:[\w.~!$&\'()*+,;=-]|%[0-9a-f]{2})';
const ADDRESS = '{^amqps?://(' . PART . '+(:' . PART . '*)?@)?(' . PART
    . '+|\[[0-9a-f:.]+\])(:[0-9]+)?(/[^/?#@\s]*)?(\?[^@#\s]*)?$}Di';

/** The broker that CLOSURE_AMQP names: amqp://crm:PASSWORD@host:5672/%2f, or amqps://…:5671 to another host. */
function connect(): AbstractConnection
{
    $address = (string) getenv('CLOSURE_AMQP');
    $uri = preg_match(ADDRESS, $address) === 1 ? parse_url($address) : false;
    if (!isset($uri['scheme'], $uri['host'])) {
        throw new InvalidArgumentException(
            'CLOSURE_AMQP is no address; percent-encode the special characters of its password'
        );
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
        $config->setNetworkProtocol('tls'); // releases up to 3.5 speak plain text to the broker without it
        $config->setSslVerify(true);
        $config->setSslVerifyName(true);
    }
    $config->setHeartbeat(10);
    $config->setReadTimeout(30);
    $config->setWriteTimeout(30);
    try {
        return AMQPConnectionFactory::create($config);
    } catch (AMQPIOException $problem) {
        throw $secure ? reason($config, $problem) : $problem;
    }
}

/** The client keeps the last of PHP's warnings, which does not say what is wrong with a certificate: PHP is asked again. */
function reason(AMQPConnectionConfig $config, AMQPIOException $problem): AMQPIOException
{
    $said = [];
    set_error_handler(function (int $level, string $text) use (&$said): bool {
        $said[] = $text;
        return true;
    });
    $socket = stream_socket_client("tls://{$config->getHost()}:{$config->getPort()}", $code, $text, 10);
    restore_error_handler();
    return $socket === false && $said !== [] ? new AMQPIOException(implode('; ', $said)) : $problem;
}

/** It is the same at every try: a wrong password, no right, no such exchange, too large a body, a stranger's certificate. */
function isForGood(Throwable $problem): bool
{
    return in_array($problem->getCode(), [403, 404, 406, 530], true)
        || stripos($problem->getMessage(), 'certificate') !== false;
}

/** What went wrong, in the broker's own words where it said some. */
function words(Throwable $problem): string
{
    return get_class($problem) . ": {$problem->getCode()} {$problem->getMessage()}";
}
