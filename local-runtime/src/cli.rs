//! The command line, with the names `spin up` uses.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};

/// Runs a Spin application where the `spin` CLI is not installed.
#[derive(Debug, Parser)]
#[command(name = "local-runtime", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The sub-commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Starts the application and runs it until it is interrupted.
    Up(UpOptions),
}

/// The flags of `local-runtime up`.
#[derive(Debug, Clone, Args)]
pub struct UpOptions {
    /// The manifest, or the folder with a `spin.toml`.
    #[arg(
        short = 'f',
        long = "from",
        visible_alias = "file",
        value_name = "FILE_OR_DIR",
        default_value = "spin.toml"
    )]
    pub from: PathBuf,

    /// Address of the HTTP trigger; port 0 takes a free one. Further copies have the ports after it, with 0 free ones.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,

    /// Runs only this component and its triggers; may be given several times.
    #[arg(short = 'c', long = "component-id", value_name = "ID")]
    pub component_ids: Vec<String>,

    /// Does not print what the components write; the log files still get it.
    #[arg(short, long)]
    pub quiet: bool,

    /// Folder for compiled components [default: .spin/local-runtime beside the manifest]
    #[arg(long, value_name = "DIR")]
    pub cache_dir: Option<PathBuf>,

    /// Ends the whole process when a Redis connection of a trigger is lost, as Spin does.
    #[arg(long)]
    pub no_reconnect: bool,

    /// The most linear memory one instance may have, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub max_instance_memory: u32,

    /// Ends a handler that runs longer than this; without it there is no limit, as in Spin.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    pub invocation_timeout_ms: Option<u64>,

    /// Runs the application so many times in this process, numbered from 1, each with a port of its own.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=65_535))]
    pub copies: u32,

    /// Gives each copy its own value of a variable, for example `queue=orders-{copy}`; may be given for several variables.
    #[arg(long = "copy-variable", value_name = "NAME=TEMPLATE")]
    pub copy_variables: Vec<CopyVariable>,
}

/// A variable whose value depends on the number of the copy. It wins over the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyVariable {
    /// The variable's name in the manifest.
    pub name: String,
    template: String,
}

/// What stands for the number of the copy in a template.
const NUMBER: &str = "{copy}";

impl CopyVariable {
    /// The value in a copy.
    pub fn value(&self, copy: u32) -> String {
        self.template.replace(NUMBER, &copy.to_string())
    }
}

impl FromStr for CopyVariable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, template)) if template.contains(NUMBER) => {
                Ok(Self { name: name.to_owned(), template: template.to_owned() })
            }
            _ => Err(format!("expected name=template with {NUMBER} in the template")),
        }
    }
}
