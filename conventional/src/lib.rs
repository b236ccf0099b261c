//! The pipeline as an always-on native service: the baseline that the Wasm components are compared
//! with.
//!
//! - [`cli`]: flags and environment
//! - [`worker`]: one role that waits for its bell and drains
//! - [`service`]: the workers of one process, from ready to stopped
//! - [`check`](mod@check): the check for a probe
//!
//! Queue, scripts, decisions and settings are those of the components; only the code around a drain
//! differs. It drains as the consumer `conventional` and can share the streams with them.

pub mod check;
pub mod cli;
pub mod service;
pub mod worker;

use std::fmt::Display;
use std::io::Write;

/// Prints a line. If nobody can read it, the service goes on.
pub fn print(mut output: impl Write, line: impl Display) {
    let _ = writeln!(output, "{line}");
}
