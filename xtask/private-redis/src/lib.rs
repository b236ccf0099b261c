//! A Redis server of one's own: started on a free port of 127.0.0.1 with its own data folder, and stopped by
//! its process id when the handle is dropped.
//!
//! `xtask` runs the app on one, the tests run on one each. A server that this package did not start is never
//! touched: there is no way to attach to one.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The longest a server may take to be ready; loading a large append-only file takes a while.
const START_LIMIT: Duration = Duration::from_secs(30);
/// The longest a server may take to write its data out before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// When Redis flushes its append-only file to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendFsync {
    /// Before each reply: nothing that was acknowledged is lost.
    Always,
    /// Once a second: a crash of the machine may lose about one second.
    EverySec,
}

/// How the server is started. The default is a free port, a temporary folder and [`AppendFsync::EverySec`].
#[derive(Debug, Clone)]
pub struct Options {
    /// TCP port on 127.0.0.1; none takes a free one.
    pub port: Option<u16>,
    /// Data folder, made when missing and kept; none takes a temporary one, removed with the handle.
    pub folder: Option<PathBuf>,
    /// The flushing policy of the append-only file.
    pub append_fsync: AppendFsync,
    /// Further command-line arguments of `redis-server`, for example `["--maxmemory", "20mb"]`.
    pub arguments: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: None,
            folder: None,
            append_fsync: AppendFsync::EverySec,
            arguments: Vec::new(),
        }
    }
}

/// A running private server. Dropping it stops the server.
#[derive(Debug)]
pub struct RedisServer {
    child: Child,
    port: u16,
    folder: PathBuf,
    /// Held so that a temporary folder outlives the server.
    _temporary: Option<tempfile::TempDir>,
}

impl RedisServer {
    /// Starts a server with the default options.
    ///
    /// # Errors
    /// When `redis-server` is not installed or is not ready within 30 s.
    pub fn start() -> Result<Self> {
        Self::start_with(&Options::default())
    }

