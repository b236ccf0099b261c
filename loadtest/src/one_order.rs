//! One order on its own: added as a foreign producer does, waited for, and verified.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use native::RedisConnection;
use queue::{Keys, Settings, Stream};
use redis::Commands;
use uuid::Uuid;

use crate::expect::fate;
use crate::ledger::EntryId;
use crate::send::{Answer, Answered};
use crate::source::Source;
use crate::verify::results::Before;
use crate::verify::{Rules, Verifier};

/// How long one blocking read may last, so that a signal or a dead process is noticed.
const BLOCK_MS: u64 = 50;

/// An order on its way.
#[derive(Debug)]
pub struct OneOrder {
    /// Its identity.
    pub id: Uuid,
    /// Just before it was added.
    pub added_at: Instant,
    order: Vec<u8>,
    keys: Keys,
    before: Before,
    entry_id: EntryId,
}

impl OneOrder {
    /// Adds an order to ingress, and rings nobody.
    ///
    /// # Errors
    /// When Redis fails, or the order is refused everywhere.
    pub fn add(redis: &mut RedisConnection, settings: &Settings, order: Vec<u8>) -> Result<Self> {
        let keys = Keys::new(settings);
        let id =
            fate(&order).map_err(|code| anyhow!("a generated order is refused with {code}"))?;
        let before = Before::look(redis, &keys, std::iter::empty())?;
        let ingress = keys.stream(Stream::Ingress).to_owned();
        let fields = [("order", order.as_slice())];
        let added_at = Instant::now();
        let entry: String = redis
            .inner()
            .xadd(ingress, "*", &fields)
            .context("failed to add an order to ingress")?;
        let entry_id =
            EntryId::parse(&entry).with_context(|| format!("redis gave the entry id {entry}"))?;
        Ok(Self { id, added_at, order, keys, before, entry_id })
    }

    /// Waits for a confirmation in a queue that had none; the moment it was seen. It blocks in
    /// Redis: asking again and again would take CPU time from those who are to confirm. `check` is
    /// called every now and then, and its error ends the waiting.
    ///
    /// # Errors
    /// That one; when Redis fails, or nothing comes within `limit`.
    pub fn wait(
        &self,
        redis: &mut RedisConnection,
        limit: Duration,
        mut check: impl FnMut() -> Result<()>,
    ) -> Result<Instant> {
        let deadline = Instant::now() + limit;
        let confirmations = self.keys.results();
        while Instant::now() < deadline {
            check()?;
            let reply: redis::Value = redis::cmd("XREAD")
                .arg(&["BLOCK", &BLOCK_MS.to_string(), "STREAMS", confirmations, "0"])
                .query(redis.inner())
                .context("failed to wait for a confirmation")?;
            if reply != redis::Value::Nil {
                return Ok(Instant::now());
            }
        }
        bail!("nothing came to {confirmations} within {} s", limit.as_secs())
    }

    /// Whether it was confirmed once, in the right lane, with the right bytes.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn is_confirmed(
        self,
        redis: &mut RedisConnection,
        complexity_threshold: u32,
    ) -> Result<bool> {
        let rules =
            Rules { complexity_threshold, senders: 1, tells_entry_ids: true, released_at_us: 0 };
        let source = Arc::new(Source::list(vec![self.order]));
        let mut verifier = Verifier::new(source, self.keys, rules, self.before);
        let answer = Answer::Queued(Some(self.entry_id));
        verifier.sent(Answered { position: 0, due_us: 0, acknowledged_us: 0, answer })?;
        let verdict = verifier.close(redis)?;
        Ok(verdict.is_clean() && verdict.confirmed == 1)
    }
}
