import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Delivery;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/**
 * Writes outcomes into the CRM's table inbox, one row for each job, and all else into inbox_aside: java Inbox
 *
 * <p>CLOSURE_QUEUE is your queue of outcomes (crm.outcomes without it), and CRM_DATABASE the JDBC address of the CRM's
 * PostgreSQL with the tables of outbox/tables.sql. It ends when broker or database goes away: start it again, as systemd
 * does with Restart=always. It may be killed at any moment, and several may run at once.
 */
public final class Inbox {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String OF_A_JOB = "closure.outcome/1";

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
        try (Connection database = Database.connect()) {
            database.setAutoCommit(false);
            new Inbox(database).read();
        } catch (Exception problem) {
            System.err.println(Broker.words(problem));
        }
        System.exit(1);
    }

    private void read() throws Exception {
        CompletableFuture<Void> end = new CompletableFuture<>();
        Channel channel = Broker.connect().createChannel();
        channel.addShutdownListener(end::completeExceptionally); // with its connection, too
        channel.basicQos(100);
        channel.basicConsume(Broker.queue(), false, (tag, delivery) -> {
            try {
                write(delivery);
                channel.basicAck(delivery.getEnvelope().getDeliveryTag(), false); // only after the commit
            } catch (SQLException | IOException problem) {
                end.completeExceptionally(problem);
            }
        }, tag -> end.completeExceptionally(new IOException("the queue is gone")));
        end.get();
    }

    /** Each message has its row in the end: one that nobody can read must not stop those behind it. */
    private void write(Delivery delivery) throws SQLException {
        if (OF_A_JOB.equals(delivery.getProperties().getType())) {
            try {
                hold(delivery.getBody());
                return;
            } catch (SQLException problem) {
                if (!isOfTheRow(problem)) {
                    throw problem;
                }
                tellUnreadable(problem);
            } catch (IOException | RuntimeException problem) {
                tellUnreadable(problem);
            }
            database.rollback();
        }
        setAside(delivery);
    }

    /** One row; what else the CRM does about an outcome, it does in the same transaction if a row was changed. */
    private void hold(byte[] body) throws SQLException, IOException {
        JsonNode outcome = JSON.readTree(body);
        try (PreparedStatement statement = database.prepareStatement(HOLD)) {
            statement.setObject(1, UUID.fromString(outcome.get("job_id").textValue()));
            statement.setLong(2, number(outcome.get("generation")));
            statement.setLong(3, number(outcome.get("word")));
            statement.setObject(4, UUID.fromString(outcome.get("outcome_id").textValue()));
            statement.setString(5, outcome.get("channel").textValue());
            statement.setString(6, outcome.get("outcome").textValue());
            statement.setString(7, outcome.path("code").textValue());
            statement.setString(8, new String(body, StandardCharsets.UTF_8));
            statement.executeUpdate();
        }
        database.commit();
    }

    private void setAside(Delivery delivery) throws SQLException {
        byte[] body = delivery.getBody();
        String id = delivery.getProperties().getMessageId();
        try (PreparedStatement statement = database.prepareStatement(SET_ASIDE)) {
            statement.setString(1, id != null ? id : UUID.nameUUIDFromBytes(body).toString());
            statement.setString(2, delivery.getProperties().getType());
            statement.setBytes(3, body);
            statement.executeUpdate();
        }
        database.commit();
    }

    private static long number(JsonNode value) {
        if (!value.canConvertToLong()) {
            throw new IllegalArgumentException("no number");
        }
        return value.longValue();
    }

    /** The database will say the same of these values at every try: classes 22 and 23 of its codes. */
    private static boolean isOfTheRow(SQLException problem) {
        String state = problem.getSQLState();
        return state != null && (state.startsWith("22") || state.startsWith("23"));
    }

    private static void tellUnreadable(Exception problem) {
        System.err.println("an outcome that cannot be read is set aside: " + problem.getClass().getSimpleName());
    }
}
