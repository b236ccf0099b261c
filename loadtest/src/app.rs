//! A process of the app under measurement, local-runtime, Spin or the always-on service, from its
//! start until it is ready.
//!
//! It is ready when it serves HTTP, if it does that at all, and Redis counts a listener for each of
//! its bells. Dropping one stops it with all that it started.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use supervise::Process;

use crate::stop;

/// How late a wait may notice.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How a runtime says where it serves.
const SERVING: &str = "Serving ";

#[derive(Debug)]
pub(crate) struct Duties {
    pub(crate) redis_url: String,
    pub(crate) channels: Vec<String>,
    pub(crate) serves: bool,
}

#[derive(Debug)]
pub(crate) struct App {
    process: Process,
    said: Said,
    is_over: Arc<AtomicBool>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Said(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    urls: Vec<String>,
    ready_at: Option<Instant>,
}

impl Said {
    /// Empty until it is known.
    pub(crate) fn urls(&self) -> Vec<String> {
        self.lock().urls.clone()
    }

    pub(crate) fn ready_at(&self) -> Option<Instant> {
        self.lock().ready_at
    }

    fn hear(&self, line: &str) {
        if let Some(url) = line.trim_start().strip_prefix(SERVING) {
            self.lock().urls.extend(url.split_whitespace().next().map(str::to_owned));
        }
    }

    fn watch(&self, duties: &Duties, is_over: &AtomicBool) {
        while !is_over.load(Ordering::Relaxed) {
            let serves = !duties.serves || !self.urls().is_empty();
            // A server that does not answer has no listeners yet.
            if serves && supervise::subscribed(&duties.redis_url, &duties.channels).unwrap_or(false)
            {
                self.lock().ready_at = Some(Instant::now());
                return;
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    pub(crate) fn start(command: Command, duties: Duties) -> Result<Self> {
        let program = command.get_program().to_owned();
        let name = std::path::Path::new(&program).file_name().unwrap_or(&program);
        let (said, is_over) = (Said::default(), Arc::new(AtomicBool::new(false)));
        let heard = said.clone();
        let process =
            Process::start_reading(&name.to_string_lossy(), command, move |line| heard.hear(line))?;
        let (watcher, ends) = (said.clone(), Arc::clone(&is_over));
        std::thread::spawn(move || watcher.watch(&duties, &ends));
        Ok(Self { process, said, is_over })
    }

    pub(crate) fn said(&self) -> Said {
        self.said.clone()
    }

    /// Returns when it was ready.
    pub(crate) fn wait_until_ready(&self, limit: Duration) -> Result<Instant> {
        self.process.wait_for("readiness", limit, || {
            stop::check()?;
            Ok(self.said.ready_at())
        })
    }

    pub(crate) fn check(&self) -> Result<()> {
        self.process.check()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // What it still does is of no interest, and stopping in order takes time.
        let _ = self.process.kill();
    }
}

#[cfg(test)]
mod tests {
    use native::RedisConnection;
    use private_redis::RedisServer;

    use super::*;

    #[test]
    fn a_process_is_ready_once_it_serves_and_every_bell_has_a_listener() {
        let server = RedisServer::start().unwrap();
        let channels = vec!["in".to_owned(), "out".to_owned()];
        let duties =
            |serves| Duties { redis_url: server.url(), channels: channels.clone(), serves };
        let shell = |script: &str| {
            let mut command = supervise::app("sh");
            command.args(["-c", script]);
            command
        };
        let serving = "echo 'Serving http://127.0.0.1:1'; exec sleep 60";
        let app = App::start(shell(serving), duties(true)).unwrap();
        let silent = App::start(shell("exec sleep 60"), duties(true)).unwrap();
        let mut redis = RedisConnection::open(&server.url()).unwrap();
        let mut first = redis.inner().as_pubsub();
        first.subscribe("in").unwrap();
        let ready = |app: &App| app.wait_until_ready(Duration::from_millis(300));
        assert!(ready(&app).unwrap_err().to_string().contains("Serving http"), "one bell is deaf");
        first.subscribe("out").unwrap();
        app.wait_until_ready(Duration::from_secs(30)).unwrap();
        assert_eq!(app.said().urls(), ["http://127.0.0.1:1"]);
        assert!(ready(&silent).is_err(), "it does not serve");
        let service = App::start(shell("exec sleep 60"), duties(false)).unwrap();
        service.wait_until_ready(Duration::from_secs(30)).unwrap();
    }
}
