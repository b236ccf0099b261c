//! How long it takes to recover from a fault, by the clock of Redis.
//!
//! Two times count from the end of the fault, when a killed process is started but does not serve
//! yet: until the next order is confirmed, and until every order enqueued before is done. The
//! second is longer: entries of a dead instance are pending until they are overdue.

use anyhow::Result;
use orders::pipeline::{COMPLEX, SIMPLE};
use queue::{Stream, milliseconds};
use redis::Commands;
use redis::streams::StreamRangeReply;

use super::control::Control;
use super::faults::Kind;
use crate::watch::lengths;

/// A fault whose backlog is not done yet.
#[derive(Debug)]
struct CatchUp {
    kind: Kind,
    ended_at_ms: i64,
}

/// Backlogs that are watched, and the times of those that are done.
#[derive(Debug, Default)]
pub(crate) struct CatchUps {
    open: Vec<CatchUp>,
    pub(crate) caught_up_ms: Vec<(Kind, i64)>,
}

/// The time by the clock of Redis, in Unix ms.
pub(crate) fn now_ms(control: &mut Control) -> Result<i64> {
    let (seconds, microseconds): (i64, i64) =
        control.query(|redis| redis::cmd("TIME").query(redis.inner()))?;
    Ok(seconds * 1_000 + microseconds / 1_000)
}

/// When the first order after `since_ms` was confirmed, if one was.
pub(crate) fn first_confirmed_ms(control: &mut Control, since_ms: i64) -> Result<Option<i64>> {
    let key = control.keys().results().to_owned();
    first_ms(control, &key, &format!("{since_ms}-0"))
}

/// Orders in the three streams that are drained.
pub(crate) fn backlog(control: &mut Control) -> Result<u64> {
    let keys = control.keys().clone();
    control.query(|redis| Ok(lengths(redis, &keys)?.iter().sum()))
}

impl CatchUps {
    pub(crate) fn add(&mut self, kind: Kind, ended_at_ms: i64) {
        self.open.push(CatchUp { kind, ended_at_ms });
    }

    pub(crate) fn look(&mut self, control: &mut Control) -> Result<()> {
        if self.open.is_empty() {
            return Ok(());
        }
        let now = now_ms(control)?;
        let key = control.keys().stream(Stream::Ingress).to_owned();
        // Ingress is read before the lanes: orders that have left it by then are in them.
        let mut oldest = first_ms(control, &key, "-")?;
        let is_before =
            |queued_at_ms: i64| self.open.iter().any(|it| it.ended_at_ms < queued_at_ms);
        for lane in [SIMPLE, COMPLEX] {
            // Whole lanes are read only when that can close a backlog.
            if oldest.is_none_or(is_before) {
                oldest = oldest.into_iter().chain(oldest_ms(control, lane)?).min();
            }
        }
        let mut open = std::mem::take(&mut self.open);
        open.retain(|fault| {
            let is_done = oldest.is_none_or(|oldest| oldest > fault.ended_at_ms);
            if is_done {
                self.caught_up_ms.push((fault.kind, now - fault.ended_at_ms));
            }
            !is_done
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

/// When the oldest order in a lane was enqueued, in Unix ms.
///
/// The fields of an entry are named after the ids that its orders had in ingress. Splitting an
/// overdue entry adds its orders again at the end, so all entries count.
fn oldest_ms(control: &mut Control, lane: Stream) -> Result<Option<i64>> {
    let key = control.keys().stream(lane).to_owned();
    let reply: StreamRangeReply = control.query(|redis| redis.inner().xrange_all(&key))?;
    let labels = reply.ids.iter().flat_map(|entry| entry.map.keys());
    Ok(labels.filter_map(|label| milliseconds(label.split(' ').next()?)).min())
}
