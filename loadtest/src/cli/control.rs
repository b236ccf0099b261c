//! `loadtest pause`, `resume` and `paused`: their arguments.

use clap::Args;
use shared::queue::{MAX_PAUSE_S, Remark, Stream};

use super::QueueAddress;

/// `loadtest pause`
#[derive(Debug, Args)]
pub struct PauseOptions {
    /// The stream: ingress, simple or complex.
    #[arg(value_parser = stream)]
    pub stream: Stream,
    /// Why, for everybody to see.
    #[arg(long)]
    pub reason: Remark,
    /// Who says so.
    #[arg(long)]
    pub by: Option<Remark>,
    /// Lets the pause end by itself after so many seconds; otherwise it lasts until somebody resumes.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_PAUSE_S)))]
    pub for_s: Option<u32>,
    /// Where the queue is.
    #[command(flatten)]
    pub address: QueueAddress,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// `loadtest resume`
#[derive(Debug, Args)]
pub struct ResumeOptions {
    /// The stream: ingress, simple or complex.
    #[arg(value_parser = stream)]
    pub stream: Stream,
    /// Where the queue is.
    #[command(flatten)]
    pub address: QueueAddress,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// `loadtest paused`
#[derive(Debug, Args)]
pub struct PausedOptions {
    /// Where the queue is.
    #[command(flatten)]
    pub address: QueueAddress,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

fn stream(text: &str) -> Result<Stream, String> {
    Stream::from_name(text).ok_or_else(|| "expected ingress, simple or complex".into())
}
