//! `cargo xtask`: set-up, build, run, burst and test of the whole project on one machine.
//!
//! Everything a newcomer needs goes through here, so this program keeps few dependencies and
//! compiles in seconds. It starts other programs and stops exactly those; it holds no logic of the
//! order pipeline.

mod app;
mod apt;
mod axe;
mod clean;
mod debian;
mod fuzzer;
mod kubectl;
mod load;
mod native;
mod process;
mod programs;
mod publish;
mod redis_keeper;
mod repository;
mod setup;
mod test;
mod toolchain;
mod up;
mod wasm;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::process::SecondSignal;
use crate::repository::Repository;
use crate::toolchain::Kind;

/// Sets up, builds, runs and tests the order pipeline
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing: redis-server and a compiler for WebAssembly
    Setup {
        /// How to get the compiler [default: rustup, then Debian's packages]
        #[arg(long, value_enum)]
        wasm_toolchain: Option<Kind>,
    },
    /// Build the Wasm components
    Build {
        /// Which compiler to use [default: rustup's if it has the target, else Debian's]
        #[arg(long, value_enum)]
        wasm_toolchain: Option<Kind>,
    },
    /// Run the app on this machine with a Redis of its own, until Ctrl-C
    Up(up::Arguments),
    /// Send a burst of orders through the app and account for each one
    #[command(disable_help_flag = true)]
    Burst {
        /// Flags of xtask and of `loadtest burst`, in any order
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Send orders by another shape than a burst: steady, wave, spikes, soak or replay
    #[command(disable_help_flag = true)]
    Load {
        /// The shape, then flags of xtask and of `loadtest SHAPE`, in any order
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Build all programs and run `loadtest` with these arguments, such as `versus` or `cost`
    #[command(disable_help_flag = true)]
    Loadtest {
        /// Passed to `loadtest`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Push the app to a registry by `spin`, and name it in the manifests
    Publish(publish::Arguments),
    /// Check formatting and lints, build everything and run every test
    Test {
        /// Passed to `cargo test`, for example a part of a test's name
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Remove what the project made beside its sources: .data, .spin and target/xtask
    Clean {
        /// Remove the whole target folder as well
        #[arg(long)]
        all: bool,
    },
    /// Keep a private Redis for as long as standard input stays open
    #[command(hide = true)]
    KeepRedis {
        #[arg(long)]
        port: Option<u16>,
        #[arg(long)]
        folder: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode> {
    let cli = Cli::parse();
    process::install_stop_handler(match cli.command {
        Command::KeepRedis { .. } => SecondSignal::IsIgnored,
        _ => SecondSignal::Exits,
    })?;
    let repository = Repository::find()?;
    match cli.command {
        Command::Setup { wasm_toolchain } => setup::run(&repository, wasm_toolchain)?,
        Command::Build { wasm_toolchain } => {
            let toolchain = setup::ensure_wasm_toolchain(&repository, wasm_toolchain)?;
            wasm::build(&repository, &toolchain)?;
        }
        Command::Up(arguments) => up::run(&repository, &arguments)?,
        Command::Burst { .. } => return load::burst(&repository, passed_on_arguments()),
        Command::Load { .. } => return load::load(&repository, passed_on_arguments()),
        Command::Loadtest { .. } => return load::any(&repository, &passed_on_arguments()),
        Command::Publish(arguments) => publish::run(&repository, &arguments)?,
        Command::Test { .. } => return Ok(test::run(&repository, &passed_on_arguments())),
        Command::Clean { all } => clean::run(&repository, all)?,
        Command::KeepRedis { port, folder } => return Ok(redis_keeper::keep(port, folder)),
    }
    Ok(ExitCode::SUCCESS)
}

/// What was typed after the subcommand, word for word: clap would swallow a leading `--`.
fn passed_on_arguments() -> Vec<OsString> {
    std::env::args_os().skip(2).collect()
}
