use std::io::Read;
use std::net::TcpListener;

use super::*;

/// The request that a server with this reply gets, and the result.
fn ask(login: &str, reply: &'static str) -> (String, io::Result<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{login}{}/?trigger=a", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(reply.as_bytes()).unwrap();
        let mut asked = String::new();
        stream.read_to_string(&mut asked).unwrap();
        asked
    });
    let answer = subscribed(&url, &["a.in", "a.out"]);
    (server.join().unwrap(), answer)
}

#[test]
fn every_channel_needs_a_subscriber() {
    let (asked, heard) = ask("", "*4\r\n$4\r\na.in\r\n:1\r\n$5\r\na.out\r\n:2\r\n");
    let words = "*4\r\n$6\r\nPUBSUB\r\n$6\r\nNUMSUB\r\n$4\r\na.in\r\n$5\r\na.out\r\n";
    assert_eq!(asked, words);
    assert!(heard.unwrap());
    let (_, heard) = ask("", "*4\r\n$4\r\na.in\r\n:1\r\n$5\r\na.out\r\n:0\r\n");
    assert!(!heard.unwrap());
}

#[test]
fn user_and_password_are_sent_as_they_were_before_they_were_written_into_the_url() {
    let reply = "+OK\r\n*4\r\n$4\r\na.in\r\n:1\r\n$5\r\na.out\r\n:1\r\n";
    let (asked, heard) = ask("ann:p%40ss:%@", reply);
    assert!(asked.starts_with("*3\r\n$4\r\nAUTH\r\n$3\r\nann\r\n$6\r\np@ss:%\r\n"), "{asked}");
    assert!(heard.unwrap());
    let (asked, _) = ask(":a%+5b@", reply);
    assert!(asked.starts_with("*2\r\n$4\r\nAUTH\r\n$5\r\na%+5b\r\n"), "{asked}");
    let (asked, _) = ask(":hush@", reply);
    assert!(asked.starts_with("*2\r\n$4\r\nAUTH\r\n$4\r\nhush\r\n"), "{asked}");
}

#[test]
fn a_refusal_and_an_early_end_are_errors() {
    let (_, refused) = ask("", "-NOPERM no right\r\n");
    assert_eq!(refused.unwrap_err().to_string(), "Redis: NOPERM no right");
    assert!(ask("", "*4\r\n$4\r\na.in\r\n:").1.is_err());
}

#[test]
fn the_port_may_be_missing_and_another_scheme_is_refused() {
    let address = |url| Server::parse(url).map(|server| server.address);
    assert_eq!(address("redis://host").as_deref(), Some("host:6379"));
    assert_eq!(address("redis://[::1]/0").as_deref(), Some("[::1]:6379"));
    assert_eq!(address("redis://u:p@[::1]:7/0").as_deref(), Some("[::1]:7"));
    assert_eq!(address("rediss://host"), None);
    assert_eq!(address("redis:///0"), None);
}
