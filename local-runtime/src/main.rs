//! The `local-runtime` program: parses the command line and calls the library.

use std::process::ExitCode;

use clap::Parser;
use local_runtime::cli::Cli;

fn main() -> ExitCode {
    let Cli::Up(options) = Cli::parse();
    match local_runtime::up(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
