//! Runs roles of the pipeline as one always-on process, or checks that they could run.

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use conventional::cli::{Arguments, Command};
use conventional::{check, service};

#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("conventional: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let settings = arguments.options.check()?;
    match arguments.command {
        Some(Command::Check) => {
            let backlog = check::check(&settings)?.backlog();
            println!("conventional: redis answers, {backlog} orders wait");
            Ok(())
        }
        None => service::run(&settings),
    }
}
