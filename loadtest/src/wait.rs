//! Watches the three streams until they are empty, and is the metronome meanwhile.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use native::RedisConnection;
use orders::pipeline::STREAMS;
use queue::{Keys, Queue, Settings};

/// How often to look. A look is five cheap commands; times come from entry ids, so looking seldom
/// costs no precision.
pub const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long nothing may move before the streams are ticked, as a cluster's probes do.
const TICK_AFTER: Duration = Duration::from_secs(1);

/// The three streams, watched.
#[derive(Debug)]
pub struct Watch {
    settings: Settings,
    keys: Keys,
    /// Orders in ingress, simple and complex at the last look.
    pub lengths: [u64; 3],
    /// Bells that had to be rung because nothing moved: 0 unless a ring was lost or an instance
    /// died.
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
    pub fn new(settings: &Settings) -> Self {
        Self {
            settings: settings.clone(),
            keys: Keys::new(settings),
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
        let lengths =
            lengths(redis, &self.keys).context("failed to read the lengths of the streams")?;
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
            for (stream, paused) in STREAMS.into_iter().zip(&mut self.paused) {
                let tick = Queue::new(redis, &self.settings).tick(stream)?;
                self.metronome_rings += u64::from(tick.rung);
                *paused = tick.paused;
            }
        }
        Ok(())
    }

    /// Orders that are not done. A commit moves an order from one stream to the next in one step,
    /// so the three lengths read at one moment are all of them.
    pub fn left(&self) -> u64 {
        self.lengths.iter().sum()
    }

    /// For how long nothing has moved, though there is work.
    pub fn still_for(&self) -> Duration {
        self.moved_at.elapsed()
    }

    /// The lengths for a progress bar.
    pub fn to_text(&self) -> String {
        let parts = STREAMS.iter().zip(self.lengths).zip(self.paused);
        let parts = parts.map(|((stream, length), is_paused)| {
            let paused = if is_paused { " (paused)" } else { "" };
            format!("{} {length}{paused}", stream.as_str())
        });
        parts.collect::<Vec<_>>().join(" ")
    }
}

/// Waits until ingress and both lanes are empty, or nothing has moved for `patience`.
///
/// # Errors
/// When Redis fails.
pub fn until_empty(
    redis: &mut RedisConnection,
    settings: &Settings,
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

/// Orders in ingress, simple and complex, read at one moment.
///
/// An entry of a lane holds a batch. The queue keeps the number of waiting orders in its totals,
/// and entries that somebody else adds are not in it.
pub fn lengths(redis: &mut RedisConnection, keys: &Keys) -> redis::RedisResult<[u64; 3]> {
    let mut transaction = redis::pipe();
    transaction.atomic();
    for stream in STREAMS {
        transaction.cmd("XLEN").arg(keys.stream(stream));
    }
    let waiting = STREAMS.map(|stream| format!("waiting_{}", stream.as_str()));
    transaction.cmd("HMGET").arg(keys.totals()).arg(&waiting);
    let (ingress, simple, complex, waiting): (u64, u64, u64, [Option<i64>; 3]) =
        transaction.query(redis.inner())?;
    let orders = |entries: u64, waiting: Option<i64>| match entries {
        0 => 0,
        _ => entries.max(waiting.and_then(|waiting| waiting.try_into().ok()).unwrap_or_default()),
    };
    Ok([ingress, orders(simple, waiting[1]), orders(complex, waiting[2])])
}

/// A progress bar.
pub fn progress_bar(total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} done  {msg}");
    ProgressBar::new(total).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
