//! What a load is sent to: the app and its Redis, both stopped when this is dropped.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use private_redis::{Options, RedisServer};
use supervise::Process;

use crate::app::{self, Runtime};
use crate::repository::Repository;
use crate::{native, process, setup, wasm};

/// How long the app may take to be ready: at its first start it is compiled, and a component in
/// TypeScript takes most of a minute on two busy cores.
const READY_LIMIT: Duration = Duration::from_mins(3);

/// Flags of commands that start the app.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What runs the app [default: spin if it is on the PATH, else local]
    #[arg(long, value_enum)]
    pub(crate) runtime: Option<Runtime>,
    /// Use this Redis instead of starting a private one
    #[arg(long, value_name = "URL")]
    pub(crate) redis_url: Option<String>,
    /// The manifest of the app [default: the repository's spin.toml]
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
}

/// Everything that the app needs to start.
pub(crate) struct Prepared {
    pub(crate) runtime: Runtime,
    pub(crate) redis_url: String,
    manifest: PathBuf,
    redis: Option<RedisServer>,
}

/// Fields are dropped in their order: the app before its Redis.
pub(crate) struct Stage {
    pub(crate) app: Process,
    redis: Option<RedisServer>,
    redis_url: String,
    listen: SocketAddr,
    channels: Vec<String>,
}

impl Prepared {
    /// Starts Redis and builds the app, its runtime and `programs`.
    pub(crate) fn new(
        repository: &Repository,
        arguments: &Arguments,
        redis_port: Option<u16>,
        redis_folder: Option<PathBuf>,
        programs: &[&str],
    ) -> Result<Self> {
        let runtime = Runtime::choose(arguments.runtime)?;
        // Before the build, so that a port or data folder in use is reported at once.
        let redis = if arguments.redis_url.is_some() {
            None
        } else {
            setup::ensure_redis()?;
            let (port, folder) = (redis_port, redis_folder);
            Some(RedisServer::start_with(&Options { port, folder, ..Options::default() })?)
        };
        let manifest = arguments.manifest.clone().unwrap_or_else(|| repository.spin_toml());
        wasm::build(repository, std::slice::from_ref(&manifest))?;
        let own: &[&str] = if runtime == Runtime::Local { &["local-runtime"] } else { &[] };
        native::build(repository, &[own, programs].concat())?;
        let private = redis.as_ref().map(RedisServer::url);
        let redis_url = arguments.redis_url.clone().or(private).unwrap_or_default();
        Ok(Self { runtime, redis_url, manifest, redis })
    }
}

impl Stage {
    /// Starts the app; its output goes to a file, or else to the terminal.
    pub(crate) fn start(
        repository: &Repository,
        prepared: Prepared,
        listen: SocketAddr,
        log: Option<&Path>,
        extra: &[OsString],
    ) -> Result<Self> {
        let Prepared { runtime, redis_url, manifest, redis } = prepared;
        let text = fs::read_to_string(&manifest)
            .with_context(|| format!("failed to read {}", manifest.display()))?;
        let channels = app::channels(&text)?;
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("SPIN_VARIABLE_") {
                println!("app      {name} is set by the environment");
            }
        }
        let command = runtime.command(repository, &manifest, &redis_url, listen, extra);
        let app = match log {
            None => Process::start(runtime.name(), command)?,
            Some(path) => {
                fs::create_dir_all(repository.logs()).context("failed to make target/xtask")?;
                let file = File::create(path)
                    .with_context(|| format!("failed to create {}", path.display()))?;
                let file = Arc::new(file);
                Process::start_reading(runtime.name(), command, move |line| {
                    let _ = file.as_ref().write_all(format!("{line}\n").as_bytes());
                })?
            }
        };
        Ok(Self { app, redis, redis_url, listen, channels })
    }

    /// Whether the app answers HTTP and hears its bells.
    pub(crate) fn is_ready(&self) -> bool {
        app::serves(self.listen)
            && supervise::subscribed(&self.redis_url, &self.channels).unwrap_or(false)
    }

    /// Waits until the app is ready.
    ///
    /// # Errors
    /// When it ends or takes too long, with its last lines; or when the user asks for a stop.
    pub(crate) fn wait_until_ready(&self) -> Result<()> {
        let what = format!("listener of {} and answer to HTTP", self.channels.join(", "));
        self.app.wait_for(&what, READY_LIMIT, || {
            if process::stop_asked() {
                bail!("the run was interrupted");
            }
            Ok(self.is_ready().then_some(()))
        })
    }

    /// Fails when the app or its Redis has ended.
    pub(crate) fn check(&self) -> Result<()> {
        self.app.check()?;
        self.redis.as_ref().map_or(Ok(()), RedisServer::check)
    }
}
