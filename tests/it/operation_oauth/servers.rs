//! A sign-in is for the mail server that it was made for: its tokens are not sent to another one.

use super::*;

/// A mail server that answers every command with `-ERR`, and what it heard.
fn stranger() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let lines = Arc::clone(&heard);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"+OK ready\r\n");
            for line in BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok) {
                let answer = match line.as_str() {
                    "CAPA" => "+OK\r\nSASL XOAUTH2\r\nUIDL\r\n.\r\n",
                    _ => "-ERR\r\n",
                };
                lines.lock().unwrap().push(line);
                let _ = stream.write_all(answer.as_bytes());
            }
        }
    });
    (address, heard)
}

/// Configures another mail server for the account and returns the configuration before.
fn configure_server(stage: &Stage, server: SocketAddr) -> String {
    let before = fs::read_to_string(stage.home.join(".config/pop3/config.toml")).unwrap();
    let old = before.lines().find(|line| line.starts_with("server = ")).unwrap();
    stage.home.configure(&before.replace(old, &format!("server = \"pop3://me@{server}\"")));
    before
}

#[test]
fn tokens_are_not_sent_to_a_mail_server_that_is_configured_later() {
    let stage = with("scope", Some("mail".into()));
    stage.works();
    let asked = stage.asked();
    let (other, heard) = stranger();
    let before = configure_server(&stage, other);
    let told = stage.run(&["stat"]).exits(77).says("it was made for another mail server than is configured");
    told.says("pop3 auth login -a work");
    assert_eq!(stage.asked(), asked, "nothing is renewed for it");
    let heard = heard.lock().unwrap().join("\n");
    assert!(!heard.contains("AUTH"), "{heard}");
    let status = Pop3::new(&stage.home).args(["auth", "status"]).run().exits(0).text();
    assert!(status.contains("of another server"), "{status}");
    stage.home.configure(&before);
    stage.run(&["stat"]).exits(0);
}

#[test]
fn a_sign_in_that_names_no_server_belongs_to_the_one_that_it_is_used_at_next() {
    let stage = with("scope", Some("mail".into()));
    stage.works();
    let mut kept = stage.kept();
    let server = kept.as_object_mut().unwrap().remove("server").expect("a new sign-in names its server");
    stage.home.write(".local/state/pop3/work.token", &kept.to_string(), 0o600);
    let asked = stage.asked();
    stage.run(&["stat"]).exits(0);
    assert_eq!(
        (&stage.kept()["server"], stage.asked()),
        (&server, asked),
        "at once, not with the next renewal"
    );
}

#[test]
fn a_sign_in_for_another_server_can_be_ended() {
    let stage = with("scope", Some("mail".into()));
    stage.works();
    let (other, _) = stranger();
    configure_server(&stage, other);
    stage.run(&["auth", "logout", "-a", "work"]).exits(0);
    assert!(!stage.home.join(".local/state/pop3/work.token").exists());
}
