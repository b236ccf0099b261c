//! What is broken, in which order, and how.
//!
//! The kinds are drawn from a list of twenty, which the seed shuffles again each time it is used
//! up: twenty faults have every kind. A fault that cannot be injected is an error.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use native::PatientRedis;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use orders::pipeline::{STREAMS, component};
use private_redis::{Options, RedisServer};
use queue::{Keys, Settings};
use rand::Rng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::supervisor::Supervisor;
use crate::stop;

/// How long a killed process stays dead, in ms.
const MAX_DEAD_MS: u64 = 1_500;
/// How long Redis is stopped by SIGSTOP, in ms.
const PAUSE_MS: std::ops::RangeInclusive<u64> = 200..=3_000;
/// How long to wait for connections that can be cut.
const CUT_LIMIT: Duration = Duration::from_secs(20);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// `kill -9` of one process of the app, restarted later.
    #[strum(serialize = "kill app")]
    KillApp,
    /// `kill -9` of all processes of one worker at once, restarted later.
    #[strum(serialize = "kill worker")]
    KillWorker,
    /// `kill -9` of Redis, restarted later on its port and folder.
    #[strum(serialize = "kill redis")]
    KillRedis,
    /// All connections to Redis are cut.
    #[strum(serialize = "cut")]
    Cut,
    /// Redis is stopped by `SIGSTOP` for a while.
    #[strum(serialize = "pause redis")]
    Pause,
    /// Redis forgets all scripts.
    #[strum(serialize = "script flush")]
    ScriptFlush,
    /// All subscribers of the bells are cut off, and all bells are marked as rung.
    #[strum(serialize = "lose bells")]
    LoseBells,
}

impl Kind {
    /// All kinds and the number of their cards.
    pub(crate) const DECK: [(Self, usize); 7] = [
        (Self::KillApp, 6),
        (Self::KillWorker, 2),
        (Self::KillRedis, 4),
        (Self::Cut, 3),
        (Self::Pause, 2),
        (Self::ScriptFlush, 1),
        (Self::LoseBells, 2),
    ];
}

pub(crate) fn deal(random: &mut ChaCha8Rng, count: usize) -> Vec<Kind> {
    let mut kinds = Vec::with_capacity(count);
    while kinds.len() < count {
        let cards = Kind::DECK.iter().flat_map(|(kind, cards)| std::iter::repeat_n(*kind, *cards));
        let mut deck: Vec<Kind> = cards.collect();
        deck.shuffle(random);
        kinds.extend(deck);
    }
    kinds.truncate(count);
    kinds
}

/// The append-only file is rewritten early and often, so that kills hit rewrites too.
pub(crate) fn redis_options() -> Options {
    let arguments = ["--auto-aof-rewrite-min-size", "16mb"].map(String::from).to_vec();
    Options { fsync_always: true, arguments, ..Options::default() }
}

/// What can be broken.
pub(crate) struct Targets {
    pub(crate) server: RedisServer,
    pub(crate) supervisor: Supervisor,
    /// The connection that injects faults; it is not cut.
    pub(crate) control: PatientRedis,
    pub(crate) settings: Settings,
    pub(crate) keys: Keys,
}

impl Targets {
    /// Injects a fault and ends it. Returns in words what was done.
    pub(crate) fn inject(&mut self, kind: Kind, random: &mut ChaCha8Rng) -> Result<String> {
        let dead_for = Duration::from_millis(random.random_range(0..=MAX_DEAD_MS));
        match kind {
            Kind::KillApp => {
                let all: Vec<usize> = (0..self.supervisor.len()).collect();
                let index = all.choose(random).copied().context("there is no process to kill")?;
                self.kill_processes(&[index], dead_for)
            }
            Kind::KillWorker => {
                let stream =
                    STREAMS.choose(random).copied().context("there is no worker to kill")?;
                let replicas = self.supervisor.replicas_of(component(stream));
                self.kill_processes(&replicas, dead_for)
            }
            Kind::KillRedis => {
                self.server.kill()?;
                let slept = stop::sleep(dead_for);
                // After a signal too: the report is read from it.
                self.server.restart()?;
                slept?;
                Ok(format!("killed redis, dead for {dead_for:?}"))
            }
            Kind::Cut => {
                let cut = self.cut(&["pubsub", "normal"])?;
                Ok(format!("cut {cut} connections"))
            }
            Kind::Pause => {
                let pause = Duration::from_millis(random.random_range(PAUSE_MS));
                self.pause_redis(pause)?;
                Ok(format!("paused redis for {pause:?}"))
            }
            Kind::ScriptFlush => {
                self.control
                    .ask(|redis| Ok(redis::cmd("SCRIPT").arg("FLUSH").exec(redis.inner())?))?;
                Ok("flushed the scripts".into())
            }
            Kind::LoseBells => {
                let cut = self.cut(&["pubsub"])?;
                self.mark_bells_as_rung()?;
                Ok(format!("cut {cut} subscribers and marked all bells as rung"))
            }
        }
    }

    fn kill_processes(&mut self, indices: &[usize], dead_for: Duration) -> Result<String> {
        let names: Vec<String> = indices.iter().map(|index| self.supervisor.name(*index)).collect();
        for index in indices {
            self.supervisor.kill(*index)?;
        }
        stop::sleep(dead_for)?;
        for index in indices {
            self.supervisor.start_process(*index)?;
        }
        Ok(format!("killed {}, dead for {dead_for:?}", names.join(" and ")))
    }

    fn pause_redis(&self, pause: Duration) -> Result<()> {
        let pid = Pid::from_raw(self.server.pid().cast_signed());
        kill(pid, Signal::SIGSTOP).context("failed to stop redis")?;
        let slept = stop::sleep(pause);
        kill(pid, Signal::SIGCONT).context("failed to continue redis")?;
        slept
    }

    /// Cuts all connections of these types but the own one. Waits until there are some: after the
    /// last fault all may still be reconnecting.
    fn cut(&mut self, types: &[&str]) -> Result<u64> {
        let deadline = Instant::now() + CUT_LIMIT;
        loop {
            let mut cut = 0;
            for kind in types {
                cut += self.control.ask(|redis| {
                    let kill = ["KILL", "TYPE", kind];
                    Ok(redis::cmd("CLIENT").arg(&kill).query::<u64>(redis.inner())?)
                })?;
            }
            if cut > 0 {
                return Ok(cut);
            }
            if Instant::now() > deadline {
                bail!("there is no connection to cut");
            }
            stop::sleep(Duration::from_millis(2))?;
        }
    }

    /// As if no worker had heard the bells: for `bell_ms` no further ring is sent.
    fn mark_bells_as_rung(&mut self) -> Result<()> {
        let mut pipeline = redis::pipe();
        for stream in STREAMS {
            let bell_ms = self.settings.bell_ms;
            pipeline.cmd("SET").arg(self.keys.bell(stream)).arg("1").arg("PX").arg(bell_ms);
        }
        self.control.ask(|redis| Ok(pipeline.exec(redis.inner())?))
    }
}

#[cfg(test)]
mod tests;
