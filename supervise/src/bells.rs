//! Asks Redis by `PUBSUB NUMSUB` which bells have a listener.
//!
//! Spin prints "Active Channels" before it subscribes, and answers HTTP from another process. So
//! only the server knows whether a bell has a listener.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// How long to connect, and to wait for each answer.
const LIMIT: Duration = Duration::from_millis(500);

/// Whether every channel has a subscriber.
///
/// # Errors
/// When the URL is not `redis://[user:password@]host[:port]`, or the server cannot be reached or
/// refuses.
pub fn subscribed(redis_url: &str, channels: &[impl AsRef<str>]) -> io::Result<bool> {
    let server = Server::parse(redis_url).ok_or_else(|| {
        let text = "the address of Redis is not redis://[user:password@]host[:port]";
        io::Error::new(io::ErrorKind::InvalidInput, text)
    })?;
    let address = server.address.to_socket_addrs()?.next();
    let address = address.ok_or_else(|| io::Error::other("the host of Redis has no address"))?;
    let stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    let mut stream = BufReader::new(stream);
    if let Some(login) = &server.login {
        let login: Vec<&[u8]> = login.iter().map(Vec::as_slice).collect();
        request(&mut stream, &[&[b"AUTH".as_slice()], login.as_slice()].concat())?;
        line(&mut stream)?;
    }
    let mut words = vec![b"PUBSUB".as_slice(), b"NUMSUB"];
    words.extend(channels.iter().map(|channel| channel.as_ref().as_bytes()));
    request(&mut stream, &words)?;
    line(&mut stream)?;
    for _ in channels {
        // The length of the name, the name, the number.
        let _ = (line(&mut stream)?, line(&mut stream)?);
        if line(&mut stream)? == ":0" {
            return Ok(false);
        }
    }
    Ok(true)
}

struct Server {
    address: String,
    /// User, if there is one, and password.
    login: Option<Vec<Vec<u8>>>,
}

impl Server {
    fn parse(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("redis://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        let (login, host) = match authority.rsplit_once('@') {
            Some((login, host)) => (Some(login), host),
            None => (None, authority),
        };
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let address = if has_port { host.to_owned() } else { format!("{host}:6379") };
        let login = login.and_then(|login| login.split_once(':')).map(|(user, password)| {
            let words = [user, password].into_iter().filter(|word| !word.is_empty());
            words.map(percent_decoded).collect::<Vec<_>>()
        });
        (!host.is_empty()).then_some(Self { address, login })
    }
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = (*first == b'%').then(|| after.get(..2)).flatten();
        let code = code.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    bytes
}

fn request(stream: &mut BufReader<TcpStream>, words: &[&[u8]]) -> io::Result<()> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n", word.len()).bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    stream.get_mut().write_all(&bytes)
}

/// One line of a reply, without its end. An error of the server is an error.
fn line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    match (line.strip_suffix("\r\n"), line.strip_prefix('-')) {
        (Some(_), Some(error)) => Err(io::Error::other(format!("Redis: {}", error.trim_end()))),
        (Some(line), None) => Ok(line.to_owned()),
        (None, _) => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(test)]
mod tests {
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
}
