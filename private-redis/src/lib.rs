//! A private Redis server on 127.0.0.1: started with its own data folder, and stopped when the
//! handle is dropped.
//!
//! The crate cannot attach to a server that it did not start.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
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
    options: Options,
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
                Ok(process) => {
                    let options = options.clone();
                    return Ok(Self { process, port, folder, options, _temporary: temporary });
                }
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

    /// Starts a killed server again, with the same port, folder and options.
    pub fn restart(&mut self) -> Result<()> {
        fix_append_only_file(&self.folder)?;
        self.process = spawn(&self.folder, self.port, &self.options)?;
        Ok(())
    }
}

/// Cuts the half of a transaction that a kill in the middle of a write leaves at the end of the
/// file.
///
/// Redis 7 ignores it when it starts, but keeps its beginning in the file, and executes that at the
/// start after the next one (valkey-io/valkey#4342). `redis-check-aof` is the same program.
fn fix_append_only_file(folder: &Path) -> Result<()> {
    let manifest = "appendonlydir/appendonly.aof.manifest";
    if !folder.join(manifest).exists() {
        return Ok(());
    }
    let mut check = Command::new("redis-server")
        .arg0("redis-check-aof")
        // A Ctrl-C of the terminal must not end it.
        .process_group(0)
        .args(["--fix", manifest])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("failed to start redis-check-aof")?;
    if let Some(mut answer) = check.stdin.take() {
        // It asks only if there is something to cut.
        let _ = answer.write_all(b"y\n");
    }
    let output = check.wait_with_output().context("failed to wait for redis-check-aof")?;
    if !output.status.success() {
        bail!("redis-check-aof failed: {}", String::from_utf8_lossy(&output.stdout));
    }
    Ok(())
}

/// A TCP port of 127.0.0.1 that was free a moment ago.
pub fn free_port() -> Result<u16> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("failed to find a free port")?;
    Ok(listener.local_addr().context("failed to read the free port")?.port())
}

/// Locks a data folder by a file beside it, until every process has closed that file.
fn lock(folder: &Path) -> Result<File> {
    let path = folder.with_added_extension("lock");
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
mod tests;
