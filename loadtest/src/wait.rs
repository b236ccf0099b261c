//! Watches the three streams until they are empty, and is the metronome meanwhile.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use conventional::connection::RedisConnection;
use indicatif::{ProgressBar, ProgressStyle};
use shared::queue::{Keys, Queue, Stream};
use shared::settings::QueueSettings;

/// How often to look. A look is three XLEN; times come from stream ids, so looking seldom costs no precision.
pub const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long nothing may move before the streams are ticked, as a cluster's probes do.
const TICK_AFTER: Duration = Duration::from_secs(1);

/// The three streams, watched.
#[derive(Debug)]
pub struct Watch {
    settings: QueueSettings,
    keys: Keys,
    /// Entries in ingress, simple and complex at the last look.
    pub lengths: [u64; 3],
    /// Bells that had to be rung because nothing moved: 0 unless a ring was lost or an instance died.
    pub metronome_rings: u64,
    /// Which of the three are paused, as far as the last tick has seen.
    paused: [bool; 3],
    moved_at: Instant,
    ticked_at: Instant,
}

/// How the waiting went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waited {
    /// Orders still in a stream when patience ran out; 0 when all were done.
    pub left: u64,
    /// As in [`Watch`].
    pub metronome_rings: u64,
}

impl Watch {
    /// Begins to watch.
    pub fn new(settings: &QueueSettings) -> Self {
        Self {
            settings: settings.clone(),
            keys: Keys::new(settings.queue.clone()),
            lengths: [0; 3],
            metronome_rings: 0,
            paused: [false; 3],
            moved_at: Instant::now(),
            ticked_at: Instant::now(),
        }
    }

    /// Looks once, and ticks where work has not moved for a while.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn look(&mut self, redis: &mut RedisConnection) -> Result<()> {
        let lengths = lengths(redis, &self.keys)?;
        if lengths != self.lengths || lengths == [0; 3] {
            self.moved_at = Instant::now();
        }
        for (paused, (before, now)) in self.paused.iter_mut().zip(self.lengths.iter().zip(lengths))
        {
            *paused &= now >= *before;
        }
        self.lengths = lengths;
        if self.moved_at.elapsed().min(self.ticked_at.elapsed()) > TICK_AFTER {
            self.ticked_at = Instant::now();
            for stream in Stream::ALL {
                let tick =
                    Queue::new(redis, &self.settings).tick(stream).context("failed to tick")?;
                self.metronome_rings += u64::from(tick.rung);
                self.paused[stream as usize] = tick.paused;
            }
        }
        Ok(())
    }

    /// Orders that are not done. A commit moves an order from one stream to the next in one step, so the three lengths read at one
    /// moment are all of them.
    pub fn left(&self) -> u64 {
        self.lengths.iter().sum()
    }

    /// For how long nothing has moved, though there is work.
    pub fn still_for(&self) -> Duration {
        self.moved_at.elapsed()
    }

    /// The lengths for a progress bar.
    pub fn to_text(&self) -> String {
        let parts = Stream::ALL.map(|stream| {
            let paused = if self.paused[stream as usize] { " (paused)" } else { "" };
            format!("{} {}{paused}", stream.as_str(), self.lengths[stream as usize])
        });
        parts.join(" ")
    }
}

/// Waits until ingress and both lanes are empty, or nothing has moved for `patience`.
///
/// # Errors
/// When Redis fails.
pub fn until_empty(
    redis: &mut RedisConnection,
    settings: &QueueSettings,
    patience: Duration,
    total: u64,
) -> Result<Waited> {
    let bar = progress_bar(total);
    let mut watch = Watch::new(settings);
    loop {
        watch.look(redis)?;
        bar.set_position(total.saturating_sub(watch.left()));
        bar.set_message(watch.to_text());
        let is_empty = watch.left() == 0;
        if is_empty || watch.still_for() > patience {
            bar.finish_and_clear();
            return Ok(Waited { left: watch.left(), metronome_rings: watch.metronome_rings });
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Entries in ingress, simple and complex, read at one moment.
fn lengths(redis: &mut RedisConnection, keys: &Keys) -> Result<[u64; 3]> {
    let mut transaction = redis::pipe();
    transaction.atomic();
    for stream in Stream::ALL {
        transaction.cmd("XLEN").arg(keys.stream(stream));
    }
    transaction.query(redis.inner()).context("failed to read the lengths of the streams")
}

/// A progress bar.
pub fn progress_bar(total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} done  {msg}");
    ProgressBar::new(total).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
