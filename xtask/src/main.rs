//! `cargo xtask`: set-up, build, run, load test and test of the whole project on one machine.
//!
//! It is the first program that a newcomer compiles, so it has few dependencies. It contains no
//! logic of the order pipeline.

mod apt;
mod debian;
mod kubectl;
mod load;
mod native;
mod node;
mod process;
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
use clap::{CommandFactory, FromArgMatches, Parser};

/// Sets up, builds, runs and tests the order pipeline
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", arg_required_else_help = true)]
enum Command {
    /// Install what is missing: redis-server and a compiler for WebAssembly
    Setup(setup::Arguments),
    /// Build the Wasm components
    Build {
        /// The manifest that lists them [default: the repository's spin.toml]
        #[arg(long, value_name = "FILE")]
        manifest: Option<PathBuf>,
    },
    /// Run the app on this machine with its own Redis, until Ctrl-C
    Up(up::Arguments),
    /// Send a burst of orders and verify each one
    Burst(load::Arguments),
    /// Send orders at a steady rate and verify each one
    Steady(load::Arguments),
    /// Send the load of a day in less time and verify each order
    Curve(load::Arguments),
    /// Send recorded orders and verify each one
    Replay(load::Arguments),
    /// Kill processes and break connections under load, and verify that no order is lost
    Chaos(load::Passed),
    /// Compare the Wasm components with the native service
    Versus(load::Passed),
    /// Write orders to a file
    Generate(load::Passed),
    /// Compare reports of load tests
    Compare(load::Passed),
    /// Compute what a day's load costs
    Cost(load::Passed),
    /// Push the app to a registry with `spin`, and show or write its name in the manifests
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
    let matches = Command::command().get_matches();
    let name = matches.subcommand_name().unwrap_or_default();
    process::listen()?;
    match Command::from_arg_matches(&matches)? {
        Command::Setup(arguments) => setup::run(&arguments)?,
        Command::Build { manifest } => {
            wasm::build(&[manifest.unwrap_or_else(repository::spin_toml)])?;
        }
        Command::Up(arguments) => up::run(&arguments)?,
        Command::Burst(arguments)
        | Command::Steady(arguments)
        | Command::Curve(arguments)
        | Command::Replay(arguments) => return load::run(name, &arguments),
        Command::Chaos(arguments) | Command::Versus(arguments) => {
            return load::staged(name, &arguments);
        }
        Command::Generate(arguments) | Command::Compare(arguments) | Command::Cost(arguments) => {
            return load::alone(name, &arguments);
        }
        Command::Publish(arguments) => publish::run(&arguments)?,
        Command::Figures => native::write_figures()?,
        Command::Test(arguments) => return Ok(test::run(&arguments)),
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests;
