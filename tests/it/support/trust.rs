//! Servers whose TLS something is wrong with: a Dovecot that shows another certificate on each of its
//! addresses (all of 127.0.0.0/8 is this machine), two that look at client certificates, and stunnel in
//! front of the first for what no Dovecot does.

use super::authority::{Authority, Pair, USUAL, Wanted, bundle};
use super::{dovecot, free_address, is_root, open_to_all};
use std::fmt::Write;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::OnceLock;

/// Everybody's, on these servers.
pub(crate) const PASSWORD: &str = "everybodys-secret";

/// What the addresses of the first Dovecot show, from 127.0.0.11 on.
const SHOWN: [&str; 8] = ["good", "expired", "future", "wrong-name", "self-signed", "unknown", "gap", "weak"];

/// The servers.
pub(crate) struct Trust {
    /// Whom a client is told to trust.
    pub(crate) authority: PathBuf,
    /// The authority behind the certificate that comes with its whole chain.
    pub(crate) unknown: PathBuf,
    /// The self-signed certificate.
    pub(crate) self_signed: PathBuf,
    /// The authority and the intermediate of the certificate that comes alone.
    pub(crate) whole_chain: PathBuf,
    /// Client certificates: one of the user `me`, one of an unknown authority, one that has expired, which
    /// both claim to be of `me` too, and one of the user `other`.
    pub(crate) clients: [Pair; 4],
    plain: u16,
    tls: u16,
    /// Where TLS 1.1 is spoken: at once, and after STLS.
    pub(crate) old: [SocketAddr; 2],
    /// Where a handshake without a client certificate is broken off: TLS 1.2, TLS 1.3, and after STLS.
    pub(crate) demanding: [SocketAddr; 3],
    /// A Dovecot that lets nobody sign in without a client certificate: STLS, TLS. To whom it names, the
    /// certificate is proof enough.
    pub(crate) dovecot: [SocketAddr; 2],
    /// The same, where somebody may also come without one.
    pub(crate) asking: [SocketAddr; 2],
    _leashes: [Child; 4],
}

/// The servers, started when they are needed first.
pub(crate) fn shared() -> &'static Trust {
    static SHARED: OnceLock<Trust> = OnceLock::new();
    SHARED.get_or_init(Trust::start)
}

impl Trust {
    /// The address that shows this certificate: with STLS, with TLS from the start.
    pub(crate) fn showing(&self, name: &str) -> [SocketAddr; 2] {
        let address = address_of(SHOWN.iter().position(|shown| *shown == name).unwrap());
        [SocketAddr::new(address, self.plain), SocketAddr::new(address, self.tls)]
    }

