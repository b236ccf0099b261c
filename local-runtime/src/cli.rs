//! The command line, with the flag names of `spin up`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser};

/// Runs a Spin application where the `spin` CLI is not installed.
#[derive(Debug, Parser)]
#[command(name = "local-runtime", version)]
pub enum Cli {
    /// Starts the application and runs it until it is interrupted.
    Up(UpOptions),
}

/// The flags of `local-runtime up`.
#[derive(Debug, Clone, Args)]
pub struct UpOptions {
    /// The manifest, or the folder with a `spin.toml`.
    #[arg(short, long, visible_alias = "file")]
    #[arg(value_name = "FILE_OR_DIR", default_value = "spin.toml")]
    pub from: PathBuf,

    /// Address of the HTTP trigger; port 0 selects a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,

    /// Runs only this component and its triggers; can be repeated.
    #[arg(short = 'c', long = "component-id", value_name = "ID")]
    pub component_ids: Vec<String>,

    /// Does not print the output of components; the log files still contain it.
    #[arg(short, long)]
    pub quiet: bool,

    /// Folder for compiled components [default: .spin/local-runtime beside the manifest]
    #[arg(long, value_name = "DIR")]
    pub cache_dir: Option<PathBuf>,

    /// Ends the whole process when a Redis connection of a trigger is lost, as Spin does.
    #[arg(long)]
    pub no_reconnect: bool,

    /// Maximum size in bytes of a linear memory of an instance; by default there is no limit.
    #[arg(long, value_name = "BYTES", env = "SPIN_MAX_INSTANCE_MEMORY")]
    #[arg(allow_negative_numbers = true)]
    pub max_instance_memory: Option<usize>,

    /// Ends a handler that runs longer than this; by default there is no limit, as in Spin.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    #[arg(allow_negative_numbers = true)]
    pub invocation_timeout_ms: Option<u64>,
}
