import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.regex.Pattern;

/** The CRM's PostgreSQL that CRM_DATABASE names: jdbc:postgresql://host:5432/crm?user=crm&amp;password=PASSWORD */
final class Database {
    private static final Pattern ADDRESS = Pattern.compile(
        "jdbc:postgresql:([^@%?]|%[0-9A-Fa-f]{2})*(\\?([^%]|%[0-9A-Fa-f]{2})*)?");

    private Database() {}

    /** The driver would repeat the address, and the password in it, in what it says of a wrong one. */
    static Connection connect() throws SQLException {
        String address = Broker.required("CRM_DATABASE");
        if (!isAddress(address)) {
            throw new IllegalStateException(
                "CRM_DATABASE is no address; percent-encode the special characters of its password");
        }
        return DriverManager.getConnection(address);
    }

    private static boolean isAddress(String address) {
        try {
            return ADDRESS.matcher(address).matches() && DriverManager.getDriver(address) != null;
        } catch (SQLException problem) {
            return false; // no driver can read it
        }
    }
}
