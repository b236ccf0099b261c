//! One run: prepare, release, watch, verify, report.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use native::RedisConnection;
use queue::{Keys, Queue, Settings};

use crate::cli::{Load, Target};
use crate::monitor::{Monitor, Used};
use crate::output::Output;
use crate::patient::{Ask, PatientRedis, address};
use crate::plan::Plan;
use crate::report::{Door, Report, Shape, page};
use crate::send::by_http::HttpDoor;
use crate::send::by_redis::{RedisDoor, ScheduledDoor};
use crate::send::{self, Senders};
use crate::stop;
use crate::summary::{self, Surroundings};
use crate::verify::results::Before;
use crate::verify::{Rules, Verifier};
use crate::wait::{LOOK_EVERY, Watch, progress_bar};

/// How often results are checked while orders are being sent, and how many pages of a thousand at
/// once.
const VERIFY_EVERY: Duration = Duration::from_secs(1);
const VERIFY_PAGES: usize = 20;
/// A burst that is not done after so long may share the queue with others; then results have to say
/// when it is.
const VERIFY_BURST_AFTER: Duration = Duration::from_secs(30);
/// How often Redis and the app are looked at while orders are being sent, as a part of the time
/// that has passed.
const LOOK_PART: u32 = 600;

/// Runs a load and prints its report; `false` when an order is lost, doubled, wrong or not taken
/// in.
///
/// # Errors
/// When the run cannot be carried to its end: a file or Redis cannot be used.
pub fn run(load: &Load) -> Result<bool> {
    let target = load.target();
    let json = Output::create(target.json.as_deref(), "--json")?;
    let html = Output::create(target.html.as_deref(), "--html")?;
    // The first ends the sending, the second the waiting, the third does not even wait for the
    // report.
    stop::listen_and_end_at(3)?;
    let report = carry_out(load)?;
    if let Some(json) = json {
        json.write_json(&report)?;
    }
    if let Some(html) = html {
        html.write(page::page(&report)?.as_bytes())?;
    }
    print!("{}", report.to_text());
    Ok(report.is_success())
}

/// Runs a load.
///
/// # Errors
/// When it cannot be carried to its end.
pub fn carry_out(load: &Load) -> Result<Report> {
    let target = load.target();
    let settings = Settings { queue: target.queue.clone(), ..orders::pipeline::settings() };
    let keys = Keys::new(&settings);
    let plan = Plan::new(load)?;
    let mut redis = RedisConnection::open(&target.redis_url).with_context(|| {
        format!("--redis-url: failed to connect to {}", address(&target.redis_url))
    })?;
    let before = Before::look(&mut redis, &keys, plan.source.identities(plan.may_be_known))?;
    if before.known() > 0 {
        eprintln!(
            "{} of these orders were confirmed before; sent again they are duplicates",
            before.known()
        );
    }
    let mut watch = Watch::new(&settings);
    watch.look(&mut redis)?;
    let surroundings = Surroundings::look(&mut redis, &settings, watch.left())?;
    let doors = doors(&plan, target, &settings)?;
    let verifies_meanwhile = plan.verifies_meanwhile();
    let Plan { shape, source, due_us, orders, generated, file, via, .. } = plan;
    let senders = Senders::prepare(source.clone(), due_us, doors, via.batch)?;

    let mut monitor =
        Monitor::new(&mut redis, target.app_pid, target.instance_starts_url.as_deref())?;
    let (seconds, microseconds): (u64, u64) =
        redis::cmd("TIME").query(redis.inner()).context("failed to ask redis for the time")?;
    senders.release();
    monitor.release();
    let rules = Rules {
        complexity_threshold: target.complexity_threshold,
        senders: via.connections as u64,
        tells_entry_ids: via.door == Door::Redis,
        released_at_us: seconds * 1_000_000 + microseconds,
    };
    let patience = Duration::from_secs(target.patience_s);
    let mut running = Running {
        redis: PatientRedis::open(&target.redis_url, patience).context("--redis-url")?,
        watch,
        monitor,
        verifier: Verifier::new(source, keys, rules, before),
        patience,
    };
    running.until_done(senders, orders, verifies_meanwhile)?;
    let interrupted = stop::asked() > 0;
    let Running { mut redis, watch, monitor, verifier, .. } = running;
    match watch.left() {
        0 => {}
        left if interrupted => {
            eprintln!("{left} orders were in the streams when the waiting was ended");
        }
        left => {
            let seconds = watch.still_for().as_secs();
            eprintln!("gave up: {left} orders did not move for {seconds} s");
            let stats = redis.ask(|redis| Ok(Queue::new(redis, &settings).stats()?))?;
            for (name, stream) in stats.streams {
                if let Some(pause) = stream.paused {
                    eprintln!("{name} is paused: {}", pause.reason.escape_debug());
                }
            }
        }
    }
    let used: Used = monitor.finish(&mut redis)?;
    let verdict = verifier.close(&mut redis)?;
    let shares = surroundings.shares_since(&mut redis, &settings)?;
    let about = summary::About { shape, via, generated, file, interrupted, target };
    Ok(summary::report(about, rules.released_at_us, verdict, used, &watch, surroundings, shares))
}