    /// Starts a server and waits until it has loaded its data and listens.
    ///
    /// # Errors
    /// When `redis-server` is not installed, the port is taken, or it is not ready within 30 s.
    pub fn start_with(options: &Options) -> Result<Self> {
        let temporary = match options.folder {
            Some(_) => None,
            None => Some(tempfile::tempdir().context("failed to make a data folder for redis")?),
        };
        let folder = match (&options.folder, &temporary) {
            (Some(folder), _) => folder.clone(),
            (None, Some(temporary)) => temporary.path().to_owned(),
            (None, None) => bail!("no data folder for redis"),
        };
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("failed to make the data folder {}", folder.display()))?;
        // A free port may be taken by another process before Redis binds it; try a few.
        let attempts = if options.port.is_some() { 1 } else { 5 };
        let mut last_error = None;
        for _ in 0..attempts {
            let port = match options.port {
                Some(port) => port,
                None => free_port()?,
            };
            match spawn(&folder, port, options) {
                Ok(child) => return Ok(Self { child, port, folder, _temporary: temporary }),
                Err(error) => last_error = Some(error),
            }
        }
        Err(last_error.unwrap_or_else(|| anyhow::anyhow!("redis-server was not started")))
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address, `redis://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its data folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Kills the server at once (`SIGKILL`): nothing is written out, connections break.
    ///
    /// # Errors
    /// When the process can't be waited for.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill().context("failed to kill redis-server")?;
        self.child.wait().context("failed to wait for redis-server")?;
        Ok(())
    }

    /// Starts a killed server again on the same port and folder.
    ///
    /// # Errors
    /// As for [`RedisServer::start_with`].
    pub fn restart(&mut self, options: &Options) -> Result<()> {
        self.child = spawn(&self.folder, self.port, options)?;
        Ok(())
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        // SHUTDOWN lets the append-only file be flushed; SIGKILL follows where that takes too long.
        if let Ok(mut stream) =
            TcpStream::connect_timeout(&address(self.port), Duration::from_secs(1))
        {
            let _ = stream.write_all(b"SHUTDOWN NOSAVE\r\n");
        }
        let deadline = Instant::now() + STOP_LIMIT;
        while Instant::now() < deadline {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A TCP port of 127.0.0.1 that was free a moment ago.
///
/// # Errors
/// When the system gives none.
pub fn free_port() -> Result<u16> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("failed to find a free port")?;
    Ok(listener.local_addr().context("failed to read the free port")?.port())
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn spawn(folder: &Path, port: u16, options: &Options) -> Result<Child> {
    let log_path = folder.join("redis.log");
    let log = File::create(&log_path)
        .with_context(|| format!("failed to create {}", log_path.display()))?;
    let append_fsync = match options.append_fsync {
        AppendFsync::Always => "always",
        AppendFsync::EverySec => "everysec",
    };
    let child = Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--daemonize", "no"])
        .args(["--appendonly", "yes", "--appendfsync", append_fsync, "--save", ""])
        // A burst appends about 4 KB an order. With the default of 64 MB Redis rewrites the file in the middle of it, and again and
        // again as it grows, on the cores that the pipeline needs.
        .args(["--auto-aof-rewrite-min-size", "1gb"])
        .args(["--maxmemory-policy", "noeviction", "--dir"])
        .arg(folder)
        .args(&options.arguments)
        .stdin(Stdio::null())
        .stdout(log.try_clone().context("failed to share the log file")?)
        .stderr(log)
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!(
                "redis-server is not installed; run `cargo xtask setup`, or install Redis 7.0 or later"
            )
        }
        Err(error) => return Err(error).context("failed to start redis-server"),
    };
    match wait_until_ready(&mut child, &log_path) {
        Ok(()) => Ok(child),
        Err(error) => {
            let _ = child.kill();
            let _ = child.wait();
            let log = std::fs::read_to_string(&log_path).unwrap_or_default();
            Err(error.context(format!("redis-server on port {port} did not start:\n{log}")))
        }
    }
}

/// Waits for the line by which the server says, in its own log, that it has loaded its data and listens.
///
/// An answer on the port would prove less: it may come from another server that holds the port.
fn wait_until_ready(child: &mut Child, log_path: &Path) -> Result<()> {
    let deadline = Instant::now() + START_LIMIT;
    loop {
        if let Some(status) = child.try_wait().context("failed to watch redis-server")? {
            bail!("it ended with {status}");
        }
        let log = std::fs::read(log_path).unwrap_or_default();
        if String::from_utf8_lossy(&log).contains("Ready to accept connections") {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!("not ready within {} s", START_LIMIT.as_secs());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_server_answers_and_is_gone_after_drop() {
        let server = RedisServer::start().unwrap();
        let port = server.port();
        assert_eq!(ping(port).as_deref(), Some("+PONG\r\n"));
        drop(server);
        assert!(TcpStream::connect_timeout(&address(port), Duration::from_millis(200)).is_err());
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
    fn a_killed_server_keeps_its_port_and_folder_over_a_restart() {
        let options = Options { append_fsync: AppendFsync::Always, ..Options::default() };
        let mut server = RedisServer::start_with(&options).unwrap();
        let mut stream = TcpStream::connect(address(server.port())).unwrap();
        stream.write_all(b"SET answer 42\r\n").unwrap();
        let mut reply = [0u8; 5];
        stream.read_exact(&mut reply).unwrap();
        server.kill().unwrap();
        server.restart(&options).unwrap();
        let mut stream = TcpStream::connect(address(server.port())).unwrap();
        stream.write_all(b"GET answer\r\n").unwrap();
        let mut reply = [0u8; 8];
        stream.read_exact(&mut reply).unwrap();
        assert_eq!(&reply, b"$2\r\n42\r\n");
    }

    fn ping(port: u16) -> Option<String> {
        let mut stream =
            TcpStream::connect_timeout(&address(port), Duration::from_millis(200)).ok()?;
        stream.set_read_timeout(Some(Duration::from_millis(500))).ok()?;
        stream.write_all(b"PING\r\n").ok()?;
        let mut answer = [0u8; 64];
        let length = stream.read(&mut answer).ok()?;
        Some(String::from_utf8_lossy(&answer[..length]).into_owned())
    }
}
