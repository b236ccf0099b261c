//! `cargo xtask up`: the app on this machine with its own Redis, until the user stops it.
//!
//! The data is kept in `.data/redis` over restarts.

use std::ffi::OsString;
use std::net::SocketAddr;

use anyhow::{Result, bail};

use crate::app::{self, Runtime};
use crate::repository::Repository;
use crate::stage::{Redis, Stage};
use crate::{native, process, setup, wasm};

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
    let Arguments { runtime, redis_url, redis_port, listen, extra } = arguments;
    if listen.port() == 0 {
        bail!("--listen {listen}: name a port");
    }
    let runtime = Runtime::choose(*runtime)?;
    if redis_url.is_none() {
        setup::ensure_redis()?;
    }
    let toolchain = setup::ensure_wasm_toolchain(repository)?;
    let data = repository.data().join("redis");
    // Before the build, so that a port or data folder in use is reported at once.
    let redis = Redis::start(redis_url.as_ref(), *redis_port, Some(data.clone()))?;
    native::build(repository, &runtime.packages(&[]))?;
    wasm::build(repository, &toolchain)?;

    match redis_url {
        Some(_) => println!("redis    as given with --redis-url"),
        None => println!("redis    {} (data in {})", redis.url, data.display()),
    }
    println!("app      http://{} (by {})", app::reachable(*listen), runtime.name());
    println!("stop     Ctrl-C");
    let stage = Stage::start(repository, runtime, redis, *listen, None, extra)?;
    let mut is_ready = false;
    while !process::stop_asked() {
        stage.check()?;
        // With arguments for the runtime not every component may run.
        if !is_ready && (stage.is_ready() || (!extra.is_empty() && app::serves(*listen))) {
            is_ready = true;
            println!("ready");
        }
        std::thread::sleep(process::POLL);
    }
    println!("stopping");
    Ok(())
}
