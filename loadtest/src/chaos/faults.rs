//! What is broken, in which order, and how.
//!
//! The kinds are dealt from a deck of twenty cards, shuffled by the seed each time it is used up:
//! twenty kills have every kind. A fault that cannot be struck is an error; none is left out.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use orders::pipeline::STREAMS;
use private_redis::{AppendFsync, Options, RedisServer};
use rand::Rng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::control::Control;
use super::supervisor::{Supervisor, WORKERS};
use crate::stop;

/// The longest what was killed stays dead, in ms.
const MOST_DEAD_MS: u64 = 1_500;
/// How long Redis is paused, in ms.
const PAUSE_MS: std::ops::RangeInclusive<u64> = 200..=3_000;
/// The longest to wait for connections that can be cut.
const CUT_LIMIT: Duration = Duration::from_secs(20);

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `kill -9` of one process of the app, restarted later.
    KillApp,
    /// `kill -9` of all processes of one worker at once, restarted later.
    KillWorker,
    /// `kill -9` of Redis, restarted later on its port and folder.
    KillRedis,
    /// Every connection to Redis is cut.
    Cut,
    /// Redis is stopped by `SIGSTOP` for a while.
    Pause,
    /// Redis forgets all scripts.
    ScriptFlush,
    /// Those who listen for the bells are cut off, and all bells marked as rung.
    LoseBells,
}

impl Kind {
    /// All kinds with how many cards of the deck they have.
    pub const DECK: [(Self, usize); 7] = [
        (Self::KillApp, 6),
        (Self::KillWorker, 2),
        (Self::KillRedis, 4),
        (Self::Cut, 3),
        (Self::Pause, 2),
        (Self::ScriptFlush, 1),
        (Self::LoseBells, 2),
    ];

    /// As it stands in a report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KillApp => "kill app",
            Self::KillWorker => "kill worker",
            Self::KillRedis => "kill redis",
            Self::Cut => "cut",
            Self::Pause => "pause redis",
            Self::ScriptFlush => "script flush",
            Self::LoseBells => "lose bells",
        }
    }
}

/// The kinds of `count` faults, the same for the same random numbers.
pub fn deal(random: &mut ChaCha8Rng, count: usize) -> Vec<Kind> {
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

/// How the private Redis is started. Its file is rewritten early and often, so that kills hit
/// rewrites as well.
pub fn redis_options() -> Options {
    let arguments = ["--auto-aof-rewrite-min-size", "16mb"].map(String::from).to_vec();
    Options { append_fsync: AppendFsync::Always, arguments, ..Options::default() }
}

/// What can be broken.
pub struct Victims {
    /// The private Redis.
    pub server: RedisServer,
    /// The app.
    pub supervisor: Supervisor,
    /// The connection that breaks things, and is spared.
    pub control: Control,
    /// How long a ring counts, in ms.
    pub bell_ms: u32,
}

impl Victims {
    /// Strikes, and puts back what was broken. Says in words what was done.
    ///
    /// # Errors
    /// When the fault is not possible, or what was broken cannot be put back.
    pub fn strike(&mut self, kind: Kind, random: &mut ChaCha8Rng) -> Result<String> {
        let dead_for = Duration::from_millis(random.random_range(0..=MOST_DEAD_MS));
        match kind {
            Kind::KillApp => {
                let all: Vec<usize> = (0..self.supervisor.len()).collect();
                let victim = all.choose(random).copied().context("there is no process to kill")?;
                self.kill_processes(&[victim], dead_for)
            }
            Kind::KillWorker => {
                let worker =
                    WORKERS.choose(random).copied().context("there is no worker to kill")?;
                let victims = self.supervisor.replicas_of(worker);
                self.kill_processes(&victims, dead_for)
            }
            Kind::KillRedis => {
                self.server.kill()?;
                stop::sleep(dead_for)?;
                fix_append_only_file(self.server.folder())?;
                self.server.restart(&redis_options())?;
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
                    .query(|redis| redis::cmd("SCRIPT").arg("FLUSH").exec(redis.inner()))?;
                Ok("flushed the scripts".into())
            }
            Kind::LoseBells => {
                let cut = self.cut(&["pubsub"])?;
                self.mark_bells_as_rung()?;
                Ok(format!("cut {cut} listeners and marked all bells as rung"))
            }
        }
    }

    fn kill_processes(&mut self, victims: &[usize], dead_for: Duration) -> Result<String> {
        let names: Vec<String> = victims.iter().map(|index| self.supervisor.name(*index)).collect();
        for index in victims {
            self.supervisor.kill(*index)?;
        }
        stop::sleep(dead_for)?;
        for index in victims {
            self.supervisor.start_process(*index)?;
        }
        Ok(format!("killed {}, dead for {dead_for:?}", names.join(" and ")))
    }

    fn pause_redis(&self, pause: Duration) -> Result<()> {
        let pid = i32::try_from(self.server.pid()).context("a process id is a positive number")?;
        let pid = Pid::from_raw(pid);
        kill(pid, Signal::SIGSTOP).context("failed to stop redis")?;
        let slept = stop::sleep(pause);
        kill(pid, Signal::SIGCONT).context("failed to let redis go on")?;
        slept
    }

    /// Cuts the connections of these types but our own. Waits for some to cut: after the last fault
    /// all may still be coming back.
    fn cut(&mut self, types: &[&str]) -> Result<u64> {
        let deadline = Instant::now() + CUT_LIMIT;
        loop {
            let mut cut = 0;
            for kind in types {
                cut += self.control.query(|redis| {
                    redis::cmd("CLIENT").arg(&["KILL", "TYPE", kind]).query::<u64>(redis.inner())
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

    /// As if somebody had rung and nobody had heard: no ring is let through for as long as a ring
    /// counts.
    fn mark_bells_as_rung(&mut self) -> Result<()> {
        let (keys, bell_ms) = (self.control.keys().clone(), self.bell_ms);
        self.control.query(|redis| {
            let mut pipeline = redis::pipe();
            for stream in STREAMS {
                pipeline.cmd("SET").arg(keys.bell(stream)).arg("1").arg("PX").arg(bell_ms);
            }
            pipeline.exec(redis.inner())
        })
    }
}

/// Cuts the half of a transaction that a kill in the middle of a write leaves at the end of the file.
///
/// Redis 7 ignores it when it starts, but keeps its beginning in the file, and executes that at the
/// start after the next one (valkey-io/valkey#4342). `redis-check-aof` is the same program.
fn fix_append_only_file(folder: &Path) -> Result<()> {
    let mut check = Command::new("redis-server")
        .arg0("redis-check-aof")
        .args(["--fix", "appendonlydir/appendonly.aof.manifest"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("failed to start redis-check-aof")?;
    if let Some(mut answer) = check.stdin.take() {
        // It asks only if there is something to cut.
        let _ = answer.write_all(b"y\n");
    }
    let output = check.wait_with_output().context("failed to wait for redis-check-aof")?;
    if !output.status.success() {
        bail!("redis-check-aof failed: {}", String::from_utf8_lossy(&output.stdout));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn twenty_kills_have_every_kind_and_a_seed_gives_the_same_deal() {
        let deal = |seed, count| deal(&mut ChaCha8Rng::seed_from_u64(seed), count);
        for seed in 0..10 {
            let kinds = deal(seed, 20);
            for (kind, cards) in Kind::DECK {
                assert_eq!(kinds.iter().filter(|dealt| **dealt == kind).count(), cards, "{kind:?}");
            }
        }
        assert_eq!(deal(7, 45), deal(7, 45));
        assert_ne!(deal(7, 45), deal(8, 45));
    }
}
