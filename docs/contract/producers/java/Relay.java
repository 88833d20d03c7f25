import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Publishes what the CRM wrote into its table outbox, and marks what the broker has confirmed: java Relay
 *
 * <p>CRM_DATABASE is the JDBC address of the CRM's PostgreSQL with the tables of outbox/tables.sql, and CLOSURE_IN_FLIGHT
 * says how many messages may wait for their confirms at a time (100 without it). It ends when broker or database goes
 * away or refuses: start it again, as systemd does with Restart=always. It may be killed at any moment, and several may
 * run at once.
 */
public final class Relay {
    private static final long POLL_MS = 200; // how soon it looks again where there was nothing to do
    private static final long PAUSE_MS = 5_000; // how soon it publishes again what the broker did not take
    private static final long CONFIRM_MS = 30_000; // a broker that is short of memory or disk says nothing

    // Another relay passes over the rows that this one holds.
    private static final String TAKE = "SELECT message_id, kind, body FROM outbox WHERE confirmed_at IS NULL "
        + "ORDER BY position LIMIT ? FOR UPDATE SKIP LOCKED";
    private static final String MARK = "UPDATE outbox SET confirmed_at = now() WHERE message_id = ANY(?)";
    // Where a machine dies with a batch, the database gives its rows back after this time.
    private static final String HELD_AT_MOST = "SET idle_in_transaction_session_timeout = '60s'";

    private final Connection database;
    private final Channel channel;
    private final int inFlight;
    private final Map<String, String> returned = new ConcurrentHashMap<>();

    private Relay(Connection database, Channel channel, int inFlight) {
        this.database = database;
        this.channel = channel;
        this.inFlight = inFlight;
    }

    public static void main(String[] arguments) {
        String inFlight = System.getenv().getOrDefault("CLOSURE_IN_FLIGHT", "100");
        if (!inFlight.matches("[1-9][0-9]{0,3}")) {
            System.err.println("CLOSURE_IN_FLIGHT must be a number from 1 to 9999");
            System.exit(1);
        }
        try (Connection database = Database.connect();
            Statement statement = database.createStatement()) {
            statement.execute(HELD_AT_MOST);
            database.setAutoCommit(false);
            com.rabbitmq.client.Connection broker = Broker.connect();
            // A write to a broker that reads no more has no limit of its own.
            broker.addBlockedListener(Relay::endAtOnce, () -> { });
            new Relay(database, broker.createChannel(), Integer.parseInt(inFlight)).run();
        } catch (Exception problem) {
            System.err.println(Broker.words(problem));
        }
        System.exit(1);
    }

    private static void endAtOnce(String reason) {
        System.err.println("the broker takes nothing: " + reason);
        System.exit(1);
    }

    private void run() throws Exception {
        // No queue is bound; the message is confirmed all the same, right after this.
        channel.addReturnListener(one -> returned.put(one.getProperties().getMessageId(), one.getReplyText()));
        channel.confirmSelect();
        while (true) {
            Thread.sleep(batch());
        }
    }

    /** One transaction: take rows, publish them, wait for every confirm, mark the rows. Answers how long to wait. */
    private long batch() throws Exception {
        returned.clear();
        List<UUID> published = publishAll();
        if (published.isEmpty()) {
            database.commit();
            if (!channel.isOpen()) {
                throw channel.getCloseReason();
            }
            return POLL_MS;
        }
        boolean stored = channel.waitForConfirms(CONFIRM_MS);
        List<UUID> kept = new ArrayList<>(published);
        kept.removeIf(id -> !stored || returned.containsKey(id.toString()));
        mark(kept);
        System.out.println("confirmed " + kept.size());
        if (kept.size() == published.size()) {
            return 0;
        }
        String words = returned.isEmpty() ? "refused" : String.join(", ", returned.values());
        System.err.println(published.size() - kept.size() + " not taken (" + words + "); again in " + PAUSE_MS + " ms");
        return PAUSE_MS;
    }

    private List<UUID> publishAll() throws Exception {
        List<UUID> published = new ArrayList<>();
        try (PreparedStatement take = database.prepareStatement(TAKE)) {
            take.setInt(1, inFlight);
            ResultSet rows = take.executeQuery();
            while (rows.next()) {
                UUID id = rows.getObject("message_id", UUID.class);
                publish(id, rows.getString("kind"), rows.getBytes("body"));
                published.add(id);
            }
        }
        return published;
    }

    private void publish(UUID id, String kind, byte[] body) throws Exception {
        AMQP.BasicProperties properties = new AMQP.BasicProperties.Builder()
            .contentType("application/json")
            .deliveryMode(2)
            .messageId(id.toString())
            .type(kind)
            .build();
        String key = kind.split("\\.")[1].split("/")[0]; // sms, email, dial or cancel
        channel.basicPublish("closure.jobs", key, true, properties, body);
    }

    private void mark(List<UUID> kept) throws SQLException {
        try (PreparedStatement mark = database.prepareStatement(MARK)) {
            mark.setArray(1, database.createArrayOf("uuid", kept.toArray()));
            mark.executeUpdate();
        }
        database.commit();
    }
}
