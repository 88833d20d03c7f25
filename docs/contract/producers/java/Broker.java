import com.rabbitmq.client.Address;
import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.ListAddressResolver;
import java.net.URISyntaxException;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/** The broker that CLOSURE_AMQP names: amqp://crm:PASSWORD@host:5672/%2f, or amqps://…:5671 to another host. */
final class Broker {
    private static final String STRANGER = "the broker's certificate is not believed: ";
    // It is the same at every try: a wrong password, no right, no such exchange, too large a body, a stranger.
    private static final Pattern FOR_GOOD = Pattern.compile("\\b(40[346]|530)\\b|" + STRANGER);

    // What needs no percent-encoding in a name or a password, or has it.
    private static final String PART = "(?:[\\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})";
    private static final Pattern ADDRESS = Pattern.compile("(?i)amqps?://(" + PART + "+(:" + PART + "*)?@)?"
        + "(" + PART + "+|\\[[0-9a-f:.]+\\])(:[0-9]+)?(/[^/?#@\\s]*)?(\\?[^@#\\s]*)?");

    private Broker() {}

    static Connection connect() throws Exception {
        ConnectionFactory factory = new ConnectionFactory();
        setAddress(factory, required("CLOSURE_AMQP"));
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
        // Older clients look a single host up themselves, and then know no name to compare a certificate with.
        Address host = new Address(factory.getHost(), factory.getPort());
        return factory.newConnection(new ListAddressResolver(List.of(host)));
    }

    /** The client would repeat the address, and the password in it, in what it says of a wrong one. */
    private static void setAddress(ConnectionFactory factory, String uri) throws GeneralSecurityException {
        try {
            if (ADDRESS.matcher(uri).matches()) {
                factory.setUri(uri);
                return;
            }
        } catch (URISyntaxException | IllegalArgumentException problem) {
            // Its words are the address.
        }
        throw new IllegalStateException(
            "CLOSURE_AMQP is no address; percent-encode the special characters of its password");
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
            .map(Broker::word)
            .collect(Collectors.joining("; "));
    }

    private static String word(Throwable problem) {
        if (problem instanceof AuthenticationFailureException) {
            return "403 " + problem.getMessage();
        }
        return (problem instanceof CertificateException ? STRANGER : "") + problem;
    }
}
