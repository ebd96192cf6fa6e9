use super::*;
use crate::auth::Secret;
use std::error::Error as _;

/// The example of RFC 5802 section 5, or that of RFC 7677 section 3.
struct Example {
    mechanism: Mechanism,
    nonce: &'static str,
    messages: [&'static str; 4],
}

const EXAMPLES: [Example; 2] = [
    Example {
        mechanism: Mechanism::ScramSha1,
        nonce: "fyko+d2lbbFgONRv9qkxdawL",
        messages: [
            "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
            "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
            "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        ],
    },
    Example {
        mechanism: Mechanism::ScramSha256,
        nonce: "rOprNGfwEbeRWgbNEkqO",
        messages: [
            "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
             p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        ],
    },
];

impl Example {
    fn begin(&self) -> Scram {
        let credentials = Credentials::with_password("user", Secret::new("pencil"));
        Scram::with_nonce(self.mechanism, credentials, Binding::None, self.nonce.into())
    }
}

fn run(user: &str, password: &str, binding: Binding) -> Scram {
    let credentials = Credentials::with_password(user, Secret::new(password));
    Scram::with_nonce(Mechanism::ScramSha256, credentials, binding, "abc".into())
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn agrees_with_the_examples_of_rfc_5802_and_rfc_7677() {
    for example in EXAMPLES {
        let [first, challenge, proof, signature] = example.messages;
        let mut run = example.begin();
        assert_eq!(text(run.initial_response().unwrap()), first);
        assert!(!run.has_proven());
        assert_eq!(text(run.respond(challenge.as_bytes()).unwrap()), proof);
        assert!(run.has_proven() && run.accept().is_err());
        assert_eq!(run.respond(signature.as_bytes()).unwrap(), b"");
        run.accept().unwrap();
        assert_eq!(run.respond(signature.as_bytes()).unwrap_err().kind(), Kind::Protocol);
    }
}

#[test]
fn a_server_that_ignores_the_first_message_gets_it_once_more() {
    let [first, challenge, proof, _] = EXAMPLES[0].messages;
    let mut run = EXAMPLES[0].begin();
    assert_eq!(text(run.initial_response().unwrap()), first);
    assert_eq!(text(run.respond(b"").unwrap()), first);
    assert_eq!(text(run.respond(challenge.as_bytes()).unwrap()), proof);
}

#[test]
fn a_wrong_or_missing_signature_is_never_trusted() {
    let [_, challenge, _, signature] = EXAMPLES[1].messages;
    let other = signature.replace("v=6", "v=7");
    let short = "v=6rriTRBi23WpRR/wtuo=";
    let own = EXAMPLES[1].messages[2].rsplit_once("p=").unwrap().1;
    for last in [&other[..], short, "v=", "v=%%", "", "r=x", "\u{fffd}", &format!("v={own}")] {
        let mut run = EXAMPLES[1].begin();
        run.respond(challenge.as_bytes()).unwrap();
        let error = run.respond(last.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), Kind::Protocol, "{last}");
        assert!(run.accept().is_err(), "{last}");
        assert_eq!(run.respond(signature.as_bytes()).unwrap_err().kind(), Kind::Protocol, "no second try");
    }
}

#[test]
fn the_servers_own_refusal_is_told() {
    let [_, challenge, ..] = EXAMPLES[0].messages;
    let table = [
        ("e=invalid-proof", Kind::SignIn, "the server says: invalid-proof", None),
        ("e=unknown-user,x=y", Kind::SignIn, "the server says: unknown-user", None),
        ("e=\u{1b}[2Jother", Kind::SignIn, "the server says: [2Jother", None),
        ("e=unsupported-channel-binding-type", Kind::Unsupported, "another type of channel binding", None),
        (
            "e=channel-bindings-dont-match",
            Kind::Tls,
            "another TLS connection",
            Some(SignIn::TlsEndsElsewhere.into()),
        ),
    ];
    for (last, kind, cause, advice) in table {
        let mut run = EXAMPLES[0].begin();
        run.respond(challenge.as_bytes()).unwrap();
        let error = run.respond(last.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), kind, "{last}");
        assert!(error.source().unwrap().to_string().contains(cause), "{last}");
        assert_eq!(error.advice(), advice.as_ref(), "{last}");
    }
}

#[test]
fn absurd_demands_are_refused_before_any_work() {
    let long_salt = format!("r=abcd,s={},i=1", BASE64.encode([0; MOST_SALT + 1]));
    let long_nonce = format!("r=abc{},s=AA==,i=1", "d".repeat(MOST_NONCE));
    let table = [
        ("r=abcd,s=AA==,i=2147483648", "more than 10000000 rounds"),
        ("r=abcd,s=AA==,i=10000001", "more than 10000000 rounds"),
        ("r=abcd,s=AA==,i=99999999999999999999999999", "more than 10000000 rounds"),
        ("r=abcd,s=AA==,i=0", "no rounds"),
        ("r=abcd,s=AA==,i=", "no iteration count"),
        ("r=abcd,s=AA==,i=+5", "no iteration count"),
        ("r=abcd,s=AA==,i=-5", "no iteration count"),
        ("r=abcd,s=AA==", "no iteration count"),
        ("r=abcd,s=,i=1", "salt"),
        ("r=abcd,s=%,i=1", "salt"),
        (&long_salt, "salt"),
        ("r=abc,s=AA==,i=1", "does not continue ours"),
        ("r=xabcd,s=AA==,i=1", "does not continue ours"),
        ("r=ABCD,s=AA==,i=1", "does not continue ours"),
        ("r=abcd\u{7f},s=AA==,i=1", "printable"),
        (&long_nonce, "too long"),
        ("s=AA==,r=abcd,i=1", "no nonce"),
        ("m=x,r=abcd,s=AA==,i=1", "extension"),
        ("", "no nonce"),
    ];
    for (challenge, cause) in table {
        let mut run = run("user", "pencil", Binding::None);
        run.step = Step::Awaiting;
        let error = run.respond(challenge.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), Kind::Protocol, "{challenge}");
        assert!(error.source().unwrap().to_string().contains(cause), "{challenge}: {error:?}");
        assert!(!run.has_proven() && run.accept().is_err());
    }
    let mut unreadable = run("user", "pencil", Binding::None);
    assert_eq!(unreadable.respond(b"r=abc\xff").unwrap_err().kind(), Kind::Protocol);
}

