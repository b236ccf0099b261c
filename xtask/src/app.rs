//! The Spin app as a process: by the real `spin`, or by `local-runtime` where that is not
//! installed.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::repository::Repository;
use crate::{native, programs};

/// What runs the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Runtime {
    /// `spin up` of the installed Spin
    Spin,
    /// This project's own runner
    Local,
}

impl Runtime {
    /// The asked one; without a wish, Spin where it is installed.
    ///
    /// # Errors
    /// When Spin is asked for and not installed.
    pub(crate) fn choose(asked: Option<Self>) -> Result<Self> {
        let spin_is_installed = programs::find("spin").is_some();
        match asked {
            Some(Self::Spin) if !spin_is_installed => {
                bail!(
                    "--runtime spin: `spin` is not on the PATH; install Spin 3 or 4, or use --runtime local"
                )
            }
            Some(runtime) => Ok(runtime),
            None if spin_is_installed => Ok(Self::Spin),
            None => Ok(Self::Local),
        }
    }

    /// Builds this runtime together with the other native packages that are needed.
    pub(crate) fn build_with(self, repository: &Repository, others: &[&str]) -> Result<()> {
        let mut packages = others.to_vec();
        if self == Self::Local {
            packages.insert(0, "local-runtime");
        }
        if packages.is_empty() { Ok(()) } else { native::build(repository, &packages) }
    }

    /// The command that runs the app. The user's current directory is kept: `extra` may name files.
    pub(crate) fn command(
        self,
        repository: &Repository,
        redis_url: &str,
        listen: SocketAddr,
        extra: &[OsString],
    ) -> Command {
        let mut command = match self {
            Self::Spin => Command::new("spin"),
            Self::Local => Command::new(repository.program("local-runtime")),
        };
        command.args(["up", "-f"]).arg(repository.spin_toml());
        command.args(["--listen", &listen.to_string()]).args(extra);
        command.env("SPIN_VARIABLE_REDIS_URL", redis_url);
        command
    }

    /// Name for messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Spin => "spin",
            Self::Local => "local-runtime",
        }
    }
}

/// Whether `GET /healthz` is answered with 200 just now.
pub(crate) fn is_ready(listen: SocketAddr) -> bool {
    let limit = Duration::from_millis(500);
    let address = reachable(listen);
    let answer = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&address, limit)?;
        stream.set_read_timeout(Some(limit))?;
        // In one write: a server that answers after the first part resets the connection.
        let request =
            format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        // To the end, or the app would see its connection reset; what came before a time-out
        // counts.
        let mut response = Vec::new();
        let _ = stream.take(64 * 1024).read_to_end(&mut response);
        Ok(response.starts_with(b"HTTP/1.1 200 "))
    };
    answer().unwrap_or(false)
}

/// The address to call where the app listens on all of them.
pub(crate) fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_that_listens_everywhere_is_called_on_the_loopback() {
        let called = |listen: &str| reachable(listen.parse().unwrap()).to_string();
        assert_eq!(called("0.0.0.0:3000"), "127.0.0.1:3000");
        assert_eq!(called("[::]:80"), "[::1]:80");
        assert_eq!(called("127.0.0.1:3000"), "127.0.0.1:3000");
        assert_eq!(called("192.0.2.7:3000"), "192.0.2.7:3000");
    }

    #[test]
    fn only_a_200_counts_as_ready() {
        for (status, expected) in [("200 OK", true), ("503 Service Unavailable", false)] {
            let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let address = listener.local_addr().unwrap();
            let server = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0u8; 512];
                let length = stream.read(&mut request).unwrap();
                let response = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(response.as_bytes()).unwrap();
                String::from_utf8_lossy(&request[..length]).into_owned()
            });
            assert_eq!(is_ready(address), expected);
            assert!(server.join().unwrap().starts_with("GET /healthz HTTP/1.1\r\n"));
            assert!(!is_ready(address), "nobody listens any more");
        }
    }
}
