//! The workers of one process, from ready to stopped.
//!
//! After a signal every worker finishes its batch, claims no other, and rings for the orders left
//! in the stream. A worker that panics ends the process. A supervisor restarts it, and its batch is
//! redelivered.

use std::io::stdout;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use orders::Lane;
use orders::pipeline::{Receiver, component};
use queue::Role;

use crate::cli::{RoleName, Settings};
use crate::print;
use crate::worker::{Done, Worker};

/// How long a claimed batch may take after the signal.
const STOP_LIMIT: Duration = Duration::from_secs(5);
/// How often to check whether a batch is finished.
const LOOK: Duration = Duration::from_millis(2);

enum Event {
    /// A worker listens to its bell.
    Ready(&'static str),
    /// A worker panicked.
    Died(&'static str),
    /// SIGINT, SIGTERM or SIGHUP.
    Signal,
}

struct Handle {
    name: &'static str,
    done: Arc<Mutex<Done>>,
}

/// Runs the roles until a signal comes. Prints a line when all are ready, and one when all are
/// stopped.
///
/// # Errors
/// When signals cannot be caught, a worker panics, or a batch is not finished within 5 s after the
/// signal.
pub fn run(settings: &Settings) -> Result<()> {
    let (events, inbox) = channel();
    let signals = events.clone();
    // An error means that the process ends anyway.
    ctrlc::set_handler(move || drop(signals.send(Event::Signal)))
        .context("failed to catch signals")?;
    let is_stopping = Arc::new(AtomicBool::new(false));
    let workers: Vec<Handle> = settings
        .roles
        .iter()
        .map(|role| {
            let (events, stop) = (events.clone(), Arc::clone(&is_stopping));
            match role {
                RoleName::Distributor => start(settings.distributor, settings, stop, events),
                RoleName::ReceiverSimple => {
                    start(Receiver { lane: Lane::Simple }, settings, stop, events)
                }
                RoleName::ReceiverComplex => {
                    start(Receiver { lane: Lane::Complex }, settings, stop, events)
                }
            }
        })
        .collect::<Result<_>>()?;
    let mut waited_for: Vec<&str> = workers.iter().map(|worker| worker.name).collect();
    let names = waited_for.join(", ");
    loop {
        match inbox.recv().context("all workers have ended")? {
            Event::Ready(name) if waited_for.contains(&name) => {
                waited_for.retain(|other| *other != name);
                if waited_for.is_empty() {
                    let (address, queue) = (settings.redis.addr(), &settings.queue.queue);
                    print(
                        stdout(),
                        format_args!(
                            "conventional: ready as {names}; redis {address}, queue {queue}"
                        ),
                    );
                }
            }
            // Again, after an outage.
            Event::Ready(_) => {}
            Event::Died(name) => bail!("{name} panicked"),
            Event::Signal => break,
        }
    }
    is_stopping.store(true, Ordering::Relaxed);
    print(stdout(), format_args!("conventional: stopped; {}", finish(&workers)?));
    Ok(())
}

fn start<R: Role + Send + 'static>(
    role: R,
    settings: &Settings,
    is_stopping: Arc<AtomicBool>,
    events: Sender<Event>,
) -> Result<Handle> {
    let name = component(role.stream());
    let done = Arc::default();
    let worker = Worker {
        role,
        redis: settings.redis.clone(),
        settings: settings.queue.clone(),
        done: Arc::clone(&done),
        is_stopping,
    };
    let run = move || {
        let _obituary = Obituary { name, events: events.clone() };
        worker.run(|| drop(events.send(Event::Ready(name))))
    };
    std::thread::Builder::new().name(name.into()).spawn(run).context("failed to start a thread")?;
    Ok(Handle { name, done })
}

/// Reports a worker's end, which only a panic causes.
struct Obituary {
    name: &'static str,
    events: Sender<Event>,
}

impl Drop for Obituary {
    fn drop(&mut self) {
        drop(self.events.send(Event::Died(self.name)));
    }
}

/// Takes the lock of every worker, so that none begins another drain, and prints the totals.
fn finish(workers: &[Handle]) -> Result<String> {
    let deadline = Instant::now() + STOP_LIMIT;
    let mut held = Vec::new();
    let mut words = Vec::new();
    for Handle { name, done } in workers {
        let done = loop {
            match done.try_lock() {
                Ok(done) => break done,
                Err(TryLockError::Poisoned(done)) => break PoisonError::into_inner(done),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::sleep(LOOK);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(anyhow!("redis does not answer")).with_context(|| {
                        format!("failed to finish the batch of {name}; it will be redelivered")
                    });
                }
            }
        };
        words.push(format!("{name} applied {} orders in {} drains", done.applied, done.drains));
        held.push(done);
    }
    // Until here the locks stop all workers; after the return the process ends.
    std::mem::forget(held);
    Ok(words.join(", "))
}
