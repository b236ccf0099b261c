//! How long it takes to recover from a fault, by the clock of Redis.
//!
//! Two times, both counted from the moment when what was broken is put back, that is a process started, not yet serving: until the
//! next order is confirmed, and until every order that had been enqueued by then is done. The second is the longer one: what a
//! dead instance held is pending until it is overdue.

use anyhow::Result;
use redis::Commands;
use redis::streams::StreamRangeReply;
use shared::queue::{Keys, Stream, milliseconds};

use super::control::Control;
use super::faults::Kind;

/// A fault whose backlog is not done yet.
#[derive(Debug)]
pub struct CatchUp {
    kind: Kind,
    ended_at_ms: i64,
    /// From when on all that was enqueued before the end of the fault stands in the lanes.
    routed_at_ms: Option<i64>,
}

/// Backlogs that are watched, and the times of those that are done.
#[derive(Debug, Default)]
pub struct Watch {
    open: Vec<CatchUp>,
    /// Time to catch up in ms by kind.
    pub caught_up_ms: Vec<(Kind, i64)>,
}

/// The time by the clock of Redis, in Unix ms.
///
/// # Errors
/// When Redis fails.
pub fn now_ms(control: &mut Control) -> Result<i64> {
    let (seconds, microseconds): (i64, i64) =
        control.query(|redis| redis::cmd("TIME").query(redis.inner()))?;
    Ok(seconds * 1_000 + microseconds / 1_000)
}

/// When the first order after `since_ms` was confirmed, if one was.
///
/// # Errors
/// When Redis fails.
pub fn first_confirmed_ms(control: &mut Control, since_ms: i64) -> Result<Option<i64>> {
    let key = control.keys().confirmations().to_owned();
    first_ms(control, &key, &format!("{since_ms}-0"))
}

/// Entries in the three streams that are drained.
///
/// # Errors
/// When Redis fails.
pub fn backlog(control: &mut Control) -> Result<u64> {
    let keys = control.keys().clone();
    control.query(|redis| {
        let mut pipeline = redis::pipe();
        for stream in Stream::ALL {
            pipeline.cmd("XLEN").arg(keys.stream(stream));
        }
        Ok(pipeline.query::<Vec<u64>>(redis.inner())?.iter().sum())
    })
}

impl Watch {
    /// Watches the backlog of a fault that ended at this time.
    pub fn add(&mut self, kind: Kind, ended_at_ms: i64) {
        self.open.push(CatchUp { kind, ended_at_ms, routed_at_ms: None });
    }

    /// Looks at all backlogs that are not done.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn look(&mut self, control: &mut Control) -> Result<()> {
        if self.open.is_empty() {
            return Ok(());
        }
        let keys: Keys = control.keys().clone();
        let now = now_ms(control)?;
        // Ingress is read before the lanes: what has left it by then stands in them.
        let mut oldest = [None; 3];
        for (stream, oldest) in Stream::ALL.into_iter().zip(&mut oldest) {
            *oldest = first_ms(control, keys.stream(stream), "-")?;
        }
        let [ingress, simple, complex] = oldest;
        let is_after = |first: Option<i64>, time: i64| first.is_none_or(|first| first > time);
        let mut open = std::mem::take(&mut self.open);
        open.retain_mut(|fault| {
            if fault.routed_at_ms.is_none() && is_after(ingress, fault.ended_at_ms) {
                fault.routed_at_ms = Some(now);
            }
            let Some(routed_at) = fault.routed_at_ms else { return true };
            if !is_after(simple, routed_at) || !is_after(complex, routed_at) {
                return true;
            }
            self.caught_up_ms.push((fault.kind, now - fault.ended_at_ms));
            false
        });
        self.open = open;
        Ok(())
    }
}

fn first_ms(control: &mut Control, key: &str, from: &str) -> Result<Option<i64>> {
    let reply: StreamRangeReply =
        control.query(|redis| redis.inner().xrange_count(key, from, "+", 1))?;
    Ok(reply.ids.first().and_then(|entry| milliseconds(&entry.id)))
}
