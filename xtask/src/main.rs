//! `cargo xtask`: set-up, build, run, load test and test of the whole project on one machine.
//!
//! Everything a newcomer needs goes through here, so this program has few dependencies and compiles
//! in seconds. It holds no logic of the order pipeline.

mod app;
mod apt;
mod debian;
mod kubectl;
mod load;
mod native;
mod node;
mod process;
mod programs;
mod publish;
mod repository;
mod setup;
mod stage;
mod test;
mod toolchain;
mod up;
mod wasm;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::repository::Repository;

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
    Setup(setup::Arguments),
    /// Build the Wasm components
    Build {
        /// The manifest that names them [default: the repository's spin.toml]
        #[arg(long, value_name = "FILE")]
        manifest: Option<PathBuf>,
    },
    /// Run the app on this machine with its own Redis, until Ctrl-C
    Up(up::Arguments),
    /// Send a burst of orders and verify each one
    Burst(load::Arguments),
    /// Send orders at a steady rate and verify each one
    Steady(load::Arguments),
    /// Send the load of a day and verify each order
    Curve(load::Arguments),
    /// Send recorded orders and verify each one
    Replay(load::Arguments),
    /// Break everything under load and verify that no order is lost
    Chaos(load::Passed),
    /// Compare the Wasm components with the native service
    Versus(load::Passed),
    /// Write orders to a file
    Generate(load::Passed),
    /// Compare reports of load tests
    Compare(load::Passed),
    /// Compute what a day's load costs
    Cost(load::Passed),
    /// Push the app to a registry by `spin`, and name it in the manifests
    Publish(publish::Arguments),
    /// Write the tables of measured figures from docs/figures
    Figures,
    /// Check formatting and lints, build everything and run every test
    Test(test::Arguments),
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
    process::listen()?;
    let repository = Repository::find()?;
    match cli.command {
        Command::Setup(arguments) => setup::run(&repository, &arguments)?,
        Command::Build { manifest } => {
            wasm::build(&repository, &[manifest.unwrap_or_else(|| repository.spin_toml())])?;
        }
        Command::Up(arguments) => up::run(&repository, &arguments)?,
        Command::Burst(arguments) => return load::run(&repository, "burst", &arguments),
        Command::Steady(arguments) => return load::run(&repository, "steady", &arguments),
        Command::Curve(arguments) => return load::run(&repository, "curve", &arguments),
        Command::Replay(arguments) => return load::run(&repository, "replay", &arguments),
        Command::Chaos(arguments) => {
            return load::staged(&repository, "chaos", &arguments);
        }
        Command::Versus(arguments) => {
            return load::staged(&repository, "versus", &arguments);
        }
        Command::Generate(arguments) => return load::alone(&repository, "generate", &arguments),
        Command::Compare(arguments) => return load::alone(&repository, "compare", &arguments),
        Command::Cost(arguments) => return load::alone(&repository, "cost", &arguments),
        Command::Publish(arguments) => publish::run(&repository, &arguments)?,
        Command::Figures => native::write_figures(&repository)?,
        Command::Test(arguments) => return Ok(test::run(&repository, &arguments)),
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_flag_that_xtask_does_not_know_begins_those_of_loadtest() {
        let parse = |words: &str| {
            let typed = ["xtask"].into_iter().chain(words.split(' '));
            match Cli::try_parse_from(typed).unwrap().command {
                Command::Burst(arguments) => arguments,
                _ => panic!("{words:?} is a burst"),
            }
        };
        for words in [
            "burst --redis-url redis://host:1 --orders 5 --json r.json",
            "burst --redis-url redis://host:1 -- --orders 5 --json r.json",
        ] {
            let arguments = parse(words);
            assert_eq!(arguments.stage.redis_url.as_deref(), Some("redis://host:1"));
            assert_eq!(arguments.passed.loadtest, ["--orders", "5", "--json", "r.json"], "{words}");
        }
        assert_eq!(parse("burst -- --help").passed.loadtest, ["--help"]);
    }
}
