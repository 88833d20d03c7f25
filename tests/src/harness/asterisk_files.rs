//! The files of a test's PBX: those of `deploy/asterisk` with the places that are this test's own, its phones and its
//! trunk.

use std::path::{Path, PathBuf};

/// ARI, ARI with TLS, SIP, the phones and the carrier; the sound has the rest of the block.
pub(super) const PORTS_NAMED: u16 = 5;
/// The phones beside those that a scenario names.
const ANSWERING: std::ops::RangeInclusive<u16> = 1001..=1099;
/// Phones that decline, ring on, hang up while the customer's phone rings, are busy, do not say anything, and answer
/// after some seconds.
const OTHERS: [u16; 6] = [1555, 1666, 1196, 1777, 1444, 1222];
/// The carrier's answers that end a call at once; the last four digits are a zero and the answer.
const REFUSALS: [&str; 20] = [
    "401", "403", "404", "408", "410", "480", "481", "484", "485", "486", "488", "500", "501", "502", "503",
    "504", "600", "603", "604", "606",
];
const DECLINES: &str = "603";
const BUSY: &str = "486";

/// A certificate for `localhost`, whose authority nothing else trusts.
const TLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/providers/tests/recorded/tls");

/// What stands in a file, and what stands there instead.
type Changes = &'static [(&'static str, &'static str)];

/// What `deploy/asterisk` has, and what of it is another place here.
const DEPLOYED: [(&str, &str, Changes); 5] = [
    ("extensions.conf", include_str!("../../../deploy/asterisk/extensions.conf"), &[]),
    ("cel.conf", include_str!("../../../deploy/asterisk/cel.conf"), &[]),
    (
        "ari.conf",
        include_str!("../../../deploy/asterisk/ari.conf"),
        &[("PUT THE CRYPTED PASSWORD HERE", "@PASSWORD@")],
    ),
    (
        "http.conf",
        include_str!("../../../deploy/asterisk/http.conf"),
        &[
            ("bindport = 8088", "bindport = @HTTP_PORT@"),
            ("0.0.0.0:8089", "127.0.0.1:@HTTPS_PORT@"),
            ("/etc/asterisk/keys/pbx.pem", "@TLS@/server.pem"),
            ("/etc/asterisk/keys/pbx.key", "@TLS@/server.key"),
        ],
    ),
    // A PBX of its own loads nothing else.
    (
        "modules.conf",
        concat!(
            include_str!("../../../deploy/asterisk/modules.conf"),
            include_str!("../../asterisk/modules.conf")
        ),
        &[("[modules]\n", "[modules]\nautoload = no\n")],
    ),
];
const RECORD: &str = include_str!("../../../deploy/asterisk/cel_pgsql.conf");
/// The phones, the trunk, and where everything lies.
const OWN: [(&str, &str); 4] = [
    ("asterisk.conf", include_str!("../../asterisk/asterisk.conf")),
    ("logger.conf", include_str!("../../asterisk/logger.conf")),
    ("rtp.conf", include_str!("../../asterisk/rtp.conf")),
    ("pjsip.conf", include_str!("../../asterisk/pjsip.conf")),
];
const CARRIER: &str = include_str!("../../asterisk/carrier.xml");
const PHONES: &str = include_str!("../../asterisk/phones.xml");
const REFUSAL: &str = include_str!("../../asterisk/refusal.xml");

/// Where a test's PBX has its files and ports.
pub(super) struct Places {
    pub(super) folder: PathBuf,
    pub(super) root: PathBuf,
    pub(super) first_port: u16,
}

impl Places {
    pub(super) fn http_port(&self) -> u16 {
        self.first_port
    }

    pub(super) fn https_port(&self) -> u16 {
        self.first_port + 1
    }

    pub(super) fn sip_port(&self) -> u16 {
        self.first_port + 2
    }

    pub(super) fn phones_port(&self) -> u16 {
        self.first_port + 3
    }

    pub(super) fn carrier_port(&self) -> u16 {
        self.first_port + 4
    }

    /// A text with every place put in.
    fn put_into(&self, text: &str, crypted_password: &str) -> String {
        let places = [
            ("@FOLDER@", self.folder.display().to_string()),
            ("@MODULES@", self.modules()),
            ("@PASSWORD@", crypted_password.to_owned()),
            ("@TLS@", TLS.to_owned()),
            ("@HTTP_PORT@", self.http_port().to_string()),
            ("@HTTPS_PORT@", self.https_port().to_string()),
            ("@SIP_PORT@", self.sip_port().to_string()),
            ("@CARRIER_PORT@", self.carrier_port().to_string()),
            ("@SOUND_FIRST@", (self.first_port + PORTS_NAMED).to_string()),
            ("@SOUND_LAST@", self.last_port().to_string()),
        ];
        places.iter().fold(text.to_owned(), |text, (name, place)| text.replace(name, place))
    }

