use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use ureq::Timeout;

use super::*;
use crate::advice::{self, Advice};
use crate::error::Phase;

fn reach(timeout: Duration) -> Reach {
    Reach {
        ca_files: Vec::new(),
        proxy: WebProxy::None,
        family: None,
        timeout,
        stop: Stop::new(),
        watch: None,
    }
}

/// A web server that reads the request of each connection and then calls `serve`.
fn server(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("its address");
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            thread::spawn(move || {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request);
                serve(stream);
            });
        }
    });
    address
}

fn ask(address: SocketAddr, reach: &Reach) -> Result<Response<Vec<u8>>> {
    let request = Request::post(format!("http://{address}/token?x=secret")).body(b"a=the-secret".to_vec());
    Http::new(reach)?.exchange(request.expect("a request"))
}

#[test]
fn a_slow_answer_ends_at_the_timeout() {
    for head in ["HTTP/1.1 200 OK\r\nX-", "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"] {
        let address = server(move |mut stream| {
            let _ = stream.write_all(head.as_bytes());
            while stream.write_all(b"a").is_ok() {
                thread::sleep(Duration::from_millis(50));
            }
        });
        let begun = Instant::now();
        let error = ask(address, &reach(Duration::from_secs(1))).expect_err("it never ends");
        assert_eq!(error.kind(), Kind::Timeout(Phase::Reply), "{error:?}");
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    }
}

#[test]
fn an_answer_of_a_gigabyte_is_not_read() {
    for head in ["HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"] {
        let written = Arc::new(Mutex::new(0_usize));
        let (count, block) = (Arc::clone(&written), vec![b' '; 1 << 16]);
        let address = server(move |mut stream| {
            let _ = stream.write_all(head.as_bytes());
            while stream.write_all(&block).is_ok() {
                *count.lock().expect("whole") += block.len();
            }
        });
        let error = ask(address, &reach(Duration::from_secs(60))).expect_err("too large");
        assert_eq!(error.kind(), Kind::Protocol, "{error:?}");
        assert!(*written.lock().expect("whole") < 64 << 20, "what the buffers of the system hold, not all");
    }
}

#[test]
fn a_redirection_is_not_followed_and_its_secret_goes_nowhere() {
    let asked = Arc::new(Mutex::new(0));
    let count = Arc::clone(&asked);
    let address = server(move |mut stream| {
        *count.lock().expect("whole") += 1;
        let _ = stream.write_all(b"HTTP/1.1 307 x\r\nLocation: /token\r\nContent-Length: 0\r\n\r\n");
    });
    let error = ask(address, &reach(Duration::from_secs(10))).expect_err("a redirection");
    assert_eq!((error.kind(), *asked.lock().expect("whole")), (Kind::Protocol, 1));
}

#[test]
fn without_tls_nothing_is_sent_to_other_computers() {
    let request = Request::get("http://192.0.2.1/token").body(Vec::new()).expect("a request");
    let error = Http::new(&reach(Duration::from_secs(5))).expect("ready").exchange(request);
    assert_eq!(error.expect_err("not safe").kind(), Kind::Config);
}

#[test]
fn the_trace_shows_names_and_status_and_no_value() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&lines);
    let watch = Watch::new(move |line| told.lock().expect("whole").push(line.to_owned()));
    let address = server(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 400 x\r\nContent-Length: 24\r\n\r\n{\"error\":\"the-secret x\"}");
    });
    let reach = Reach { watch: Some(watch), ..reach(Duration::from_secs(10)) };
    assert_eq!(ask(address, &reach).expect("an answer").status(), 400);
    let expected = [format!("C: POST http://{address}/token (a)"), "S: 400 (error)".to_owned()];
    assert_eq!(*lines.lock().expect("whole"), expected);
}

