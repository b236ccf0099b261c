//! Orders to a few of many idle copies: exactly those must confirm them, each its own, and nobody else may have been touched.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result};
use conventional::connection::RedisConnection;
use rand::SeedableRng;
use rand::seq::index::sample;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use shared::queue::{Queue, Stream};
use shared::settings::{DEFAULT_COMPLEXITY_THRESHOLD, QueueSettings};
use uuid::Uuid;

use super::app::queue;
use crate::cli::Recipe;
use crate::generate;
use crate::one_order::OneOrder;
use crate::stop;

/// How long a confirmation may take.
const CONFIRM_LIMIT: Duration = Duration::from_secs(30);

/// What became of the orders.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Confirmed {
    /// Copies that were sent an order.
    pub sent: usize,
    /// Orders that their own copy confirmed as it must.
    pub confirmed: usize,
    /// Copies that left a trace in Redis without having been sent anything.
    pub woken_by_mistake: usize,
    /// From just before an order was sent to its confirmation, in ms, in the order of sending.
    pub ms: Vec<f64>,
}

impl Confirmed {
    /// Whether everybody did their own work and nobody else's.
    pub fn is_clean(&self) -> bool {
        self.confirmed == self.sent && self.woken_by_mistake == 0
    }
}

/// Sends one order to each of up to `count` copies, one after the other, while all others are idle.
///
/// Where the copies' URLs are given, each must know its own order, and the next copy must not.
///
/// # Errors
/// When Redis or a copy does not answer, or an order is not confirmed in time.
pub fn send_to_some(
    redis: &mut RedisConnection,
    copies: u32,
    urls: &[String],
    count: usize,
    seed: u64,
) -> Result<Confirmed> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let all = copies as usize;
    let chosen: Vec<usize> = sample(&mut random, all, count.min(all)).into_vec();
    let recipe = Recipe { seed, prescriptions: 0.3, mutated: 0.0 };
    let mut result = Confirmed { sent: chosen.len(), ..Confirmed::default() };
    for (index, order) in chosen.iter().zip(generate::orders(recipe, 0)) {
        let copy = u32::try_from(index + 1).context("the number of a copy")?;
        let settings = QueueSettings { queue: queue(copy)?, ..QueueSettings::default() };
        let order = OneOrder::add(redis, &settings, order)?;
        Queue::new(redis, &settings)
            .tick(Stream::Ingress)
            .context("failed to ring the bell of ingress")?;
        let confirmed_at = order.wait(redis, CONFIRM_LIMIT, stop::check)?;
        result.ms.push((confirmed_at - order.added_at).as_secs_f64() * 1e3);
        let id = order.id;
        let is_confirmed = order.is_confirmed(redis, DEFAULT_COMPLEXITY_THRESHOLD)?;
        let known = knows(urls, *index, id, 200)?;
        let strange = urls.len() < 2 || knows(urls, (index + 1) % all, id, 404)?;
        result.confirmed += usize::from(is_confirmed && known && strange);
    }
    let queues = chosen.iter().map(|index| format!("density-{}", index + 1)).collect();
    result.woken_by_mistake = strangers(redis, &queues)?;
    Ok(result)
}

/// Whether the API of a copy answers with this status when it is asked for the order. Copies without an API have nothing to say.
fn knows(urls: &[String], index: usize, id: Uuid, status: u16) -> Result<bool> {
    let Some(url) = urls.get(index) else { return Ok(true) };
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(CONFIRM_LIMIT))
        .build()
        .into();
    let url = format!("{url}/orders/{id}");
    let answer = agent.get(&url).call().with_context(|| format!("failed to ask {url}"))?;
    Ok(answer.status().as_u16() == status)
}

/// Queues other than these that have any key in Redis.
fn strangers(redis: &mut RedisConnection, queues: &BTreeSet<String>) -> Result<usize> {
    let mut found = BTreeSet::new();
    let mut cursor = 0u64;
    loop {
        let (next, keys): (u64, Vec<String>) = redis::cmd("SCAN")
            .arg(cursor)
            .arg(&["COUNT", "1000"])
            .query(redis.inner())
            .context("failed to look at the keys")?;
        let tags = keys.into_iter().map(|key| match key.split_once('}') {
            Some((tag, _)) => tag.trim_start_matches('{').to_owned(),
            None => key,
        });
        found.extend(tags.filter(|tag| !queues.contains(tag)));
        cursor = next;
        if cursor == 0 {
            return Ok(found.len());
        }
    }
}