    fn start() -> Trust {
        // It has the certificates of all.
        let folder = home("stunnel");
        let authority = Authority::root(&folder, "Authority of the tests");
        let unknown = Authority::root(&folder, "Unknown authority");
        let between = authority.intermediate(&folder, "Between them");
        let whole_chain = folder.join("whole-chain.pem");
        bundle(&[&between.certificate, &authority.certificate], &whole_chain);
        let self_signed = Pair::self_signed(&folder, "self-signed", &names(4));
        let wanted = |at: usize| Wanted {
            common_name: SHOWN[at],
            names: &names(at).leak()[..],
            dates: USUAL,
            rsa: None,
        };
        let issued = |by: &Authority, at: usize| by.issue(SHOWN[at], &wanted(at));
        let dated = |at: usize, dates| authority.issue(SHOWN[at], &Wanted { dates, ..wanted(at) });
        let wrong = Wanted { names: "DNS:imap.example.org,DNS:*.example.org", ..wanted(3) };
        let pairs = [
            issued(&authority, 0),
            dated(1, ("20200101000000Z", "20210203040506Z")),
            dated(2, ("20890102030405Z", "20990101000000Z")),
            authority.issue("wrong-name", &wrong),
            self_signed.clone(),
            issued(&unknown, 5).followed_by(&unknown.certificate),
            issued(&between, 6),
            authority.issue("weak", &Wanted { rsa: Some(1024), ..wanted(7) }),
        ];
        let client = |by: &Authority, file: &str, user: &str, dates| {
            by.issue(file, &Wanted { common_name: user, names: "email:me@example.org", dates, rsa: None })
        };
        let clients = [
            client(&authority, "me", "me", USUAL),
            client(&unknown, "stranger", "me", USUAL),
            client(&authority, "late", "me", ("20200101000000Z", "20210203040506Z")),
            client(&authority, "other", "other", USUAL),
        ];

        let (plain, tls) = (free_address().port(), free_address().port());
        let first = home("dovecot");
        let configuration = many_faces(&first, &pairs, plain, tls);
        let faces = dovecot::launch(&first, &configuration, SocketAddr::new(address_of(0), plain));

        let looking = |name: &str, demand: &str| {
            let (folder, at) = (home(name), [free_address(), free_address()]);
            let configuration = looking_at_clients(&folder, &pairs[0], &authority.certificate, at, demand);
            (at, dovecot::launch(&folder, &configuration, at[0]))
        };
        let (dovecot, second) = looking("demanding", "yes");
        let (asking, third) = looking("asking", "no");

        let ours = || free_address();
        let (old, demanding) = ([ours(), ours()], [ours(), ours(), ours()]);
        let backend = SocketAddr::new(address_of(0), plain);
        let configuration = stunnel(&pairs[0], &authority.certificate, backend, old, demanding);
        fs::write(folder.join("stunnel.conf"), configuration).unwrap();
        let file = folder.join("stunnel.conf");
        let tunnels = dovecot::leashed(&folder, &["stunnel4".as_ref(), file.as_os_str()]);
        // It listens everywhere or nowhere.
        dovecot::wait_for_a_greeting(&folder, old[1]);
        Trust {
            authority: authority.certificate,
            unknown: unknown.certificate,
            self_signed: self_signed.certificate,
            whole_chain,
            clients,
            plain,
            tls,
            old,
            demanding,
            dovecot,
            asking,
            _leashes: [faces, second, third, tunnels],
        }
    }
}

/// A server that shows this chain, the server's own certificate first, and lets everybody in. It lives as long as the
/// tests.
pub(crate) fn serving(chain: &[PathBuf], key: &Path) -> SocketAddr {
    let chain: Vec<u8> = chain.iter().flat_map(|path| fs::read(path).unwrap()).collect();
    let identity = native_tls::Identity::from_pkcs8(&chain, &fs::read(key).unwrap()).unwrap();
    let acceptor = native_tls::TlsAcceptor::new(identity).unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let Ok(mut stream) = acceptor.accept(stream) else { continue };
            let _ = stream.write_all(b"+OK ready\r\n");
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            while stream.read_line(&mut line).is_ok_and(|count| count > 0) {
                let answer: &[u8] = match line.trim_end() {
                    "STAT" => b"+OK 1 100\r\n",
                    "CAPA" => b"-ERR unknown\r\n",
                    _ => b"+OK\r\n",
                };
                let _ = stream.get_mut().write_all(answer);
                line.clear();
            }
        }
    });
    address
}

fn home(of: &str) -> PathBuf {
    let folder = tempfile::Builder::new().prefix(&format!("pop3-{of}-")).tempdir().unwrap().keep();
    open_to_all(&folder);
    let mail = folder.join("mail");
    fs::create_dir(&mail).unwrap();
    if is_root() {
        std::os::unix::fs::chown(&mail, Some(dovecot::MAIL_USER), Some(dovecot::MAIL_USER)).unwrap();
    }
    folder
}

fn address_of(at: usize) -> IpAddr {
    IpAddr::from([127, 0, 0, 11 + u8::try_from(at).unwrap()])
}