#[test]
fn a_requested_stop_ends_the_wait_for_an_answer_after_a_while() {
    let reach = reach(Duration::from_secs(600));
    let stop = reach.stop.clone();
    let address = server(move |stream| {
        stop.request();
        stop.request();
        thread::sleep(Duration::from_secs(60));
        drop(stream);
    });
    let begun = Instant::now();
    let error = ask(address, &reach).expect_err("no answer");
    assert_eq!(error.kind(), Kind::Interrupted, "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());
}

#[test]
fn a_query_is_not_part_of_what_is_shown() {
    let uri = "https://h:8443/token?client_secret=x".parse().expect("an address");
    assert_eq!(without_query(&uri), "https://h:8443/token");
}

#[test]
fn each_failure_has_its_kind() {
    let io = |kind: ErrorKind| ureq::Error::Io(kind.into());
    let dialled = |kind| {
        ureq::Error::Other(Box::new(Error::new(kind, "could not connect").advise(advice::Reach::CheckPort)))
    };
    for (error, kind) in [
        (ureq::Error::HostNotFound, Kind::HostNotFound),
        (ureq::Error::Timeout(Timeout::Global), Kind::Timeout(Phase::Reply)),
        (ureq::Error::Timeout(Timeout::Connect), Kind::Timeout(Phase::Connect)),
        (ureq::Error::BodyExceedsLimit(1), Kind::Protocol),
        (io(ErrorKind::ConnectionRefused), Kind::Connect),
        (io(ErrorKind::UnexpectedEof), Kind::ConnectionLost),
        (ureq::Error::ConnectProxyFailed("secret".into()), Kind::Connect),
        (dialled(Kind::HostNotFound), Kind::HostNotFound),
        (dialled(Kind::Connect), Kind::Connect),
    ] {
        let told = failure(error, "could not talk to p", "p", &Stop::new());
        assert_eq!(told.kind(), kind);
        assert!(!format!("{told:?}").contains("secret"));
        let wanted = match kind {
            Kind::HostNotFound => Some(advice::Reach::CheckProviderAddress),
            Kind::Connect => Some(advice::Reach::CheckNetworkAndProxy),
            Kind::ConnectionLost => Some(advice::Reach::TryLater),
            _ => None,
        };
        assert_eq!(told.advice(), wanted.map(Advice::from).as_ref(), "{told:?}");
    }
}

#[test]
fn a_ca_file_without_a_certificate_is_told() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let reach = Reach { ca_files: vec![file.path().to_owned()], ..reach(Duration::from_secs(1)) };
    assert_eq!(Http::new(&reach).expect_err("an empty file").kind(), Kind::Data);
}

#[test]
fn a_socks_proxy_of_the_environment_keeps_its_host_its_user_and_who_resolves() {
    let read = |text: &str| from_environment(ureq::Proxy::new(text).expect(text));
    let (socks, http) = read("socks5h://me%40x:p%3Aw@proxy.example.com:1080").expect("sound");
    let socks = socks.expect("SOCKS");
    assert_eq!((socks.host.as_str(), socks.port, socks.names), ("proxy.example.com", 1080, Names::AtProxy));
    assert_eq!(socks.user.as_deref(), Some("me@x"));
    assert_eq!(socks.password.expect("given").expose(), b"p:w");
    assert!(http.is_none());
    let (here, _) = read("socks5://[::1]").expect("sound");
    let here = here.expect("SOCKS");
    assert_eq!((here.host.as_str(), here.port, here.names), ("::1", 1080, Names::Here));
    assert!(matches!(read("http://h:3128"), Ok((None, Some(_)))));
    assert_eq!(read("socks4://h").expect_err("too old").kind(), Kind::Usage);
}

#[test]
fn an_exception_with_a_port_applies_to_that_port_only() {
    let proxy = WebProxy::Environment { no_proxy: "p.example:8443".to_owned() };
    for (url, is_spared) in [
        ("https://p.example:8443/token", true),
        ("https://p.example/token", false),
        ("http://p.example/token", false),
        ("https://localhost/token", true),
    ] {
        let uri: Uri = url.parse().expect("an address");
        assert_eq!(proxy.is_direct(uri.host().expect("a host"), port_of(&uri)), is_spared, "{url}");
    }
    let ports = ["https://p/", "http://p/", "http://p:81/"].map(|url| port_of(&url.parse().expect("one")));
    assert_eq!(ports, [443, 80, 81]);
}
