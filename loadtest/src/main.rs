//! The `loadtest` command.

use std::process::ExitCode;

use clap::Parser;
use loadtest::cli::{Arguments, Command};
use loadtest::{
    chaos, cold_start, compare, cost, dead_letters, density, generate, orders, pause, run, scaling,
    versus,
};

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Generate(options) => generate::run(&options).map(|()| true),
        Command::Load(load) => run::run(&load),
        Command::DeadLetters(command) => dead_letters::run(&command),
        Command::Orders(command) => orders::run(&command),
        Command::Pause(options) => pause::pause(&options),
        Command::Resume(options) => pause::resume(&options),
        Command::Paused(options) => pause::paused(&options),
        Command::Chaos(options) => chaos::run(&options),
        Command::Compare(options) => compare::run(&options),
        Command::Density(options) => density::run(&options),
        Command::Scaling(options) => scaling::run(&options),
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
