//! Runs roles of the pipeline as one always-on process, or checks that they could run.

use std::io::{stderr, stdout};
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use conventional::cli::{Arguments, Command};
use conventional::{check, print, service};
use native::in_words;

#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print(stderr(), format_args!("conventional: {}", in_words(&error)));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let settings = arguments.options.check()?;
    match arguments.command {
        Some(Command::Check) => {
            let backlog = check::check(&settings)?.backlog();
            let line = format!("conventional: redis answers, {backlog} orders wait");
            print(stdout(), line);
            Ok(())
        }
        None => service::run(&settings),
    }
}
