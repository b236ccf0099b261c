//! What a load is sent to: the app and its Redis, both stopped when this is dropped.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use private_redis::{Options, RedisServer};
use supervise::Process;

use crate::app::{self, Runtime};
use crate::process;
use crate::repository::Repository;

/// How long the app may take to be ready.
const READY_LIMIT: Duration = Duration::from_mins(1);

/// The Redis of the app: private, or the user's.
pub(crate) struct Redis {
    pub(crate) url: String,
    server: Option<RedisServer>,
}

impl Redis {
    /// Starts a private Redis unless the user has one.
    pub(crate) fn start(
        given: Option<&String>,
        port: Option<u16>,
        folder: Option<PathBuf>,
    ) -> Result<Self> {
        if let Some(url) = given {
            return Ok(Self { url: url.clone(), server: None });
        }
        let server = RedisServer::start_with(&Options { port, folder, ..Options::default() })?;
        Ok(Self { url: server.url(), server: Some(server) })
    }
}

/// Fields are dropped in their order: the app before its Redis.
pub(crate) struct Stage {
    pub(crate) app: Process,
    pub(crate) redis: Redis,
    pub(crate) listen: SocketAddr,
    channels: Vec<String>,
}

impl Stage {
    /// Starts the app; its output goes to a file, or else to the terminal.
    pub(crate) fn start(
        repository: &Repository,
        runtime: Runtime,
        redis: Redis,
        listen: SocketAddr,
        log: Option<&Path>,
        extra: &[OsString],
    ) -> Result<Self> {
        let manifest = repository.spin_toml();
        let text = fs::read_to_string(&manifest)
            .with_context(|| format!("failed to read {}", manifest.display()))?;
        let channels = app::channels(&text)?;
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("SPIN_VARIABLE_") {
                println!("app      {name} is set by the environment");
            }
        }
        let command = runtime.command(repository, &redis.url, listen, extra);
        let app = match log {
            None => Process::start(runtime.name(), command)?,
            Some(path) => {
                let folder = path.parent().context("a log file is in a folder")?;
                fs::create_dir_all(folder)
                    .with_context(|| format!("failed to make {}", folder.display()))?;
                let file = File::create(path)
                    .with_context(|| format!("failed to create {}", path.display()))?;
                let file = Arc::new(file);
                Process::start_reading(runtime.name(), command, move |line| {
                    let _ = file.as_ref().write_all(format!("{line}\n").as_bytes());
                })?
            }
        };
        Ok(Self { app, redis, listen, channels })
    }

    /// Whether the app answers HTTP and hears its bells.
    pub(crate) fn is_ready(&self) -> bool {
        app::serves(self.listen)
            && supervise::subscribed(&self.redis.url, &self.channels).unwrap_or(false)
    }

    /// Waits until the app is ready.
    ///
    /// # Errors
    /// When it ends or takes too long, with its last lines; or when the user asks for a stop.
    pub(crate) fn wait_until_ready(&self) -> Result<()> {
        let deadline = Instant::now() + READY_LIMIT;
        while !self.is_ready() {
            self.check()?;
            if process::stop_asked() {
                bail!("the run was interrupted");
            }
            if Instant::now() > deadline {
                let why = match supervise::subscribed(&self.redis.url, &self.channels) {
                    _ if !app::serves(self.listen) => format!("http://{} is silent", self.listen),
                    Err(error) => error.to_string(),
                    Ok(_) => format!("{} have no subscriber", self.channels.join(", ")),
                };
                let lines = self.app.last_lines();
                bail!("the app is not ready after {} s: {why}\n{lines}", READY_LIMIT.as_secs());
            }
            std::thread::sleep(process::POLL);
        }
        Ok(())
    }

    /// Fails when the app or its Redis has ended.
    pub(crate) fn check(&self) -> Result<()> {
        self.app.check()?;
        self.redis.server.as_ref().map_or(Ok(()), RedisServer::check)
    }
}
