//! Waits until the three streams are empty, and is the metronome meanwhile.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use conventional::connection::RedisConnection;
use indicatif::{ProgressBar, ProgressStyle};
use shared::queue::{Keys, Queue, Stream};
use shared::settings::QueueSettings;

/// How often to look. A look is three XLEN; times come from stream ids, so looking seldom costs no precision.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long nothing may move before the streams are ticked, as a cluster's probes do.
const TICK_AFTER: Duration = Duration::from_secs(1);

/// How the waiting went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waited {
    /// Orders still in a stream when patience ran out; 0 when all were done.
    pub left: u64,
    /// Bells that had to be rung because nothing moved: 0 unless a ring was lost or an instance died.
    pub metronome_rings: u64,
}

/// Waits until ingress and both lanes are empty, or nothing has moved for `patience`.
///
/// A commit moves an order from one stream to the next in one step, so the three lengths read at one moment are all that is
/// not done.
///
/// # Errors
/// When Redis fails.
pub fn until_empty(
    redis: &mut RedisConnection,
    settings: &QueueSettings,
    patience: Duration,
    total: u64,
) -> Result<Waited> {
    let keys = Keys::new(settings.queue.clone());
    let bar = progress_bar(total);
    let mut metronome_rings = 0;
    let (mut last, mut moved_at, mut ticked_at) = (u64::MAX, Instant::now(), Instant::now());
    loop {
        let lengths = lengths(redis, &keys)?;
        let left: u64 = lengths.iter().sum();
        bar.set_position(total.saturating_sub(left));
        bar.set_message(format!("ingress {} simple {} complex {}", lengths[0], lengths[1], lengths[2]));
        if left == 0 {
            bar.finish_and_clear();
            return Ok(Waited { left, metronome_rings });
        }
        let fingerprint = lengths[0] * 2 + lengths[1] + lengths[2];
        if fingerprint != last {
            (last, moved_at) = (fingerprint, Instant::now());
        }
        if moved_at.elapsed() > patience {
            bar.abandon();
            return Ok(Waited { left, metronome_rings });
        }
        if moved_at.elapsed().min(ticked_at.elapsed()) > TICK_AFTER {
            ticked_at = Instant::now();
            for stream in Stream::ALL {
                let tick = Queue::new(redis, settings).tick(stream).context("failed to tick")?;
                metronome_rings += u64::from(tick.rung);
            }
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Entries in ingress, simple and complex, read at one moment.
///
/// # Errors
/// When Redis fails.
pub fn lengths(redis: &mut RedisConnection, keys: &Keys) -> Result<[u64; 3]> {
    let mut transaction = redis::pipe();
    transaction.atomic();
    for stream in Stream::ALL {
        transaction.cmd("XLEN").arg(keys.stream(stream));
    }
    transaction.query(redis.inner()).context("failed to read the lengths of the streams")
}

fn progress_bar(total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} done  {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total).with_style(style)
}
