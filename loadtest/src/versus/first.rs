//! From no process to the first confirmation: an order waits in Redis without a ring, and a process
//! is started.
//!
//! The always-on service looks when it starts. Wasm components need a ring: their ticks are called
//! as soon as the process serves, and then once a second, as a probe without an initial delay does.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use native::RedisConnection;
use orders::Times;
use orders::pipeline::{STREAMS, component, settings};
use private_redis::RedisServer;
use queue::{Keys, Stream, milliseconds};
use redis::Commands;
use redis::streams::StreamReadReply;
use serde::Serialize;

use super::VersusOptions;
use super::sides::{Side, Sides};
use crate::app::App;
use crate::expect;
use crate::generate;
use crate::options::Recipe;
use crate::stop;
use crate::ticks::Ticks;

/// How long one blocking read may last, so that a signal or a dead process is noticed.
const BLOCK_MS: &str = "50";

/// Times count from the start of the process.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct FirstConfirmation {
    pub(crate) start_to_ready_ms: f64,
    pub(crate) start_to_first_confirmation_ms: f64,
}

/// A side whose first order was confirmed. Fields drop in their order: the app before its server.
pub(super) struct Started {
    pub(super) app: App,
    pub(super) first: FirstConfirmation,
    pub(super) server: RedisServer,
}

impl Started {
    /// Adds an order to an empty queue, starts the app, and waits until it is ready and the order
    /// is confirmed as expected.
    pub(super) fn new(sides: &Sides, side: &Side) -> Result<Self> {
        let VersusOptions { complexity_threshold, start_limit: limit, .. } = *sides.options;
        let server = RedisServer::start()?;
        let redis_url = &server.url();
        let mut redis = RedisConnection::open(redis_url).context("failed to connect to redis")?;
        let keys = Keys::new(&settings());
        // The same order each time, and of no burst.
        let recipe = Recipe { seed: 42, prescriptions: 0.0, mutated: 0.0 };
        let order = generate::orders(recipe, 0).next().context("a generated order")?;
        let fields = [("order", order.as_slice())];
        let entry: String = redis
            .inner()
            .xadd(keys.stream(Stream::Ingress), "*", &fields)
            .context("failed to add an order to ingress")?;
        let started_at = Instant::now();
        let app = sides.start(side, redis_url)?;
        let workers = STREAMS.map(|stream| (component(stream), app.endpoint().clone()));
        let ticks = side.is_wasm().then(|| Ticks::start(workers));
        let found = wait(&mut redis, &keys, limit, || stop::check().and_then(|()| app.check()));
        drop(ticks);
        let (confirmed_at, confirmation) = found.context("the waiting order was not confirmed")?;
        let ready_at = app.wait_until_ready(limit)?;
        let times = milliseconds(&entry).zip(expect::decided_at_ms(&confirmation));
        let expected = times.and_then(|(queued_at_ms, decided_at_ms)| {
            expect::confirmation(
                &order,
                complexity_threshold,
                Times { queued_at_ms, decided_at_ms },
            )
        });
        let is_right = expected.is_some_and(|(_, expected)| expected == confirmation);
        ensure!(
            is_right,
            "the confirmation of the waiting order differs from the one computed natively"
        );
        let ms = |moment: Instant| (moment - started_at).as_secs_f64() * 1e3;
        let first = FirstConfirmation {
            start_to_ready_ms: ms(ready_at),
            start_to_first_confirmation_ms: ms(confirmed_at),
        };
        Ok(Self { app, first, server })
    }
}

/// Waits for the only confirmation. It blocks in Redis, because polling would take CPU time from
/// the app.
fn wait(
    redis: &mut RedisConnection,
    keys: &Keys,
    limit: Duration,
    check: impl Fn() -> Result<()>,
) -> Result<(Instant, Vec<u8>)> {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        check()?;
        let reply: StreamReadReply = redis::cmd("XREAD")
            .arg(&["BLOCK", BLOCK_MS, "STREAMS", keys.results(), "0"])
            .query(redis.inner())
            .context("failed to wait for a confirmation")?;
        let entries = reply.keys.iter().flat_map(|stream| &stream.ids).collect::<Vec<_>>();
        if let Some(first) = entries.first() {
            ensure!(entries.len() == 1, "the waiting order was confirmed twice");
            let bytes = first.get("confirmation").context("the confirmation has no field of it")?;
            return Ok((Instant::now(), bytes));
        }
    }
    bail!("{} got no entry within {} s", keys.results(), limit.as_secs())
}
