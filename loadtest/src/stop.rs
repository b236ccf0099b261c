//! Handles Ctrl-C and SIGTERM. Waits end at once, and the started processes are stopped before the
//! exit.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

static ASKED: AtomicU32 = AtomicU32::new(0);
/// The exit code that shells expect.
pub(crate) const INTERRUPTED: u8 = 130;
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Ends the process at once at the `last` signal; `None` for a process that has children to stop.
pub(crate) fn listen(last: Option<u32>) -> Result<()> {
    let count = move || {
        let asked = ASKED.fetch_add(1, Ordering::SeqCst) + 1;
        if last.is_some_and(|last| asked >= last) {
            std::process::exit(i32::from(INTERRUPTED));
        }
    };
    ctrlc::set_handler(count).context("failed to listen for Ctrl-C")
}

pub(crate) fn asked() -> u32 {
    ASKED.load(Ordering::SeqCst)
}

pub(crate) fn check() -> Result<()> {
    ensure!(asked() == 0, "stopped by a signal");
    Ok(())
}

pub(crate) fn sleep(duration: Duration) -> Result<()> {
    sleep_until(Instant::now() + duration, || asked() > 0);
    check()
}

/// Returns early once `is_over`, and then `false`.
pub(crate) fn sleep_until(moment: Instant, is_over: impl Fn() -> bool) -> bool {
    while !is_over() {
        let left = moment.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        std::thread::sleep(left.min(LOOK_EVERY));
    }
    false
}
