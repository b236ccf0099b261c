//! `cargo xtask up`: the app on this machine with a Redis of its own, until the user stops it.
//!
//! The data is kept in `.data/redis` over restarts. What was started is stopped in order, the app
//! first; where one of the two ends by itself, the other is stopped and the exit code is not zero.

use std::ffi::OsString;
use std::net::SocketAddr;

use anyhow::{Result, bail};

use crate::app::{self, Runtime};
use crate::process::{self, Running};
use crate::redis_keeper::PrivateRedis;
use crate::repository::Repository;
use crate::{setup, wasm};

/// Flags of `cargo xtask up`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What runs the app [default: spin if it is on the PATH, else local]
    #[arg(long, value_enum)]
    runtime: Option<Runtime>,
    /// Use this Redis instead of starting a private one
    #[arg(long, value_name = "URL", conflicts_with = "redis_port")]
    redis_url: Option<String>,
    /// Port of the private Redis [default: a free one]
    #[arg(long, value_name = "PORT")]
    redis_port: Option<u16>,
    /// Where the app answers HTTP
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// Further arguments for the runtime
    #[arg(last = true)]
    extra: Vec<OsString>,
}

/// Runs the app until Ctrl-C or SIGTERM.
///
/// # Errors
/// When something needed is missing or fails to build, or the app or its Redis ends by itself.
pub(crate) fn run(repository: &Repository, arguments: &Arguments) -> Result<()> {
    if arguments.listen.port() == 0 {
        bail!("--listen {}: name a port", arguments.listen);
    }
    let runtime = Runtime::choose(arguments.runtime)?;
    if arguments.redis_url.is_none() {
        setup::ensure_redis()?;
    }
    let toolchain = setup::ensure_wasm_toolchain(repository, None)?;
    // Before the build, so that a taken port or data folder is told at once.
    let redis = match &arguments.redis_url {
        Some(_) => None,
        None => {
            Some(PrivateRedis::start(arguments.redis_port, Some(&repository.data().join("redis")))?)
        }
    };
    wasm::build(repository, &toolchain)?;
    runtime.build_with(repository, &[])?;

    let redis_url = match (&arguments.redis_url, &redis) {
        (Some(url), _) => url.as_str(),
        (None, Some(redis)) => redis.url(),
        (None, None) => bail!("there is no redis"),
    };
    match &redis {
        Some(redis) => {
            println!(
                "redis    {} (data in {})",
                redis.url(),
                repository.data().join("redis").display()
            );
        }
        None => println!("redis    as given with --redis-url"),
    }
    println!("app      http://{} (by {})", app::reachable(arguments.listen), runtime.name());
    println!("stop     Ctrl-C");
    // Dropped before `redis`, in the reverse order of their declarations.
    let mut command = runtime.command(repository, redis_url, arguments.listen, &arguments.extra);
    let app = Running::start(runtime.name(), &mut command)?;
    watch(&app, redis.as_ref(), arguments.listen)
}

/// Returns when the user asks for a stop.
fn watch(app: &Running, redis: Option<&PrivateRedis>, listen: SocketAddr) -> Result<()> {
    let mut is_ready = false;
    while !process::stop_asked() {
        if app.has_ended() {
            bail!("the app ({}) ended by itself", app.name());
        }
        if redis.is_some_and(|redis| redis.process().has_ended()) {
            bail!("the private Redis ended by itself; its log is redis.log in the data folder");
        }
        if !is_ready && app::is_ready(listen) {
            is_ready = true;
            println!("ready");
        }
        std::thread::sleep(process::POLL);
    }
    println!("stopping");
    Ok(())
}
