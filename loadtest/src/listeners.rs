//! Whether a distributor is subscribed to the bell that a run rings. Without one, orders only wait.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use native::RedisConnection;
use queue::{Keys, Stream};

/// How long an app that was started together with the run may need.
pub(crate) const GRACE: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// An error if no distributor listens. The receivers may be scaled from zero by the first orders.
pub(crate) fn check(redis: &mut RedisConnection, keys: &Keys, grace: Duration) -> Result<()> {
    let channel = keys.channel(Stream::Ingress);
    let deadline = Instant::now() + grace;
    loop {
        let counts: redis::RedisResult<Vec<(String, u64)>> =
            redis::cmd("PUBSUB").arg("NUMSUB").arg(channel).query(redis.inner());
        match counts {
            Err(error) if error.is_io_error() => return Err(error).context("failed to ask Redis"),
            Ok(counts) if counts.first().is_some_and(|(_, listeners)| *listeners == 0) => {}
            // A managed Redis may refuse the command.
            Ok(_) | Err(_) => return Ok(()),
        }
        if Instant::now() >= deadline {
            bail!(
                "no distributor is subscribed to {channel}: start the app, or use --from-zero if it is \
                 scaled from zero"
            );
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

#[cfg(test)]
mod tests;
