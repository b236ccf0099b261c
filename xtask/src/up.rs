//! `cargo xtask up`: the app on this machine with its own Redis, until the user stops it.
//!
//! The data is kept in `.data/redis` over restarts.

use std::ffi::OsString;
use std::net::SocketAddr;

use anyhow::{Result, ensure};

use private_redis::Options;

use crate::stage::{self, Stage};
use crate::{process, repository};

/// Flags of `cargo xtask up`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    stage: stage::Arguments,
    /// Port of the private Redis [default: a free one]
    #[arg(long, value_name = "PORT", conflicts_with = "redis_url")]
    redis_port: Option<u16>,
    /// Where the app answers HTTP
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// Further arguments for the runtime
    #[arg(last = true)]
    extra: Vec<OsString>,
}

/// Runs the app until Ctrl-C or SIGTERM.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { stage, redis_port, listen, extra } = arguments;
    ensure!(listen.port() != 0, "--listen {listen}: expected a port other than 0");
    let data = repository::root().join(".data/redis");
    let redis = Options { port: *redis_port, folder: Some(data.clone()), ..Options::default() };
    let is_private = stage.redis_url.is_none();
    let stage = Stage::start(stage, &redis, *listen, None, extra, &[])?;
    if is_private {
        println!("redis    {} (data in {})", stage.redis_url, data.display());
    } else {
        println!("redis    as given with --redis-url");
    }
    println!("app      http://{listen} (by {})", stage.runtime.name());
    println!("stop     Ctrl-C");
    let mut is_ready = false;
    while !process::stop_asked() {
        stage.check()?;
        // Arguments for the runtime may leave out components.
        if !is_ready && (stage.is_ready() || (!extra.is_empty() && stage::serves(*listen))) {
            is_ready = true;
            println!("ready");
        }
        std::thread::sleep(process::POLL);
    }
    println!("stopping");
    Ok(())
}
