//! How a command ends, as an exit code.

use std::process::ExitCode;

use anyhow::{Error, Result};
use native::in_words;
use supervise::note;

use crate::stop;

/// The result of a command that ran to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Good,
    Bad,
    /// Ended by a signal, and no order was bad until then.
    Interrupted,
}

/// Flags that clap accepts, but that do not fit together.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// Prints an error, and returns the exit code.
pub(crate) fn exit_code(result: &Result<Outcome>) -> ExitCode {
    if let Err(error) = result {
        say(error);
    }
    ExitCode::from(code(result, stop::asked() > 0))
}

pub(crate) fn say(error: &Error) {
    note(format_args!("loadtest: {}", in_words(error)));
}

fn code(result: &Result<Outcome>, is_interrupted: bool) -> u8 {
    match result {
        Ok(Outcome::Good) => 0,
        Ok(Outcome::Bad) => 1,
        Ok(Outcome::Interrupted) => stop::INTERRUPTED,
        Err(error) if error.is::<UsageError>() => 2,
        Err(_) if is_interrupted => stop::INTERRUPTED,
        Err(_) => 3,
    }
}

#[cfg(test)]
mod tests;