#[test]
fn what_is_said_of_the_line_stands_in_both_messages() {
    let digest = vec![0xff, 0, b','];
    let table = [
        (Binding::None, "n,,", b"n,,".to_vec()),
        (Binding::Unoffered, "y,,", b"y,,".to_vec()),
        (
            Binding::EndPoint(digest.clone()),
            "p=tls-server-end-point,,",
            [b"p=tls-server-end-point,,", &digest[..]].concat(),
        ),
    ];
    for (binding, header, bound) in table {
        let mut run = run("user", "pencil", binding);
        assert_eq!(text(run.initial_response().unwrap()), format!("{header}n=user,r=abc"));
        let proof = text(run.respond(b"r=abcd,s=AA==,i=1").unwrap());
        assert!(proof.starts_with(&format!("c={},r=abcd,p=", BASE64.encode(bound))), "{proof}");
    }
}

#[test]
fn names_are_quoted_and_both_are_prepared() {
    let first = |user| text(run(user, "p", Binding::None).initial_response().unwrap());
    assert_eq!(first("a=b,c"), "n,,n=a=3Db=2Cc,r=abc");
    // RFC 4013 section 3: a soft hyphen goes, a Roman numeral becomes letters.
    assert_eq!(first("I\u{ad}X"), "n,,n=IX,r=abc");
    let proof = |password| {
        let mut run = run("u", password, Binding::None);
        run.respond(b"r=abcd,s=AA==,i=1").unwrap()
    };
    assert_eq!(proof("\u{2168}"), proof("IX"));
    assert_ne!(proof("ix"), proof("IX"));
}

#[test]
fn what_cannot_be_prepared_is_an_error_that_shows_nothing() {
    for (user, password) in [(&b"u"[..], &b"s3cret\xff"[..]), (b"u", b"s3cret\x07"), (b"u", b""), (b"", b"p")]
    {
        let credentials = Credentials::with_password(user, Secret::new(password));
        assert!(!can_carry(&credentials));
        let mut run = Scram::with_nonce(Mechanism::ScramSha1, credentials, Binding::None, "abc".into());
        let error = run.respond(b"r=abcd,s=AA==,i=1").unwrap_err();
        assert_eq!(error.kind(), Kind::SignIn);
        assert!(!format!("{error:?}").contains("s3cret"));
        // What is empty is so in any mechanism.
        let another_may = !user.is_empty() && !password.is_empty();
        assert_eq!(error.advice(), another_may.then(|| SignIn::TryPlain.into()).as_ref(), "{error:?}");
    }
    assert!(can_carry(&Credentials::with_password("jürgen", Secret::new("pässwörd"))));
}

#[test]
fn each_run_has_a_nonce_of_its_own() {
    let begin = || {
        let credentials = Credentials::with_password("u", Secret::new("p"));
        Scram::new(Mechanism::ScramSha256, credentials, Binding::None).unwrap().nonce
    };
    let (one, other) = (begin(), begin());
    assert_ne!(one, other);
    assert_eq!(one.len(), 32);
    assert!(!one.contains(','));
}
