//! Options that several commands share, and how their values are read.
//!
//! - this file: generated orders
//! - [`load`]: the shapes of load
//! - [`parse`]: durations, rates, shares

mod load;
pub(crate) mod parse;

use clap::{Args, Command};

pub use load::Load;
pub(crate) use load::{Paced, Target};

/// Takes `-5` for the value of the flag before it, so that the error names that flag.
pub(crate) fn named_by_errors(command: Command) -> Command {
    command.mut_subcommands(|command| {
        command.mut_args(|arg| {
            let takes_values = arg.get_action().takes_values();
            arg.allow_negative_numbers(takes_values)
        })
    })
}

/// What the generated orders are like.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Orders")]
pub struct Recipe {
    /// Seed of the random numbers.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// Share of orders with a prescription, 0 to 1; 0 gives plain orders, as in
    /// ZEISS/enterprise-wasm.
    #[arg(long, default_value_t = 0.3, value_parser = parse::share)]
    pub prescriptions: f64,
    /// Share of orders that are changed at random, 0 to 1; most are then invalid.
    #[arg(long, default_value_t = 0.0, value_parser = parse::share)]
    pub mutated: f64,
}

/// Generated orders of a run.
#[derive(Debug, Clone, Copy, Args)]
pub struct Generated {
    #[command(flatten)]
    pub(crate) recipe: Recipe,
    /// Number that determines the identities of generated orders. Set it to send the same orders
    /// again; by default it is taken from the clock.
    #[arg(long)]
    pub(crate) run: Option<u64>,
}
