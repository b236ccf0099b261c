//! `burst`, `steady`, `curve` and `replay`. One run: prepare, release, watch, verify, report.

use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result};
use chrono::DateTime;
use native::{PatientRedis, RedisConnection};
use queue::{Keys, Queue, Settings};
use redis::IntoConnectionInfo;
use supervise::note;

use crate::app::Endpoint;
use crate::clock::Clocks;
use crate::listeners;
use crate::monitor::Monitor;
use crate::options::{Load, Target};
use crate::outcome::{Outcome, say};
use crate::output::{Output, publish};
use crate::plan::Plan;
use crate::progress::Progress;
use crate::report::{Door, Report, Shape, Via, page};
use crate::send::by_http::HttpTransport;
use crate::send::by_redis::RedisTransport;
use crate::send::{Senders, Transport};
use crate::stop;
use crate::summary;
use crate::verify::Verifier;
use crate::verify::results::Results;
use crate::watch::{LOOK_EVERY, Watch};

/// How long the answer to an order may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// How long Redis may take before the run.
const OPEN_LIMIT: Duration = Duration::from_secs(5);
/// How often results are checked while orders are being sent, and how many pages of a thousand.
const VERIFY_EVERY: Duration = Duration::from_secs(1);
const VERIFY_PAGES: usize = 20;
/// A burst that takes longer may share the queue with other producers. The streams are then never
/// empty, and only the results show when the burst is done.
const VERIFY_BURST_AFTER: Duration = Duration::from_secs(30);
/// Redis and the app are sampled each time the run has become longer by this part (1/600).
const LOOK_PART: u32 = 600;

pub(crate) fn run(load: &Load) -> Result<Outcome> {
    let target = load.target();
    let (json, html, input) = (target.json.as_deref(), target.html.as_deref(), load.input());
    let json = Output::create(json, "--json", &[("--html", html), input])?;
    let html = Output::create(html, "--html", &[input])?;
    // The first signal ends the sending, the second the waiting, the third the process.
    stop::listen(Some(3))?;
    let (report, failure) = execute(load)?;
    publish(&report.to_text(), || {
        json.map_or(Ok(()), |json| json.write_json(&report))?;
        html.map_or(Ok(()), |html| html.write(page::page(&report).as_bytes()))
    })?;
    match failure {
        Some(failure) if report.is_clean() => return Err(failure),
        Some(failure) => say(&failure),
        None => {}
    }
    Ok(match report.interrupted {
        true if report.is_clean() => Outcome::Interrupted,
        _ if report.is_success() => Outcome::Good,
        _ => Outcome::Bad,
    })
}

/// Runs a load.
pub fn carry_out(load: &Load) -> Result<Report> {
    let (report, failure) = execute(load)?;
    failure.map_or(Ok(report), Err)
}

/// Returns the report, and why not all orders were sent or verified.
fn execute(load: &Load) -> Result<(Report, Option<Error>)> {
    let target = load.target();
    // The app may keep data for longer than its default. The ticks of a load free nothing.
    let (queue, retention_s) = (target.queue.clone(), u32::MAX);
    let settings = Settings { queue, retention_s, ..orders::pipeline::settings() };
    let keys = Keys::new(&settings);
    let Plan { report, source, due_us, orders, may_be_known } = Plan::new(load)?;
    let server = target.redis_url.as_str().into_connection_info().context("--redis-url")?;
    // Without the password.
    let what = || format!("--redis-url: failed to connect to {}", server.addr());
    let mut redis = RedisConnection::open_within(server.clone(), OPEN_LIMIT).with_context(what)?;
    if !target.from_zero {
        listeners::check(&mut redis, &keys, listeners::GRACE)?;
    }
    let results = Results::before(&mut redis, &keys, source.identities(may_be_known))?;
    let mut watch = Watch::new(&settings);
    watch.look(&mut redis)?;
    let before = Queue::new(&mut redis, &settings).stats()?;
    let mut report = summary::surroundings(&mut redis, report)?;
    report.backlog_before = watch.left();
    // A burst is verified afterwards, because verification uses CPU that the system under test
    // needs.
    let verifies_meanwhile = !matches!(report.shape, Shape::Burst {});
    let transports = transports(&report.via, target, &settings)?;
    let senders = Senders::prepare(source.clone(), due_us, transports, report.via.batch)?;

    let mut monitor =
        Monitor::new(&mut redis, target.app_pid, target.instance_starts_url.as_deref())?;
    let clocks = Clocks::release(&mut redis)?;
    if stop::asked() > 0 {
        senders.stop();
    }
    senders.release();
    monitor.release();
    let released_at = DateTime::from_timestamp_micros(clocks.released_at_us as i64);
    report.started_at = released_at.unwrap_or_default();
    let mut running = Running {
        redis: PatientRedis::open(&target.redis_url, target.patience, || stop::asked() > 1)
            .context("--redis-url")?,
        watch,
        monitor,
        clocks,
        verifier: Verifier::new(source, results, report),
        senders,
        patience: target.patience,
    };
    let mut ended = running.until_done(orders, verifies_meanwhile);
    running.senders.stop();
    let sent = running.senders.finish();
    let mut answers = running.senders.answers();
    ended = ended.and(answers.try_for_each(|answered| running.verifier.sent(answered)));
    drop(answers);
    ended = ended.and_then(|()| running.redis.ask(|redis| running.clocks.sample(redis)));
    let interrupted = stop::asked() > 0;
    let Running { mut redis, watch, monitor, clocks, mut verifier, .. } = running;
    if ended.is_ok() && watch.left() > 0 && !interrupted {
        ended = explain_the_rest(&mut redis, &watch, &settings);
    }
    monitor.finish(&mut redis, &mut verifier.report);
    let (found, verified) = verifier.close(&mut redis);
    let stats = redis.ask(|redis| Ok(Queue::new(redis, &settings).stats()?));
    let shares = stats.as_ref().map(|stats| summary::shares(&before, stats)).unwrap_or_default();
    let failure = sent.and(ended).and(verified).and(stats.map(drop)).err();
    let report =
        Report { interrupted, shares, tick_rings: watch.tick_rings, clock: clocks.drift, ..found };
    Ok((report, failure))
}

