//! The command line: commands, and what the exit code means.

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser};

use crate::chaos::{self, ChaosOptions};
use crate::compare::{self, CompareOptions};
use crate::cost::{self, CostOptions};
use crate::generate::{self, GenerateOptions};
use crate::options::{Load, named_by_errors};
use crate::outcome::{Outcome, exit_code};
use crate::run;
use crate::versus::{self, VersusOptions};

const EXIT_CODES: &str = "Exit codes:
    0  every order was found as expected
    1  an order is lost, confirmed twice, wrong, late or rejected, or --fail-if applies
    2  wrong usage
    3  could not run to its end: a file, Redis or the app cannot be used, or no worker listens
  130  interrupted";

/// Sends orders through the pipeline and verifies each one.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES)]
enum Command {
    /// Writes orders as NDJSON, the same for the same seed.
    #[command(after_help = "Examples:
  loadtest generate --orders 1000 --seed 7 --out orders.ndjson
  loadtest generate --mutated 0.1 | head -n 3")]
    Generate(GenerateOptions),
    #[command(flatten)]
    Load(Load),
    /// Runs the app under load, breaks it at random moments, and verifies every order.
    #[command(after_help = "Examples:
  loadtest chaos --faults 20
  loadtest chaos --faults 100 --seed 7 --orders-per-s 50 --json chaos.json")]
    Chaos(ChaosOptions),
    /// Compares reports: medians, ratios to the first report, and what is better or worse.
    #[command(after_help = "Examples:
  loadtest compare before.json after.json --fail-if 'latency_p99>+10%'
  loadtest compare --group old=a1.json,a2.json,a3.json --group new=b1.json,b2.json,b3.json")]
    Compare(CompareOptions),
    /// Computes what a day's load costs on rented nodes, and how much each factor saves.
    #[command(after_help = "Examples:
  loadtest cost --report wasm.json
  loadtest cost --report wasm.json --baseline native.json --nodes D2ds_v5,D2pds_v5")]
    Cost(CostOptions),
    /// Runs two sides in turn and compares them: Wasm and the always-on service, or two manifests.
    #[command(after_help = "Examples:
  loadtest versus --rounds 5
  loadtest versus --a spin.toml --b spin.typescript.toml
  loadtest versus --runtime spin --orders 20000 --json versus.json")]
    Versus(VersusOptions),
}

/// Runs the command of this process's arguments.
pub fn main() -> ExitCode {
    let arguments = named_by_errors(Command::command()).get_matches();
    let command = Command::from_arg_matches(&arguments).unwrap_or_else(|error| error.exit());
    exit_code(&match command {
        Command::Generate(options) => generate::run(&options).map(|()| Outcome::Good),
        Command::Load(options) => run::run(&options),
        Command::Chaos(options) => chaos::run(&options),
        Command::Compare(options) => compare::run(&options),
        Command::Cost(options) => cost::run(&options),
        Command::Versus(options) => versus::run(&options),
    })
}

#[cfg(test)]
mod tests;
