//! One layer of settings, and several of them one over the other.

use super::*;
use std::path::Path;

const NO_HOME: Paths<'static> = Paths::of_run(None);

fn set(key: &str, value: Value<'_>) -> Result<Overrides> {
    let mut layer = Overrides::default();
    layer.set(key, &value, Paths::of_run(Some(Path::new("/home/me")))).map(|()| layer)
}

#[test]
fn every_key_is_understood_and_refuses_a_table() {
    for key in Overrides::keys().map(|key| key.name) {
        let error = set(key, Value::Other("a table")).expect_err(key);
        assert!(error.to_string().ends_with("not a table"), "{key}: {error}");
    }
    assert!(set("sever", Value::Text("x")).is_err());
}

#[test]
fn numbers_stand_for_text_where_they_can() {
    assert_eq!(set("keep", Value::Whole(500)).unwrap().keep, Some(Keep::Newest(500)));
    assert_eq!(set("timeout", Value::Whole(30)).unwrap().timeout, Some(Duration::from_secs(30)));
    assert_eq!(set("max-size", Value::Whole(1000)).unwrap().max_size, Some(1000));
    assert_eq!(set("limit", Value::Whole(7)).unwrap().limit, Some(7));
    for value in [Value::Whole(-1), Value::Whole(1 << 32), Value::Text("many"), Value::Truth(true)] {
        assert!(set("max-delete", value).is_err());
    }
}

#[test]
fn one_or_several_files_and_their_tilde() {
    let one = set("ca-file", Value::Text("~/ca.pem")).unwrap().ca_files;
    assert_eq!(one, Some(vec![PathBuf::from("/home/me/ca.pem")]));
    let two = set("ca-file", Value::Several(vec!["/a", "/b"])).unwrap().ca_files;
    assert_eq!(two.map(|files| files.len()), Some(2));
}

#[test]
fn a_second_source_of_the_password_is_refused_and_false_is_none() {
    let mut layer = Overrides::default();
    layer.set("password-stdin", &Value::Truth(false), NO_HOME).unwrap();
    layer.set("password", &Value::Text("hunter2"), NO_HOME).unwrap();
    let error = layer.set("password-command", &Value::Text("pass"), NO_HOME).unwrap_err();
    assert!(error.to_string().contains("two sources"));
    assert!(!format!("{layer:?}").contains("hunter2"));
}

fn layer(pairs: &[(&str, &str)]) -> Overrides {
    let mut layer = Overrides::default();
    pairs.iter().for_each(|(key, text)| layer.set(key, &Value::Text(text), NO_HOME).unwrap());
    layer
}

#[test]
fn what_was_said_of_one_server_does_not_count_for_a_higher_one() {
    let pin = format!("sha256:{}", "ab".repeat(32));
    let said = [("tls", "none"), ("pin", &pin), ("tls-host", "old.example")];
    let server = ("server", "pop3s://old.example");
    let (all, own) = (layer(&said), layer(&[&[server], &said[..]].concat()));
    let new = layer(&[("server", "pop3s://new.example")]);
    let kept = |layer: Overrides| (layer.tls.is_some(), layer.pins.is_some(), layer.tls_host.is_some());
    assert_eq!(kept(own.clone().overlaid_by(&new)), (false, false, false));
    assert_eq!(
        kept(all.overlaid_by(&new)),
        (false, true, true),
        "trust without a server is for every server"
    );
    assert_eq!(kept(own.clone().overlaid_by(&layer(&[("limit", "1")]))), (true, true, true));
    assert_eq!(kept(new.clone().overlaid_by(&own)), (true, true, true));
    let aloud = layer(&[("server", "pop3s://new.example"), ("tls", "stls")]);
    assert_eq!(own.overlaid_by(&aloud).tls, Some(Security::Stls));
}