/// Prints that patience ran out, and which streams are paused.
fn explain_the_rest(redis: &mut PatientRedis, watch: &Watch, settings: &Settings) -> Result<()> {
    let (left, seconds) = (watch.left(), watch.still_for().as_secs());
    note(format_args!("gave up: {left} orders did not move for {seconds} s"));
    let stats = redis.ask(|redis| Ok(Queue::new(redis, settings).stats()?))?;
    for (name, stream) in stats.streams {
        if let Some(pause) = stream.paused {
            note(format_args!("{name} is paused: {}", pause.reason.escape_debug()));
        }
    }
    Ok(())
}

fn transports(via: &Via, target: &Target, settings: &Settings) -> Result<Vec<Box<dyn Transport>>> {
    let token = target.api_token.as_deref();
    let by_http = || HttpTransport::new(Endpoint::at(&target.http_url), token, ANSWER_LIMIT);
    if via.door == Door::Http {
        let what = || format!("--http-url: no answer by {}", target.http_url);
        by_http().check().with_context(what)?;
    }
    let open = |_| -> Result<Box<dyn Transport>> {
        Ok(match via.door {
            Door::Http => Box::new(by_http()),
            Door::Redis => {
                let redis = RedisTransport::open(&target.redis_url, settings.clone(), ANSWER_LIMIT);
                Box::new(redis.context("--connections: failed to open one")?)
            }
        })
    };
    (0..via.connections).map(open).collect()
}

struct Running {
    redis: PatientRedis,
    watch: Watch,
    monitor: Monitor,
    clocks: Clocks,
    verifier: Verifier,
    senders: Senders,
    patience: Duration,
}

impl Running {
    /// Watches until all orders are sent and done, patience runs out, or a second signal comes.
    fn until_done(&mut self, orders: u64, verifies_meanwhile: bool) -> Result<()> {
        let mut progress = Progress::new(orders);
        let started = Instant::now();
        let mut stops_seen = 0;
        let mut verify_every = if verifies_meanwhile { VERIFY_EVERY } else { VERIFY_BURST_AFTER };
        let mut verified_at = Instant::now();
        loop {
            // Read before the answers and the streams: no further answer comes after the end of
            // sending, and streams that are empty then stay empty.
            let had_finished = self.senders.have_finished();
            if stop::asked() > 0 && !had_finished {
                self.senders.stop();
                stops_seen = 1;
            }
            self.senders.answers().try_for_each(|answered| self.verifier.sent(answered))?;
            self.redis.ask(|redis| self.watch.look(redis))?;
            self.redis.ask(|redis| self.monitor.look(redis, self.watch.lengths))?;
            self.redis.ask(|redis| self.clocks.look(redis))?;
            let sent = self.verifier.report.orders;
            progress.show(sent.saturating_sub(self.watch.left()), &self.watch.to_text());
            let is_hopeless = self.watch.still_for() > self.patience || stop::asked() > stops_seen;
            if (had_finished && (self.watch.left() == 0 || is_hopeless)) || stop::asked() > 1 {
                break;
            }
            if verified_at.elapsed() > verify_every {
                self.verifier.look(&mut self.redis, VERIFY_PAGES)?;
                // The orders left in the streams are then another producer's.
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
        Ok(())
    }
}
