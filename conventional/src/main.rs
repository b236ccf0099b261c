//! Runs the three roles of the pipeline as one always-on process.

use std::process::ExitCode;
use std::thread;

use anyhow::{Result, bail};
use clap::Parser;
use conventional::worker;
use shared::queue::{Lane, QueueName};
use shared::roles::{Distributor, Receiver};
use shared::settings::{DEFAULT_COMPLEXITY_THRESHOLD, QueueSettings};

/// The order pipeline as an always-on native service.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Redis, as redis://host:port.
    #[arg(long, env = "REDIS_URL", default_value = "redis://127.0.0.1:6379")]
    redis_url: String,
    /// Name of the queue.
    #[arg(long, default_value = "orders")]
    queue: String,
    /// Score from which an order is complex.
    #[arg(long, default_value_t = DEFAULT_COMPLEXITY_THRESHOLD)]
    complexity_threshold: u32,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("conventional: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    let Some(queue) = QueueName::parse(&arguments.queue) else {
        bail!("--queue: expected 1 to 64 letters, digits, '-', '_' or '.', found {:?}", arguments.queue);
    };
    let settings = QueueSettings { queue, ..QueueSettings::default() };
    let distributor = Distributor { complexity_threshold: arguments.complexity_threshold };
    let url = &arguments.redis_url;
    let settings = &settings;
    thread::scope(|scope| {
        scope.spawn(move || worker::run(url, &distributor, settings));
        for lane in Lane::ALL {
            scope.spawn(move || worker::run(url, &Receiver { lane }, settings));
        }
    });
    Ok(())
}
