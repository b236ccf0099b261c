//! The `loadtest` command.

use std::process::ExitCode;

use clap::Parser;
use loadtest::cli::{Arguments, Command};
use loadtest::{chaos, cold_start, compare, cost, generate, run, versus};

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Generate(options) => generate::run(&options).map(|()| true),
        Command::Load(load) => run::run(&load),
        Command::Chaos(options) => chaos::run(&options),
        Command::Compare(options) => compare::run(&options),
        Command::Versus(options) => versus::run(&options),
        Command::ColdStart(options) => cold_start::run(&options),
        Command::Cost(options) => cost::run(&options),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("loadtest: {error:#}");
            ExitCode::FAILURE
        }
    }
}
