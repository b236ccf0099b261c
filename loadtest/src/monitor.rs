//! Samples the app and Redis during a run: backlog, CPU, memory.
//!
//! When there are too many samples, each two are merged and the next ones are taken half as often.
//! So a burst of half a second is sampled every 20 ms, and a run of hours about every minute.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use native::{PatientRedis, RedisConnection};
use supervise::note;

use crate::measure::{AllInstanceStarts, Usage, Watched, WatchedRedis};
use crate::report::{AppAndRedis, InstanceStartUs, Report, Sample};

const MAX_SAMPLES: usize = 600;
const SHORTEST: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(crate) struct Monitor {
    app: Option<Watched>,
    redis: WatchedRedis,
    starts_url: Option<String>,
    released: Instant,
    samples: Vec<Sample>,
    every: Duration,
    last: Option<(Duration, Option<Usage>, Usage)>,
}

impl Monitor {
    pub(crate) fn new(
        redis: &mut RedisConnection,
        app_pid: Option<i32>,
        starts_url: Option<&str>,
    ) -> Result<Self> {
        if let Some(url) = starts_url {
            AllInstanceStarts::reset(url)?;
        }
        Ok(Self {
            app: app_pid.map(|pid| Watched::new(pid).context("--app-pid")).transpose()?,
            redis: WatchedRedis::new(redis)?,
            starts_url: starts_url.map(Into::into),
            released: Instant::now(),
            samples: Vec::new(),
            every: SHORTEST,
            last: None,
        })
    }

    /// Times of samples count from now.
    pub(crate) fn release(&mut self) {
        self.released = Instant::now();
    }

    /// Takes a sample if one is due.
    pub(crate) fn look(&mut self, redis: &mut RedisConnection, lengths: [u64; 3]) -> Result<()> {
        let at = self.released.elapsed();
        if self.last.is_some_and(|(last, ..)| at < last + self.every) {
            return Ok(());
        }
        let app = self.app(Watched::now);
        let redis = self.redis.now(redis)?;
        let (last_at, last_app, last_redis) = self.last.unwrap_or((at, app, redis));
        let seconds = at.saturating_sub(last_at).as_secs_f64();
        let cores = |now: Usage, before: Usage| match seconds {
            0.0 => 0.0,
            _ => ((now.cpu_s - before.cpu_s) / seconds).max(0.0),
        };
        self.samples.push(Sample {
            at_s: at.as_secs_f64(),
            ingress: lengths[0],
            simple: lengths[1],
            complex: lengths[2],
            app_cores: app.zip(last_app).map(|(now, before)| cores(now, before)),
            redis_cores: cores(redis, last_redis),
            app_rss_mib: app.map(|app| app.rss_mib),
            redis_rss_mib: redis.rss_mib,
        });
        self.last = Some((at, app, redis));
        if self.samples.len() >= MAX_SAMPLES {
            thin(&mut self.samples);
            self.every *= 2;
        }
        Ok(())
    }

    /// Enters what was used since the start into the report.
    pub(crate) fn finish(mut self, redis: &mut PatientRedis, report: &mut Report) {
        let app = self.app(|app| app.usage());
        if let Some(url) = &self.starts_url {
            if let Ok(AllInstanceStarts { all, .. }) = AllInstanceStarts::get(url) {
                report.instance_starts = Some(all.starts);
                report.instance_start_us =
                    Some(InstanceStartUs { p50: all.p50_us, p99: all.p99_us });
            } else {
                note("--instance-starts-url: no answer; instance starts are not reported");
            }
        }
        let redis = self.redis.usage(redis);
        let figure = |of: fn(Usage) -> f64| AppAndRedis { app: app.map(of), redis: of(redis) };
        report.cpu_s = figure(|usage| usage.cpu_s);
        report.rss_mib = figure(|usage| usage.rss_mib);
        report.samples = self.samples;
    }

    /// An app that ends during the run is not measured further.
    fn app(&mut self, usage: fn(&mut Watched) -> Result<Usage>) -> Option<Usage> {
        let usage = usage(self.app.as_mut()?).ok();
        if usage.is_none() {
            note("--app-pid: the process ended; its CPU and memory are not reported");
            self.app = None;
        }
        usage
    }
}

/// Merges two samples into the later one, with the mean of what was used.
fn thin(samples: &mut Vec<Sample>) {
    let pairs = samples.chunks_exact(2).map(|pair| {
        let (first, second) = (pair[0], pair[1]);
        let app_cores = first.app_cores.zip(second.app_cores);
        Sample {
            app_cores: app_cores.map(|(first, second)| f64::midpoint(first, second)),
            redis_cores: f64::midpoint(first.redis_cores, second.redis_cores),
            ..second
        }
    });
    *samples = pairs.collect();
}

#[cfg(test)]
mod tests;