fn doors(plan: &Plan, target: &Target, settings: &Settings) -> Result<Vec<Box<dyn send::Door>>> {
    let is_scheduled = matches!(plan.shape, Shape::Burst { scheduled: true });
    let open = |_| -> Result<Box<dyn send::Door>> {
        Ok(match plan.via.door {
            Door::Http => Box::new(HttpDoor::new(&target.http_url, target.api_token.as_deref())),
            Door::Redis if is_scheduled => {
                Box::new(ScheduledDoor::open(&target.redis_url, settings.clone())?)
            }
            Door::Redis => Box::new(RedisDoor::open(&target.redis_url, settings.clone())?),
        })
    };
    (0..plan.via.connections)
        .map(open)
        .collect::<Result<_>>()
        .context("--connections: failed to open one")
}

/// A run between its release and its report.
struct Running {
    redis: PatientRedis,
    watch: Watch,
    monitor: Monitor,
    verifier: Verifier,
    patience: Duration,
}

impl Running {
    /// Watches until all orders are sent and done, or patience runs out, or a second stop is asked
    /// for.
    fn until_done(
        &mut self,
        senders: Senders,
        orders: u64,
        verifies_meanwhile: bool,
    ) -> Result<()> {
        let bar = progress_bar(orders);
        let (started, mut sent) = (Instant::now(), 0);
        let mut senders = Some(senders);
        let mut stops_seen = 0;
        let mut verify_every = if verifies_meanwhile { VERIFY_EVERY } else { VERIFY_BURST_AFTER };
        let mut verified_at = Instant::now();
        loop {
            // Before the look at the streams: what is empty after the end of sending stays empty.
            let had_finished = senders.is_none();
            if let Some(running) = &senders {
                if stop::asked() > 0 {
                    running.stop();
                    stops_seen = 1;
                }
                let answers: Vec<_> = if running.have_finished() {
                    senders.take().map(Senders::finish).transpose()?.unwrap_or_default()
                } else {
                    running.answers().collect()
                };
                sent += answers.len() as u64;
                answers.into_iter().try_for_each(|answered| self.verifier.sent(answered))?;
            }
            self.redis.ask(|redis| self.watch.look(redis))?;
            self.redis.ask(|redis| self.monitor.look(redis, self.watch.lengths))?;
            bar.set_position(sent.saturating_sub(self.watch.left()));
            bar.set_message(self.watch.to_text());
            let is_hopeless = self.watch.still_for() > self.patience || stop::asked() > stops_seen;
            if had_finished && (self.watch.left() == 0 || is_hopeless) {
                break;
            }
            if verified_at.elapsed() > verify_every {
                self.verifier.look(&mut self.redis, VERIFY_PAGES)?;
                // What is left in the streams is somebody else's then.
                if had_finished && self.verifier.is_settled() {
                    break;
                }
                if !verifies_meanwhile {
                    verify_every *= 2;
                }
                verified_at = Instant::now();
            }
            let pause = if had_finished {
                LOOK_EVERY
            } else {
                (started.elapsed() / LOOK_PART).clamp(LOOK_EVERY, VERIFY_EVERY)
            };
            std::thread::sleep(pause);
        }
        bar.finish_and_clear();
        Ok(())
    }
}
