//! Ctrl-C and SIGTERM: waits end at once, and all that was started is stopped on the way out.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

static ASKED: AtomicU32 = AtomicU32::new(0);
/// What a shell expects of a program that Ctrl-C has ended.
const INTERRUPTED: i32 = 130;
/// How late a wait may notice.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Listens for the signals from now on.
///
/// # Errors
/// When something else in this process listens already.
pub fn listen() -> Result<()> {
    listen_and_end_at(u32::MAX)
}

/// As [`listen`], and ends the process at the signal with this number: for what has no children
/// that would be left behind.
///
/// # Errors
/// As [`listen`].
pub fn listen_and_end_at(last: u32) -> Result<()> {
    let count = move || {
        if ASKED.fetch_add(1, Ordering::SeqCst) + 1 >= last {
            std::process::exit(INTERRUPTED);
        }
    };
    ctrlc::set_handler(count).context("failed to listen for Ctrl-C")
}

/// How often a stop was asked for.
pub fn asked() -> u32 {
    ASKED.load(Ordering::SeqCst)
}

/// An error once a stop was asked for.
///
/// # Errors
/// That one.
pub fn check() -> Result<()> {
    if asked() > 0 {
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
