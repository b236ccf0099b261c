//! A private Redis server on 127.0.0.1: started with its own data folder, and stopped when the
//! handle is dropped.
//!
//! The crate cannot attach to a server that it did not start.

use std::fs::{File, TryLockError};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use supervise::{Process, Signal};
use tempfile::TempDir;

/// How long a server may take to be ready. Loading a large append-only file takes some seconds.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How many free ports are tried, because another program may take one before the server does.
const PORTS_TRIED: u32 = 5;

/// How the server is started. The default is a free port, a temporary folder and a flush a second.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// TCP port on 127.0.0.1; `None` uses a free one.
    pub port: Option<u16>,
    /// Data folder, created if missing and kept; `None` uses a temporary one, removed with the
    /// handle.
    pub folder: Option<PathBuf>,
    /// Flush the append-only file before each reply. Otherwise a crash of the machine may lose a
    /// second.
    pub fsync_always: bool,
    /// Further command-line arguments of `redis-server`, for example `["--maxmemory", "20mb"]`.
    pub arguments: Vec<String>,
}

/// A running private server. Dropping it stops the server.
#[derive(Debug)]
pub struct RedisServer {
    process: Process,
    port: u16,
    folder: PathBuf,
    /// Kept here so that a temporary folder is removed after the server has ended.
    _temporary: Option<TempDir>,
}

impl RedisServer {
    /// Starts a server with the default options.
    pub fn start() -> Result<Self> {
        Self::start_with(&Options::default())
    }

    /// Starts a server and waits until it has loaded its data and listens.
    ///
    /// # Errors
    /// When `redis-server` is not installed, the port or the folder is in use, or it is not ready
    /// within 30 s.
    pub fn start_with(options: &Options) -> Result<Self> {
        Self::start_on(options, free_port)
    }

    /// As [`RedisServer::start_with`], with a way to find free ports.
    fn start_on(options: &Options, mut find_port: impl FnMut() -> Result<u16>) -> Result<Self> {
        let (folder, temporary) = if let Some(folder) = &options.folder {
            (folder.clone(), None)
        } else {
            let temporary =
                tempfile::tempdir().context("failed to make a data folder for redis")?;
            (temporary.path().to_owned(), Some(temporary))
        };
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("failed to make the data folder {}", folder.display()))?;
        let mut tries = if options.port.is_some() { 1 } else { PORTS_TRIED };
        loop {
            tries -= 1;
            let port = options.port.map_or_else(&mut find_port, Ok)?;
            match spawn(&folder, port, options) {
                Ok(process) => return Ok(Self { process, port, folder, _temporary: temporary }),
                Err(error)
                    if tries > 0 && format!("{error:#}").contains("Address already in use") => {}
                Err(error) => return Err(error),
            }
        }
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
        self.process.id()
    }

    /// Its data folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Fails when the server has ended.
    pub fn check(&self) -> Result<()> {
        self.process.check().with_context(|| format!("its log is {}", log(&self.folder).display()))
    }

    /// Kills the server at once (`SIGKILL`), without a flush. Connections break.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill().map(drop)
    }

    /// Starts a killed server again on the same port and folder.
    pub fn restart(&mut self, options: &Options) -> Result<()> {
        self.process = spawn(&self.folder, self.port, options)?;
        Ok(())
    }
}

/// A TCP port of 127.0.0.1 that was free a moment ago.
pub fn free_port() -> Result<u16> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("failed to find a free port")?;
    Ok(listener.local_addr().context("failed to read the free port")?.port())
}

/// Locks a data folder by a file beside it, until every process has closed that file.
fn lock(folder: &Path) -> Result<File> {
    let path = folder.with_extension("lock");
    let file =
        File::create(&path).with_context(|| format!("failed to create {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another Redis uses the data folder {}; stop it first", folder.display())
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("failed to lock {}", path.display()))
        }
    }
}

fn log(folder: &Path) -> PathBuf {
    folder.join("redis.log")
}

fn spawn(folder: &Path, port: u16, options: &Options) -> Result<Process> {
    supervise::on_path("redis-server").context(
        "redis-server is not installed; run `cargo xtask setup`, or install Redis 7.0 or later",
    )?;
    // The server gets the file as its standard input, so the lock lasts as long as the server, even
    // if this program is killed.
    let stdin = match &options.folder {
        Some(folder) => lock(folder)?.into(),
        None => Stdio::null(),
    };
    let path = log(folder);
    let output =
        File::create(&path).with_context(|| format!("failed to create {}", path.display()))?;
    let append_fsync = if options.fsync_always { "always" } else { "everysec" };
    let mut command = Command::new("redis-server");
    command
        .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--daemonize", "no"])
        .args(["--appendonly", "yes", "--appendfsync", append_fsync, "--save", ""])
        // A burst appends about 4 KB an order. With the default of 64 MB Redis rewrites the file
        // during the burst, on the cores that the pipeline needs.
        .args(["--auto-aof-rewrite-min-size", "1gb"])
        .args(["--maxmemory-policy", "noeviction", "--dir"])
        .arg(folder)
        .args(&options.arguments)
        .stdin(stdin)
        .stdout(output.try_clone().context("failed to share the log file")?)
        .stderr(output);
    // Chaos stops it by SIGSTOP. With SIGTERM it would stay behind when chaos is killed meanwhile.
    let process = Process::start_with("redis-server", command, Signal::SIGKILL)?;
    // An answer on the port would prove less, because it may come from another server.
    let log = || String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()).into_owned();
    let is_ready = || Ok(log().contains("Ready to accept connections").then_some(()));
    let started = process.wait_for("readiness", START_LIMIT, is_ready);
    started.with_context(|| format!("redis on port {port} did not start:\n{}", log()))?;
    Ok(process)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::time::Instant;

    use super::*;

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
        let options = Options {
            folder: Some(folder.path().join("redis")),
            arguments: ["--requirepass", "hush"].map(str::to_owned).to_vec(),
            ..Options::default()
        };
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
        let options = Options { folder: Some(folder.path().join("redis")), ..Options::default() };
        let server = RedisServer::start_with(&options).unwrap();
        let error = RedisServer::start_with(&options).unwrap_err();
        assert!(error.to_string().contains("another Redis uses"), "{error:#}");
        drop(server);
        RedisServer::start_with(&options).unwrap();
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
        assert!(crashed.restart(&Options::default()).is_err());
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
        server.restart(&options).unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        stream.write_all(b"GET answer\r\n").unwrap();
        let mut reply = [0u8; 8];
        stream.read_exact(&mut reply).unwrap();
        assert_eq!(&reply, b"$2\r\n42\r\n");
    }

    fn ping(port: u16) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
        stream.write_all(b"PING\r\n").ok()?;
        let mut answer = [0u8; 64];
        let length = stream.read(&mut answer).ok()?;
        Some(String::from_utf8_lossy(&answer[..length]).into_owned())
    }
}
