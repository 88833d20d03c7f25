import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import java.io.IOException;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** Reads outcomes and answers to cancellations, and prints one line for each: java Outcomes [COUNT] */
public final class Outcomes {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Map<String, Function<JsonNode, String>> LINES = Map.of(
        "closure.outcome/1", Outcomes::ofAJob,
        "closure.cancel-outcome/1", Outcomes::ofACancellation);

    private final Set<String> seen = new HashSet<>(); // in your program: a unique column in your own database

    private Outcomes() {}

    public static void main(String[] arguments) {
        try {
            int count = arguments.length > 0 ? Integer.parseUnsignedInt(arguments[0]) : Integer.MAX_VALUE;
            if (count < 1) {
                throw new IllegalArgumentException("COUNT must be a number from 1 on");
            }
            new Outcomes().read(count);
        } catch (Exception problem) {
            System.err.println(Broker.words(problem));
            System.exit(1);
        }
    }

    /** Returns after so many different outcomes; throws when the broker ends it. */
    private void read(int count) throws Exception {
        CompletableFuture<Void> end = new CompletableFuture<>();
        Connection connection = Broker.connect();
        try {
            connection.addShutdownListener(end::completeExceptionally);
            Channel channel = connection.createChannel();
            channel.addShutdownListener(end::completeExceptionally); // an exception below closes the channel
            channel.basicQos(100);
            channel.basicConsume(Broker.queue(), false, (tag, delivery) -> {
                if (seen.size() == count) {
                    return; // it goes back to the queue when the connection ends
                }
                record(JSON.readTree(delivery.getBody()));
                channel.basicAck(delivery.getEnvelope().getDeliveryTag(), false); // only after your commit
                if (seen.size() == count) {
                    end.complete(null);
                }
            }, tag -> end.completeExceptionally(new IOException("the queue is gone")));
            end.get();
        } finally {
            connection.abort(5_000);
        }
    }

    /** Your own commit; a repeat carries the same outcome_id, and what `corrects` names counts no more. */
    private void record(JsonNode message) {
        String kind = message.path("kind").asText();
        if (!LINES.containsKey(kind)) {
            System.err.println("passed over: " + kind); // a later release tells more
        } else if (seen.add(message.get("outcome_id").asText())) {
            System.out.println(LINES.get(kind).apply(message));
        }
    }

    private static String ofAJob(JsonNode outcome) {
        String corrects = outcome.hasNonNull("corrects") ? " corrects " + outcome.get("corrects").asText() : "";
        return outcome.get("channel").asText() + "." + outcome.get("outcome").asText() + " "
            + outcome.path("code").asText() + " " + outcome.get("job_id").asText() + corrects;
    }

    private static String ofACancellation(JsonNode answer) {
        return "cancel." + answer.get("outcome").asText() + " " + answer.get("cancel_id").asText();
    }
}
