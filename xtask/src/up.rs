//! `cargo xtask up`: the app on this machine with its own Redis, until the user stops it.
//!
//! The data is kept in `.data/redis` over restarts.

use std::ffi::OsString;
use std::net::SocketAddr;

use anyhow::{Result, bail};

use crate::repository::Repository;
use crate::stage::{self, Prepared, Stage};
use crate::{app, process};

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
pub(crate) fn run(repository: &Repository, arguments: &Arguments) -> Result<()> {
    let Arguments { stage, redis_port, listen, extra } = arguments;
    if listen.port() == 0 {
        bail!("--listen {listen}: expected a port other than 0");
    }
    let data = repository.data().join("redis");
    let prepared = Prepared::new(repository, stage, *redis_port, Some(data.clone()), &[])?;
    match &stage.redis_url {
        Some(_) => println!("redis    as given with --redis-url"),
        None => println!("redis    {} (data in {})", prepared.redis_url, data.display()),
    }
    println!("app      http://{listen} (by {})", prepared.runtime.name());
    println!("stop     Ctrl-C");
    let stage = Stage::start(repository, prepared, *listen, None, extra)?;
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
