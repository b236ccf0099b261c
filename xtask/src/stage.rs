//! The Spin app and its Redis. Dropping the stage stops both. The real `spin` runs the app, or
//! `local-runtime` where `spin` is missing.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use private_redis::{Options, RedisServer};
use supervise::Process;

use crate::{native, process, repository, setup, wasm};

/// How long the app may take to be ready: at its first start it is compiled, and a component in
/// TypeScript takes most of a minute on two busy cores.
const READY_LIMIT: Duration = Duration::from_mins(3);

/// What runs the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Runtime {
    /// `spin up` of the installed Spin
    Spin,
    /// This project's own runner
    Local,
}

impl Runtime {
    /// The given one; by default Spin if it is installed.
    pub(crate) fn choose(given: Option<Self>) -> Result<Self> {
        let spin_is_installed = supervise::on_path("spin").is_some();
        let runtime = given.unwrap_or(if spin_is_installed { Self::Spin } else { Self::Local });
        ensure!(
            runtime == Self::Local || spin_is_installed,
            "--runtime spin: `spin` is not on the PATH; install Spin 3 or 4, or use --runtime local"
        );
        Ok(runtime)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Spin => "spin",
            Self::Local => "local-runtime",
        }
    }
}

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

/// Fields are dropped in their order: the app before its Redis.
pub(crate) struct Stage {
    pub(crate) app: Process,
    redis: Option<RedisServer>,
    pub(crate) redis_url: String,
    pub(crate) runtime: Runtime,
    listen: SocketAddr,
    channels: Vec<String>,
}

impl Stage {
    /// Starts Redis, builds the app, its runtime and `programs`, and starts the app. Its output goes
    /// to `log`, or else to the terminal; `extra` are further arguments for the runtime.
    pub(crate) fn start(
        arguments: &Arguments,
        redis: &Options,
        listen: SocketAddr,
        log: Option<&Path>,
        extra: &[OsString],
        programs: &[&str],
    ) -> Result<Self> {
        let runtime = Runtime::choose(arguments.runtime)?;
        // Started before the build, so that a port or data folder in use is reported at once.
        let (redis, redis_url) = if let Some(url) = &arguments.redis_url {
            (None, url.clone())
        } else {
            setup::ensure_redis()?;
            let server = RedisServer::start_with(redis)?;
            let url = server.url();
            (Some(server), url)
        };
        let manifest = arguments.manifest.clone().unwrap_or_else(repository::spin_toml);
        wasm::build(std::slice::from_ref(&manifest))?;
        let text = fs::read_to_string(&manifest)
            .with_context(|| format!("failed to read {}", manifest.display()))?;
        let channels = channels(&text)?;
        let mut programs = programs.to_vec();
        let program = match runtime {
            Runtime::Spin => "spin".into(),
            Runtime::Local => {
                programs.push("local-runtime");
                repository::program("local-runtime")
            }
        };
        native::build(&programs)?;
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("SPIN_VARIABLE_") {
                println!("app      {name} is set by the environment");
            }
        }
        // The user's current directory is kept: `extra` may name files.
        let mut command = Command::new(program);
        command.args(["up", "-f"]).arg(&manifest);
        command.args(["--listen", &listen.to_string()]).args(extra);
        command.env("SPIN_VARIABLE_REDIS_URL", &redis_url);
        let app = match log {
            None => Process::start(runtime.name(), command)?,
            Some(path) => {
                let file = File::create(path)
                    .with_context(|| format!("failed to create {}", path.display()))?;
                let file = Arc::new(file);
                Process::start_reading(runtime.name(), command, move |line| {
                    let _ = file.as_ref().write_all(format!("{line}\n").as_bytes());
                })?
            }
        };
        Ok(Self { app, redis, redis_url, runtime, listen, channels })
    }

    /// Whether the app answers HTTP and hears its bells.
    pub(crate) fn is_ready(&self) -> bool {
        serves(self.listen)
            && supervise::subscribed(&self.redis_url, &self.channels).unwrap_or(false)
    }

    /// Waits until the app is ready.
    ///
    /// # Errors
    /// When it ends or takes too long, with its last lines; or when the user asks for a stop.
    pub(crate) fn wait_until_ready(&self) -> Result<()> {
        let what = format!("listener of {} and answer to HTTP", self.channels.join(", "));
        self.app.wait_for(&what, READY_LIMIT, || {
            ensure!(!process::stop_asked(), "the run was interrupted");
            Ok(self.is_ready().then_some(()))
        })
    }

    /// Fails when the app or its Redis has ended.
    pub(crate) fn check(&self) -> Result<()> {
        self.app.check()?;
        self.redis.as_ref().map_or(Ok(()), RedisServer::check)
    }
}

/// The channels of all bells in a Spin manifest.
pub(crate) fn channels(manifest: &str) -> Result<Vec<String>> {
    let manifest: toml::Table = manifest.parse()?;
    let queue = std::env::var("SPIN_VARIABLE_QUEUE").ok().or_else(|| {
        let default = manifest.get("variables")?.get("queue")?.get("default")?;
        default.as_str().map(str::to_owned)
    });
    let queue = queue.context("the manifest has no default for the variable `queue`")?;
    let triggers = manifest.get("trigger").and_then(|triggers| triggers.get("redis")?.as_array());
    let channels = triggers.into_iter().flatten().filter_map(|trigger| {
        Some(trigger.get("channel")?.as_str()?.replace("{{ queue }}", &queue))
    });
    Ok(channels.collect())
}

/// Whether the runtime answers HTTP. For an address that means every interface, the loopback is
/// asked.
pub(crate) fn serves(listen: SocketAddr) -> bool {
    let limit = Duration::from_millis(500);
    let answer = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&listen, limit)?;
        stream.set_read_timeout(Some(limit))?;
        let request = format!(
            "GET /.well-known/spin/health HTTP/1.1\r\nHost: {listen}\r\nConnection: close\r\n\r\n"
        );
        // Sent in one write, because a server that answers after the first part resets the
        // connection.
        stream.write_all(request.as_bytes())?;
        let mut response = Vec::new();
        let _ = stream.take(64 * 1024).read_to_end(&mut response);
        Ok(response.starts_with(b"HTTP/1.1 200 "))
    };
    answer().unwrap_or(false)
}

#[cfg(test)]
mod tests;
