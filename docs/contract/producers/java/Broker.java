import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/** The broker that CLOSURE_AMQP names: amqp://crm:PASSWORD@host:5672/%2f, or amqps://…:5671 to another host. */
final class Broker {
    // The broker says the same at every try: a wrong password, no right, no such exchange, too large a body.
    private static final Pattern FOR_GOOD = Pattern.compile("\\b(40[346]|530)\\b");

    private Broker() {}

    static Connection connect() throws Exception {
        ConnectionFactory factory = new ConnectionFactory();
        factory.setUri(required("CLOSURE_AMQP"));
        factory.setRequestedHeartbeat(10);
        factory.setAutomaticRecoveryEnabled(false); // it would hide that confirms and deliveries were lost
        if (factory.isSSL()) {
            factory.useSslProtocol(SSLContext.getDefault()); // the client's own default trusts everybody
            factory.setSocketConfigurator(socket -> {
                socket.setTcpNoDelay(true);
                SSLParameters parameters = ((SSLSocket) socket).getSSLParameters();
                parameters.setEndpointIdentificationAlgorithm("HTTPS");
                ((SSLSocket) socket).setSSLParameters(parameters);
            });
        }
        return factory.newConnection();
    }

    static String required(String name) {
        String value = System.getenv(name);
        if (value == null || value.isEmpty()) {
            throw new IllegalStateException(name + " is not set");
        }
        return value;
    }

    /** Your queue of outcomes. */
    static String queue() {
        String queue = System.getenv("CLOSURE_QUEUE");
        return queue == null || queue.isEmpty() ? "crm.outcomes" : queue;
    }

    static boolean isForGood(Throwable problem) {
        return FOR_GOOD.matcher(words(problem)).find();
    }

    /** What went wrong, in the broker's own words where it said some. */
    static String words(Throwable problem) {
        return Stream.iterate(problem, one -> one != null, Throwable::getCause)
            .map(one -> one instanceof AuthenticationFailureException ? "403 " + one.getMessage() : one.toString())
            .collect(Collectors.joining("; "));
    }
}
