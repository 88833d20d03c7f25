import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;

/** Publishes closure jobs and cancellations, one file each: java Publish FILE... */
public final class Publish {
    private static final long CONFIRM_MS = 30_000;
    // A broker that restarts is back by then.
    private static final long[] PAUSES_MS = {500, 1_000, 2_000, 4_000, 8_000, 16_000};

    private Publish() {}

    public static void main(String[] names) throws Exception {
        try {
            for (String name : names) {
                // Keep these bytes with your own record before you publish them.
                publishUntilConfirmed(Files.readAllBytes(Path.of(name)));
                System.out.println("confirmed " + name);
            }
        } catch (Exception problem) {
            System.err.println(Broker.words(problem));
            System.exit(1);
        }
    }

    /** An error leaves the end unknown: the very same bytes are published again, and the job is done once. */
    private static void publishUntilConfirmed(byte[] body) throws Exception {
        JsonNode message = new ObjectMapper().readTree(body);
        for (long pauseMs : PAUSES_MS) {
            try {
                publishOnce(message, body);
                return;
            } catch (IOException | TimeoutException | ShutdownSignalException problem) {
                if (Broker.isForGood(problem)) {
                    throw problem;
                }
                System.err.println(Broker.words(problem) + "; again in " + pauseMs + " ms");
                Thread.sleep(pauseMs);
            }
        }
        publishOnce(message, body);
    }

    private static void publishOnce(JsonNode message, byte[] body) throws Exception {
        Connection connection = Broker.connect();
        try {
            publish(connection.createChannel(), message, body);
        } finally {
            connection.abort(5_000);
        }
    }

    /** Returns once the broker has the message on disk; throws if it may not have. */
    private static void publish(Channel channel, JsonNode message, byte[] body) throws Exception {
        AtomicReference<String> returned = new AtomicReference<>();
        channel.addReturnListener(unroutable -> returned.set(unroutable.getReplyText()));
        channel.confirmSelect();
        String kind = message.get("kind").asText();
        AMQP.BasicProperties properties = new AMQP.BasicProperties.Builder()
            .contentType("application/json")
            .deliveryMode(2)
            .messageId(message.path("job_id").asText(message.path("cancel_id").asText()))
            .type(kind)
            .build();
        String key = kind.split("\\.")[1].split("/")[0]; // sms, email, dial or cancel
        channel.basicPublish("closure.jobs", key, true, properties, body);
        // A broker that is short of memory or disk takes nothing, and says nothing to a publisher.
        if (!channel.waitForConfirms(CONFIRM_MS)) {
            throw new IOException("the broker refused to store it");
        }
        if (returned.get() != null) {
            throw new IOException("no queue is bound: " + returned.get());
        }
    }
}