    /// The folder of its modules, which is named after the machine's architecture.
    fn modules(&self) -> String {
        let folders = std::fs::read_dir(self.root.join("usr/lib")).into_iter().flatten().flatten();
        let mut found = folders.map(|folder| folder.path().join("asterisk/modules"));
        let found = found.find(|modules| modules.is_dir()).expect("Asterisk has modules");
        let below_root = found.strip_prefix(&self.root).expect("it was found there");
        Path::new("/").join(below_root).display().to_string()
    }
}

/// Writes all but the way to the database.
pub(super) fn write(places: &Places, crypted_password: &str) {
    for name in ["settings", "lib", "spool", "run", "log"] {
        std::fs::create_dir(places.folder.join(name)).expect("our own folder takes folders");
    }
    for (name, shipped, changes) in DEPLOYED {
        let text = changed(shipped, changes);
        put(places, name, &places.put_into(&text, crypted_password));
    }
    for (name, text) in OWN {
        let phones = if name == "pjsip.conf" { phones(places) } else { String::new() };
        put(places, name, &format!("{}{phones}", places.put_into(text, "")));
    }
    let refusals: Vec<(String, &str)> = REFUSALS.iter().map(|code| (format!("0{code}"), *code)).collect();
    put(places, "carrier.xml", &scenario(CARRIER, &refusals));
    let refusals = [("1777".to_owned(), BUSY), ("1555".to_owned(), DECLINES)];
    put(places, "phones.xml", &scenario(PHONES, &refusals));
}

/// Writes the way to the database of the record.
pub(super) fn write_record(places: &Places, database: &str) {
    let (_, rest) = database.split_once("://").expect("an address has a scheme");
    let (login, place) = rest.rsplit_once('@').expect("an address names a user");
    let (user, password) = login.split_once(':').expect("the user has a password");
    let (server, name) = place.split_once('/').expect("an address names a database");
    let (host, port) = server.rsplit_once(':').expect("an address names a port");
    let changes = [
        ("database.example.com", host),
        ("port = 5432", &format!("port = {port}")),
        ("dbname = closure", &format!("dbname = {name}")),
        ("user = closure_pbx", &format!("user = {user}")),
        ("PUT THE PASSWORD OF database_url_pbx HERE", password),
    ];
    put(places, "cel_pgsql.conf", &changed(RECORD, &changes));
}

/// Phones beside those that a scenario names, which never register.
pub(super) fn add_phones(places: &Places, how_many: u32) {
    let phone = |number| {
        format!("\n[{number}](phone)\naors = {number}\n\n[{number}]\ntype = aor\nmax_contacts = 1\n")
    };
    let phones: String = (0..how_many).map(|index| phone(20_000 + index)).collect();
    let path = places.setting("pjsip.conf");
    let text = std::fs::read_to_string(&path).expect("the file was written");
    std::fs::write(path, format!("{text}{phones}")).expect("a file can be written");
}

fn changed(shipped: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(shipped.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "deploy/asterisk no longer says `{from}`");
        text.replace(from, to)
    })
}

fn put(places: &Places, name: &str, text: &str) {
    std::fs::write(places.setting(name), text).expect("a file can be written");
}

/// A section of the phone and one of where it is, for each.
fn phones(places: &Places) -> String {
    let port = places.phones_port();
    let all = ANSWERING.chain(OTHERS);
    let phone = |extension| {
        format!(
            "\n[{extension}](phone)\naors = {extension}\n\n[{extension}]\ntype = aor\n\
             contact = sip:{extension}@127.0.0.1:{port}\n"
        )
    };
    all.map(phone).collect()
}

/// A scenario with its refusals: whom each is for, by the last four digits, and its SIP status.
fn scenario(text: &str, refusals: &[(String, &str)]) -> String {
    let (mut choices, mut branches, mut answers) = (String::new(), String::new(), String::new());
    for (digits, status) in refusals {
        choices += &format!(
            "      <ereg regexp=\"{digits}\" search_in=\"var\" variable=\"tail\" assign_to=\"is_{digits}\"/>\n"
        );
        branches += &format!("  <nop test=\"is_{digits}\" next=\"refuse_{status}\"/>\n");
        answers += &REFUSAL.replace("@STATUS@", status);
    }
    text.replace("      <!-- choices -->\n", &choices)
        .replace("  <!-- branches -->\n", &branches)
        .replace("  <!-- answers -->\n", &answers)
}
