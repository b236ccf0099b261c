//! The private Redis of a run, held by a small process of its own: `xtask keep-redis`.
//!
//! The keeper lives as long as its standard input stays open. However `xtask` ends, the pipe
//! closes, and the keeper shuts Redis down in order: the append-only file is flushed, a temporary
//! folder is removed. It leads its own process group, so a Ctrl-C of the terminal does not stop
//! Redis before the app.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, ExitCode, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use private_redis::{Options, RedisServer};

use crate::process::{self, Running};

/// Longer than Redis itself is given to stop.
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// A private Redis and its keeper. Dropping it stops both.
pub(crate) struct PrivateRedis {
    keeper: Running,
    stdin: Option<ChildStdin>,
    url: String,
}

impl PrivateRedis {
    /// Starts a Redis on `port`, else on a free one, with its data in `folder`, else in a temporary
    /// one.
    ///
    /// # Errors
    /// When the folder is in use, Redis does not start, or the user asked for a stop.
    pub(crate) fn start(port: Option<u16>, folder: Option<&Path>) -> Result<Self> {
        let program = std::env::current_exe().context("failed to find the program of xtask")?;
        let mut command = Command::new(program);
        command.arg("keep-redis").stdin(Stdio::piped()).stdout(Stdio::piped());
        if let Some(port) = port {
            command.args(["--port", &port.to_string()]);
        }
        if let Some(folder) = folder {
            command.arg("--folder").arg(folder);
        }
        let mut keeper = Running::start("the private Redis", &mut command)?;
        let stdin = keeper.take_stdin();
        let stdout = keeper.take_stdout().context("the keeper of Redis has no output")?;
        // From here on a failure drops this value, which stops the keeper in order.
        let mut redis = Self { keeper, stdin, url: String::new() };
        redis.url = read_url(stdout)?;
        Ok(redis)
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its process, to be watched.
    pub(crate) fn process(&self) -> &Running {
        &self.keeper
    }
}

impl Drop for PrivateRedis {
    fn drop(&mut self) {
        drop(self.stdin.take());
        self.keeper.ends_within(STOP_LIMIT);
    }
}

/// What the keeper says first: the address, or why there is none.
fn read_url(stdout: impl Read + Send + 'static) -> Result<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stdout);
        let mut text = String::new();
        let read = reader.read_line(&mut text);
        if read.is_ok() && !text.starts_with("redis://") {
            let _ = reader.read_to_string(&mut text);
        }
        let _ = sender.send(text.trim_end().to_owned());
    });
    loop {
        match receiver.recv_timeout(process::POLL) {
            Ok(text) if text.starts_with("redis://") => return Ok(text),
            Ok(text) => bail!("the private Redis did not start: {text}"),
            Err(RecvTimeoutError::Timeout) if !process::stop_asked() => {}
            Err(_) => bail!("the start of the private Redis was interrupted"),
        }
    }
}

/// The keeper's own side: starts Redis, prints its address, and stops it at the end of standard
/// input.
pub(crate) fn keep(port: Option<u16>, folder: Option<PathBuf>) -> ExitCode {
    match try_keep(port, folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard output is where the caller listens; it has gone if this fails.
            let _ = writeln!(std::io::stdout(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn try_keep(port: Option<u16>, folder: Option<PathBuf>) -> Result<()> {
    let server = RedisServer::start_with(&Options { port, folder, ..Options::default() })?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", server.url())
        .and_then(|()| stdout.flush())
        .context("failed to print the address")?;

    let (sender, at_end) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        drop(sender);
    });
    while at_end.recv_timeout(process::POLL) == Err(RecvTimeoutError::Timeout)
        && !process::stop_asked()
    {
        server.check()?;
    }
    Ok(())
}