fn names(at: usize) -> String {
    format!("DNS:localhost,IP:127.0.0.1,IP:{}", address_of(at))
}

fn signing_in(folder: &Path) -> String {
    format!(
        "{}
disable_plaintext_auth = no
# Keys of any length are loaded.
ssl_cipher_list = DEFAULT@SECLEVEL=0
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = home={}/mail/%u
}}
",
        dovecot::common(folder),
        folder.display()
    )
}

/// A Dovecot that shows another certificate on each address.
fn many_faces(folder: &Path, pairs: &[Pair], plain: u16, tls: u16) -> String {
    let mut configuration = signing_in(folder);
    let all: Vec<String> = (0..pairs.len()).map(|at| address_of(at).to_string()).collect();
    let all = all.join(", ");
    let _ = writeln!(
        configuration,
        "service pop3-login {{
  inet_listener pop3 {{
    address = {all}
    port = {plain}
  }}
  inet_listener pop3s {{
    address = {all}
    port = {tls}
    ssl = yes
  }}
}}"
    );
    for (at, pair) in pairs.iter().enumerate() {
        let (certificate, key) = (pair.certificate.display(), pair.key.display());
        let face = format!("  ssl_cert = <{certificate}\n  ssl_key = <{key}\n");
        if at == 0 {
            configuration += &face;
        }
        let _ = writeln!(configuration, "local {} {{\n{face}}}", address_of(at));
    }
    configuration
}

/// A Dovecot that looks at client certificates, and may demand them.
fn looking_at_clients(
    folder: &Path,
    pair: &Pair,
    authority: &Path,
    [plain, tls]: [SocketAddr; 2],
    demand: &str,
) -> String {
    format!(
        "{}
ssl_cert = <{}
ssl_key = <{}
ssl_ca = <{}
ssl_require_crl = no
ssl_verify_client_cert = yes
auth_ssl_require_client_cert = {demand}
# EXTERNAL: the certificate's name is the user's, and proof enough.
auth_mechanisms = plain external
auth_ssl_username_from_cert = yes
ssl_cert_username_field = commonName
passdb {{
  driver = static
  mechanisms = external
  args = nopassword=y
}}
service pop3-login {{
  inet_listener pop3 {{
    address = 127.0.0.1
    port = {}
  }}
  inet_listener pop3s {{
    address = 127.0.0.1
    port = {}
    ssl = yes
  }}
}}
",
        signing_in(folder),
        pair.certificate.display(),
        pair.key.display(),
        authority.display(),
        plain.port(),
        tls.port()
    )
}

fn stunnel(
    pair: &Pair,
    authority: &Path,
    backend: SocketAddr,
    old: [SocketAddr; 2],
    demanding: [SocketAddr; 3],
) -> String {
    let mut configuration = "foreground = yes\npid =\ndebug = 3\nsocket = l:TCP_NODELAY=1\n".to_owned();
    let mut service = |name: &str, at: SocketAddr, more: &str| {
        let (certificate, key) = (pair.certificate.display(), pair.key.display());
        let _ = writeln!(
            configuration,
            "[{name}]\naccept = {at}\nconnect = {backend}\ncert = {certificate}\nkey = {key}\n{more}"
        );
    };
    let eleven =
        "sslVersionMin = TLSv1.1\nsslVersionMax = TLSv1.1\nsecurityLevel = 0\nciphers = DEFAULT@SECLEVEL=0";
    let demand = format!("CAfile = {}\nrequireCert = yes\nverifyChain = yes", authority.display());
    service("old", old[0], eleven);
    service("old-stls", old[1], &format!("{eleven}\nprotocol = pop3"));
    service("demanding-12", demanding[0], &format!("{demand}\nsslVersionMax = TLSv1.2"));
    service("demanding-13", demanding[1], &format!("{demand}\nsslVersionMin = TLSv1.3"));
    service("demanding-stls", demanding[2], &format!("{demand}\nprotocol = pop3"));
    configuration
}