#[test]
fn the_name_of_a_maildrop_stays_with_its_server() {
    let own = layer(&[("server", "pop3s://old.example"), ("maildrop", "second")]);
    let named = |server| own.clone().overlaid_by(&layer(&[("server", server)])).maildrop;
    assert_eq!(named("pop3s://old.example").as_deref(), Some("second"));
    assert_eq!(named("pop3s://new.example"), None);
}

#[test]
fn of_oauth_and_a_password_the_higher_word_counts() {
    let oauth = layer(&[("oauth", "google"), ("oauth-client-id", "x"), ("auth", "xoauth2")]);
    let password = layer(&[("password-command", "pass"), ("auth", "plain")]);
    let kept = |layer: Overrides| (layer.oauth.is_wanted(), layer.password.is_some());
    assert_eq!(kept(oauth.clone().overlaid_by(&password)), (false, true));
    let both = password.clone().overlaid_by(&oauth);
    assert_eq!((both.auth, kept(both)), (Some(Some(Mechanism::XOAuth2)), (true, false)));
    let both = password.overlaid_by(&layer(&[("oauth-token-url", "https://p/t")]));
    assert_eq!((both.auth, kept(both)), (None, (true, false)));
    for (pair, is_left) in [
        (("oauth", "none"), true),
        (("auth", "plain"), true),
        (("auth", "external"), true),
        (("password-stdin", "true"), true),
        (("auth", "oauthbearer"), false),
        (("auth", "auto"), false),
        (("oauth-scope", "mail"), false),
        (("limit", "1"), false),
    ] {
        assert_eq!(oauth.clone().overlaid_by(&layer(&[pair])).oauth.is_wanted(), !is_left, "{pair:?}");
    }
}

#[test]
fn the_higher_layers_way_replaces_the_other_kinds() {
    let proxied = layer(&[("proxy", "socks5h://h"), ("source-ip", "127.0.0.2"), ("ip-version", "4")]);
    let tunnelled = layer(&[("tunnel", "nc %h %p")]);
    let both = proxied.clone().overlaid_by(&tunnelled);
    assert!(both.tunnel.is_some() && both.proxy.is_none() && both.source.is_none());
    assert_eq!(both.family, None);
    let both = tunnelled.clone().overlaid_by(&proxied);
    assert!(both.tunnel.is_none() && matches!(both.proxy, Some(Some(_))));
    let straight = tunnelled.overlaid_by(&layer(&[("proxy", "none"), ("ip-version", "any")]));
    assert!(straight.tunnel.is_none() && matches!(straight.proxy, Some(None)));
    assert_eq!(straight.family, Some(None));
    assert_eq!(set("ip-version", Value::Whole(6)).unwrap().family, Some(Some(Family::V6)));
    assert!(set("ip-version", Value::Whole(5)).is_err());
    assert!(set("source-ip", Value::Text("here")).is_err());
}

#[test]
fn the_higher_layer_wins_key_by_key() {
    let lower = Overrides { limit: Some(1), user: Some("lower".into()), ..Overrides::default() };
    let higher = Overrides { limit: Some(2), trace: Some(TraceTo::StandardError), ..Overrides::default() };
    let both = lower.clone().overlaid_by(&higher);
    assert_eq!(
        (both.limit, both.user.as_deref(), both.trace),
        (Some(2), Some("lower"), Some(TraceTo::StandardError))
    );
    let pair = Overrides { client_key: Some("/key".into()), ..lower.clone() };
    let other = set("client-cert", Value::Text("~/both.pem")).unwrap();
    let other = pair.overlaid_by(&other);
    assert_eq!(other.client_cert, Some(PathBuf::from("/home/me/both.pem")));
    assert_eq!(other.client_key, None, "it is the key of another certificate");
    let url = set("server", Value::Text("pop3s://higher@h")).unwrap();
    assert_eq!(lower.clone().overlaid_by(&url).user.as_deref(), Some("higher"));
    let named = Overrides { user: Some("named".into()), ..url };
    assert_eq!(lower.overlaid_by(&named).user.as_deref(), Some("named"));
}
