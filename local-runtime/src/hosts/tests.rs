use super::*;

fn allows(entry: &str, url: &str) -> bool {
    let mut hosts = AllowedHosts::default();
    hosts.push(entry).unwrap_or_else(|error| panic!("{entry}: {error}"));
    hosts.allow_url(&Url::parse(url).unwrap())
}

#[test]
fn a_server_is_allowed_when_scheme_host_and_port_agree() {
    assert!(allows("redis://localhost:6379", "redis://localhost:6379/?trigger=a"));
    assert!(allows("redis://localhost", "redis://user:password@localhost"));
    assert!(!allows("redis://LOCALHOST:6379", "redis://localhost"), "as in Spin");
    assert!(allows("redis://[::1]:6379", "redis://[::1]:6379"));
    assert!(!allows("redis://localhost:6379", "redis://localhost:6380"));
    assert!(!allows("redis://localhost:6379", "redis://127.0.0.1:6379"));
    assert!(!allows("http://localhost:6379", "redis://localhost:6379"));
    assert!(!allows("redis://localhost:6379", "rediss://localhost:6379"));
}

#[test]
fn wildcards_and_ranges_stop_where_they_say() {
    assert!(allows("redis://*:6379", "redis://anything:6379"));
    assert!(allows("*://host:*", "redis://host:1"));
    assert!(allows("redis://*.example.com:6379", "redis://a.b.example.com"));
    assert!(!allows("redis://*.example.com:6379", "redis://example.com"));
    assert!(!allows("redis://*.example.com:6379", "redis://badexample.com"));
    assert!(allows("redis://host:7000..7002", "redis://host:7001"));
    assert!(!allows("redis://host:7000..7002", "redis://host:7002"));
    assert!(!allows("redis://host:7000..7002", "redis://host:6999"));
}

#[test]
fn entries_that_mean_nothing_here_are_refused() {
    for entry in [
        "localhost:6379",
        "redis://localhost:port",
        "redis://localhost:6379/1",
        "redis://10.0.0.0/8:6379",
        "redis://:6379",
        "redis://ho*st:6379",
        "redis://host:5..5",
        "redis://user@host:6379",
        "rediss://host:6379",
        "https://host",
        "postgres://host:5432",
        "http://self",
        "*://host",
        "",
    ] {
        assert!(AllowedHosts::default().push(entry).is_err(), "{entry}");
    }
}
