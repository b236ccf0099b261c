//! Ctrl-C and SIGTERM: every wait of a chaos run ends at once, and all that was started is stopped on the way out.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

static ASKED: AtomicBool = AtomicBool::new(false);
/// How late a wait may notice.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Listens for the signals from now on.
///
/// # Errors
/// When something else in this process listens already.
pub fn listen() -> Result<()> {
    ctrlc::set_handler(|| ASKED.store(true, Ordering::SeqCst)).context("failed to listen for Ctrl-C")
}

/// An error once a stop was asked for.
///
/// # Errors
/// That one.
pub fn check() -> Result<()> {
    if ASKED.load(Ordering::SeqCst) {
        bail!("stopped by a signal");
    }
    Ok(())
}

/// Sleeps, or fails when a stop is asked for.
///
/// # Errors
/// As [`check`].
pub fn sleep(duration: Duration) -> Result<()> {
    let end = Instant::now() + duration;
    loop {
        check()?;
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(LOOK_EVERY));
    }
}
