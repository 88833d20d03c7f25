import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Delivery;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/**
 * Writes outcomes into the CRM's table inbox, one row for each job, and every other kind into inbox_aside: java Inbox
 *
 * <p>CLOSURE_QUEUE is your queue of outcomes (crm.outcomes without it), and CRM_DATABASE the JDBC address of the CRM's
 * PostgreSQL with the tables of outbox/tables.sql. It ends when broker or database goes away: start it again, as systemd
 * does with Restart=always. It may be killed at any moment, and several may run at once.
 */
public final class Inbox {
    private static final ObjectMapper JSON = new ObjectMapper();

    // A repeat, and a word that is older than the one that is there, change nothing.
    private static final String HOLD =
        "INSERT INTO inbox (job_id, generation, word, outcome_id, channel, outcome, code, body) "
        + "VALUES (?, ?, ?, ?, ?, ?, ?, ?::json) ON CONFLICT (job_id) DO UPDATE "
        + "SET (generation, word, outcome_id, channel, outcome, code, body, written_at) "
        + "= (excluded.generation, excluded.word, excluded.outcome_id, excluded.channel, excluded.outcome, "
        + "excluded.code, excluded.body, excluded.written_at) "
        + "WHERE (inbox.generation, inbox.word) < (excluded.generation, excluded.word)";
    private static final String SET_ASIDE =
        "INSERT INTO inbox_aside (message_id, kind, body) VALUES (?, ?, ?) ON CONFLICT (message_id) DO NOTHING";

    private final Connection database;

    private Inbox(Connection database) {
        this.database = database;
    }

    public static void main(String[] arguments) {
        try (Connection database = DriverManager.getConnection(Broker.required("CRM_DATABASE"))) {
            database.setAutoCommit(false);
            new Inbox(database).read();
        } catch (Exception problem) {
            System.err.println(Broker.words(problem));
        }
        System.exit(1);
    }

    private void read() throws Exception {
        String queue = System.getenv().getOrDefault("CLOSURE_QUEUE", "crm.outcomes");
        CompletableFuture<Void> end = new CompletableFuture<>();
        Channel channel = Broker.connect().createChannel();
        channel.addShutdownListener(end::completeExceptionally); // with its connection, too
        channel.basicQos(100);
        channel.basicConsume(queue, false, (tag, delivery) -> {
            try {
                write(delivery);
                database.commit();
                channel.basicAck(delivery.getEnvelope().getDeliveryTag(), false); // only after the commit
            } catch (SQLException | IOException problem) {
                end.completeExceptionally(problem);
            }
        }, tag -> end.completeExceptionally(new IOException("the queue is gone")));
        end.get();
    }

    /** One row; what else the CRM does about an outcome, it does in the same transaction if a row was changed. */
    private void write(Delivery delivery) throws SQLException, IOException {
        byte[] body = delivery.getBody();
        String kind = delivery.getProperties().getType();
        boolean ofAJob = "closure.outcome/1".equals(kind);
        try (PreparedStatement statement = database.prepareStatement(ofAJob ? HOLD : SET_ASIDE)) {
            if (ofAJob) {
                JsonNode outcome = JSON.readTree(body);
                statement.setObject(1, UUID.fromString(outcome.get("job_id").asText()));
                statement.setLong(2, outcome.get("generation").asLong());
                statement.setLong(3, outcome.get("word").asLong());
                statement.setObject(4, UUID.fromString(outcome.get("outcome_id").asText()));
                statement.setString(5, outcome.get("channel").asText());
                statement.setString(6, outcome.get("outcome").asText());
                statement.setString(7, outcome.path("code").asText(null));
                statement.setString(8, new String(body, StandardCharsets.UTF_8));
            } else {
                String id = delivery.getProperties().getMessageId();
                statement.setString(1, id != null ? id : UUID.nameUUIDFromBytes(body).toString());
                statement.setString(2, kind);
                statement.setBytes(3, body);
            }
            statement.executeUpdate();
        }
    }
}
