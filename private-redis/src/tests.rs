use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use super::*;

fn in_folder(folder: PathBuf, arguments: &[&str]) -> Options {
    let arguments = arguments.iter().map(ToString::to_string).collect();
    Options { folder: Some(folder), arguments, ..Options::default() }
}

#[test]
fn a_server_answers_and_is_gone_after_drop() {
    let server = RedisServer::start().unwrap();
    let port = server.port();
    assert_eq!(ping(port).as_deref(), Some("+PONG\r\n"));
    drop(server);
    assert_eq!(ping(port), None);
}

#[test]
fn a_server_with_a_password_is_stopped_without_one_and_writes_its_data_out() {
    let folder = tempfile::tempdir().unwrap();
    let options = in_folder(folder.path().join("redis"), &["--requirepass", "hush"]);
    let server = RedisServer::start_with(&options).unwrap();
    let started = Instant::now();
    drop(server);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let log = std::fs::read_to_string(folder.path().join("redis/redis.log")).unwrap();
    assert!(log.contains("Redis is now ready to exit"), "{log}");
}

#[test]
fn a_data_folder_has_one_server_and_is_free_when_it_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let options = in_folder(folder.path().join("redis"), &[]);
    let server = RedisServer::start_with(&options).unwrap();
    let error = RedisServer::start_with(&options).unwrap_err();
    assert!(error.to_string().contains("another Redis uses"), "{error:#}");
    drop(server);
    RedisServer::start_with(&options).unwrap();
}

#[test]
fn a_restarted_server_still_has_its_options_and_the_lock_of_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let options = in_folder(folder.path().join("redis"), &["--maxmemory", "20mb"]);
    let mut server = RedisServer::start_with(&options).unwrap();
    server.kill().unwrap();
    server.restart().unwrap();
    let reply = ask(server.port(), "CONFIG GET maxmemory\r\n").unwrap();
    assert_eq!(reply, "*2\r\n$9\r\nmaxmemory\r\n$8\r\n20971520\r\n");
    let error = RedisServer::start_with(&options).unwrap_err();
    assert!(error.to_string().contains("another Redis uses"), "{error:#}");
}

#[test]
fn folders_whose_names_differ_after_a_dot_have_a_server_each() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["redis.1", "redis.2"]
        .map(|name| RedisServer::start_with(&in_folder(folder.path().join(name), &[])).unwrap());
    first.check().unwrap();
    second.check().unwrap();
}

#[test]
fn a_taken_port_is_refused_and_the_server_that_holds_it_is_left_alone() {
    let holder = RedisServer::start().unwrap();
    let options = Options { port: Some(holder.port()), ..Options::default() };
    let error = RedisServer::start_with(&options).unwrap_err();
    assert!(format!("{error:#}").contains(&holder.port().to_string()), "{error:#}");
    assert_eq!(ping(holder.port()).as_deref(), Some("+PONG\r\n"));
}

#[test]
fn a_port_that_is_taken_before_the_server_binds_it_is_exchanged_for_another() {
    let stranger = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let taken = stranger.local_addr().unwrap().port();
    let mut found = vec![taken].into_iter();
    let find_port = || found.next().map_or_else(free_port, Ok);
    let server = RedisServer::start_on(&Options::default(), find_port).unwrap();
    assert_ne!(server.port(), taken);
    assert_eq!(ping(server.port()).as_deref(), Some("+PONG\r\n"));
}

#[test]
fn a_stranger_on_the_port_of_a_crashed_server_is_left_alone() {
    let mut crashed = RedisServer::start().unwrap();
    crashed.process.signal(Signal::SIGKILL);
    assert!(crashed.process.ends_within(Duration::from_secs(30)).is_some());
    let options = Options { port: Some(crashed.port()), ..Options::default() };
    let stranger = RedisServer::start_with(&options).unwrap();
    assert!(crashed.restart().is_err());
    drop(crashed);
    stranger.check().unwrap();
    assert_eq!(ping(stranger.port()).as_deref(), Some("+PONG\r\n"));
}

#[test]
fn a_killed_server_keeps_its_port_and_folder_over_a_restart() {
    let options = Options { fsync_always: true, ..Options::default() };
    let mut server = RedisServer::start_with(&options).unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    stream.write_all(b"SET answer 42\r\n").unwrap();
    let mut reply = [0u8; 5];
    stream.read_exact(&mut reply).unwrap();
    server.kill().unwrap();
    server.restart().unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    stream.write_all(b"GET answer\r\n").unwrap();
    let mut reply = [0u8; 8];
    stream.read_exact(&mut reply).unwrap();
    assert_eq!(&reply, b"$2\r\n42\r\n");
}

fn ping(port: u16) -> Option<String> {
    ask(port, "PING\r\n")
}

fn ask(port: u16, command: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    stream.write_all(command.as_bytes()).ok()?;
    let mut answer = [0u8; 64];
    let length = stream.read(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer[..length]).into_owned())
}
