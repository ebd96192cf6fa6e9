//! Keys and certificates in every form that people have them, made by the `openssl` program.

use std::error::Error as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::*;

const PASSWORD: &str = "tanstaaf";

/// A folder with pairs in all forms; the keys are private but for `open.key`.
fn folder() -> &'static Path {
    static MADE: OnceLock<tempfile::TempDir> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let run = |line: &str| openssl(at, line);
        let ec = "-newkey ec -pkeyopt ec_paramgen_curve:P-256";
        run(&format!("req -x509 {ec} -nodes -days 9 -subj /CN=ec -keyout ec.key -out ec.pem"));
        run("req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=rsa -keyout rsa.key -out rsa.pem");
        run("rsa -in rsa.key -traditional -out rsa1.key");
        run("ec -in ec.key -out sec1.key");
        run(&format!("pkey -in ec.key -aes128 -passout pass:{PASSWORD} -out locked.key"));
        run(&format!("rsa -in rsa.key -traditional -aes128 -passout pass:{PASSWORD} -out locked1.key"));
        run("pkcs12 -export -in ec.pem -inkey ec.key -passout pass: -out free.p12");
        run(&format!("pkcs12 -export -in ec.pem -inkey ec.key -passout pass:{PASSWORD} -out locked.p12"));
        run(&format!(
            "pkcs12 -export -legacy -in ec.pem -inkey ec.key -passout pass:{PASSWORD} -out old.p12"
        ));
        run("pkcs12 -export -nokeys -in ec.pem -passout pass: -out keyless.p12");
        run("x509 -in ec.pem -outform DER -out ec.der");
        let join = |names: &[&str]| {
            names.iter().map(|name| fs::read_to_string(at.join(name)).unwrap()).collect::<String>()
        };
        fs::write(at.join("both.pem"), join(&["ec.key", "ec.pem"])).unwrap();
        // The chain in the wrong order: the own certificate last.
        fs::write(at.join("turned.pem"), join(&["rsa.pem", "ec.pem"])).unwrap();
        fs::write(at.join("open.key"), join(&["ec.key"])).unwrap();
        fs::write(at.join("empty"), "").unwrap();
        fs::write(at.join("torn.key"), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
            .unwrap();
        fs::write(at.join("large"), vec![b'x'; 2 << 20]).unwrap();
        for entry in fs::read_dir(at).unwrap() {
            fs::set_permissions(entry.unwrap().path(), fs::Permissions::from_mode(0o600)).unwrap();
        }
        fs::set_permissions(at.join("open.key"), fs::Permissions::from_mode(0o640)).unwrap();
        fs::set_permissions(at.join("ec.pem"), fs::Permissions::from_mode(0o644)).unwrap();
        folder
    });
    made.path()
}

fn openssl(directory: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .expect("the openssl program (Debian: openssl)");
    assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

fn pair(certificate: &str, key: Option<&str>, password: Option<&str>) -> ClientCertificate {
    ClientCertificate {
        certificate: folder().join(certificate),
        key: key.map(|key| folder().join(key)),
        password: password.map(|password| Zeroizing::new(password.to_owned())),
    }
}

#[test]
fn every_form_of_a_pair_is_read() {
    let table = [
        ("ec.pem", Some("ec.key"), None),
        ("rsa.pem", Some("rsa.key"), None),
        ("rsa.pem", Some("rsa1.key"), None),
        ("ec.pem", Some("sec1.key"), None),
        ("turned.pem", Some("ec.key"), None),
        ("both.pem", None, None),
        ("both.pem", Some("both.pem"), Some("not needed")),
        ("ec.pem", Some("locked.key"), Some(PASSWORD)),
        ("rsa.pem", Some("locked1.key"), Some(PASSWORD)),
        ("free.p12", None, None),
        ("free.p12", None, Some("not needed")),
        ("locked.p12", None, Some(PASSWORD)),
    ];
    for (certificate, key, password) in table {
        let outcome = pair(certificate, key, password).load();
        assert!(outcome.is_ok(), "{certificate} {key:?}: {:?}", outcome.err());
    }
}

#[test]
fn unusable_files_are_reported_with_advice() {
    let table = [
        (("missing", None, None), Kind::Io, "could not read the client certificate", ""),
        (("ec.pem", Some("missing"), None), Kind::Io, "could not read the client key", ""),
        (("ec.pem", None, None), Kind::Data, "no private key in it", "NameKeyFile"),
        (
            ("ec.pem", Some("rsa.key"), None),
            Kind::Data,
            "belongs to another certificate",
            "NameKeyOfThisCertificate",
        ),
        (("ec.pem", Some("open.key"), None), Kind::Config, "others may read it (mode 0640)", "CloseFile"),
        (("ec.key", Some("ec.key"), None), Kind::Data, "no certificate in it", "UseCertificatesInPem"),
        (("ec.pem", Some("rsa.pem"), None), Kind::Data, "no private key in PEM form", "UseKeyInPem"),
        (("ec.pem", Some("torn.key"), None), Kind::Data, "torn.key", ""),
        (("ec.pem", Some("locked.key"), None), Kind::NoCredentials, "no password", "GiveKeyPassword"),
        (("ec.pem", Some("locked.key"), Some("wrong")), Kind::NoCredentials, "password for it is wrong", ""),
        (
            ("rsa.pem", Some("locked1.key"), Some("wrong")),
            Kind::NoCredentials,
            "password for it is wrong",
            "",
        ),
        (("locked.p12", None, None), Kind::NoCredentials, "no password", "GiveKeyPassword"),
        (("locked.p12", None, Some("wrong")), Kind::NoCredentials, "password for it is wrong", ""),
        (("locked.p12", Some("ec.key"), None), Kind::Data, "not in PEM form", "LeaveOutKey"),
        (("old.p12", None, Some(PASSWORD)), Kind::Data, "outdated algorithm", "ConvertPkcs12"),
        (("keyless.p12", None, None), Kind::Data, "no certificate with its key", ""),
        (("ec.der", None, None), Kind::Data, "neither PEM nor PKCS#12", "ConvertFromDer"),
        (("empty", None, None), Kind::Data, "neither PEM nor PKCS#12", ""),
        (("large", None, None), Kind::Data, "larger than 1 MiB", ""),
    ];
    for ((certificate, key, password), kind, words, advice) in table {
        let error =
            pair(certificate, key, password).load().err().unwrap_or_else(|| panic!("{certificate} {key:?}"));
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        let told = format!("{error}: {cause}");
        assert!(
            error.kind() == kind && told.contains(words),
            "{certificate} {key:?}: {told} {:?}",
            error.kind()
        );
        let given = format!("{:?}", error.advice());
        assert!(given.contains(advice), "{told}: {given}");
        assert!(!told.contains("wrong\"") && !told.contains(PASSWORD), "{told}");
    }
}

#[test]
fn the_password_is_never_shown() {
    let shown = format!("{:?}", pair("locked.p12", None, Some(PASSWORD)));
    assert!(shown.contains("[hidden]") && !shown.contains(PASSWORD), "{shown}");
}
