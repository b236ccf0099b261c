//! Asks Redis by `PUBSUB NUMSUB` which bells have a listener.
//!
//! Spin prints "Active Channels" before it subscribes, and answers HTTP from another process. So
//! only the server knows whether a bell has a listener.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use percent_encoding::percent_decode_str;

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
            words.map(|word| percent_decode_str(word).collect()).collect::<Vec<_>>()
        });
        (!host.is_empty()).then_some(Self { address, login })
    }
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
mod tests;
