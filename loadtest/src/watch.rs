//! Watches the three streams until they are empty, and ticks them when nothing moves.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use native::RedisConnection;
use orders::pipeline::STREAMS;
use queue::{Keys, Queue, Settings};
use redis::Commands;

/// A look costs four cheap commands. Times come from entry ids, so rare looks lose no precision.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long nothing may move before the streams are ticked.
const TICK_AFTER: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Watch {
    settings: Settings,
    keys: Keys,
    /// Orders in ingress, simple and complex at the last look.
    pub(crate) lengths: [u64; 3],
    /// Bells that were rung because nothing moved: 0 unless a ring was lost or an instance died.
    pub(crate) tick_rings: u64,
    /// Which of the three were paused at the last tick.
    paused: [bool; 3],
    moved_at: Instant,
    ticked_at: Instant,
}

impl Watch {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            settings: settings.clone(),
            keys: Keys::new(settings),
            lengths: [0; 3],
            tick_rings: 0,
            paused: [false; 3],
            moved_at: Instant::now(),
            ticked_at: Instant::now(),
        }
    }

    /// Looks once, and ticks if nothing has moved for a while.
    pub(crate) fn look(&mut self, redis: &mut RedisConnection) -> Result<()> {
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
                self.tick_rings += u64::from(tick.rung);
                *paused = tick.paused;
            }
        }
        Ok(())
    }

    /// Orders that are not done.
    pub(crate) fn left(&self) -> u64 {
        self.lengths.iter().sum()
    }

    /// For how long waiting orders have not moved.
    pub(crate) fn still_for(&self) -> Duration {
        self.moved_at.elapsed()
    }

    pub(crate) fn to_text(&self) -> String {
        let parts = STREAMS.iter().zip(self.lengths).zip(self.paused);
        let parts = parts.map(|((stream, length), is_paused)| {
            let paused = if is_paused { " (paused)" } else { "" };
            format!("{} {length}{paused}", stream.as_str())
        });
        parts.collect::<Vec<_>>().join(" ")
    }
}

/// Orders in ingress, simple and complex, read in this order: an order that moves on meanwhile may
/// count twice, but is not missed. Not in a pipeline, whose replies would time out one by one. In a
/// transaction, a full Redis refuses even reads.
///
/// An entry of a lane holds a batch. The totals of the queue have the number of waiting orders, but
/// not of entries that others added.
pub(crate) fn lengths(redis: &mut RedisConnection, keys: &Keys) -> redis::RedisResult<[u64; 3]> {
    let mut entries = [0; 3];
    for (stream, entries) in STREAMS.into_iter().zip(&mut entries) {
        *entries = redis.inner().xlen(keys.stream(stream))?;
    }
    let waiting = STREAMS.map(|stream| format!("waiting_{}", stream.as_str()));
    let waiting: [Option<i64>; 3] = redis.inner().hmget(keys.totals(), &waiting)?;
    let [ingress, simple, complex] = entries;
    let orders = |entries: u64, waiting: Option<i64>| match entries {
        0 => 0,
        _ => entries.max(waiting.and_then(|waiting| waiting.try_into().ok()).unwrap_or_default()),
    };
    Ok([ingress, orders(simple, waiting[1]), orders(complex, waiting[2])])
}
