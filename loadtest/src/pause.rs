//! `loadtest pause`, `resume` and `paused`: lets a stream's orders wait, goes on, and says what waits since when and why.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use conventional::connection::RedisConnection;
use serde_json::json;
use shared::control::ControlState;
use shared::queue::{Pause, PauseRequest, Queue, QueueError, Stream};
use shared::settings::QueueSettings;

use crate::cli::{PauseOptions, PausedOptions, ResumeOptions};
use crate::dead_letters::{Session, printable};

/// Pauses a stream.
///
/// # Errors
/// When Redis fails.
pub fn pause(options: &PauseOptions) -> Result<bool> {
    let mut session = Session::open(&options.address, QueueSettings::default())?;
    let request = PauseRequest {
        reason: options.reason.clone(),
        by: options.by.clone(),
        for_s: options.for_s,
    };
    let pause = session.queue().pause(options.stream, &request)?;
    match options.json {
        true => print_json(&json!({ options.stream.as_str(): ControlState::from(Some(&pause)) }))?,
        false => println!("{}", sentence(options.stream, &pause)),
    }
    Ok(true)
}

/// Ends the pause of a stream, if it has one, and rings its bell.
///
/// # Errors
/// When Redis fails.
pub fn resume(options: &ResumeOptions) -> Result<bool> {
    let mut session = Session::open(&options.address, QueueSettings::default())?;
    let was_paused = session.queue().resume(options.stream)?;
    let name = name(options.stream);
    match (options.json, was_paused) {
        (true, _) => print_json(&json!({ options.stream.as_str(): ControlState::from(None) }))?,
        (false, true) => println!("{name} goes on"),
        (false, false) => println!("{name} was not paused"),
    }
    Ok(true)
}

/// Says of every stream whether it is paused.
///
/// # Errors
/// When Redis fails.
pub fn paused(options: &PausedOptions) -> Result<bool> {
    let mut session = Session::open(&options.address, QueueSettings::default())?;
    let mut found = Vec::new();
    for stream in Stream::ALL {
        found.push((stream, session.queue().pause_of(stream)?));
    }
    if options.json {
        let states: BTreeMap<&str, ControlState<'_>> =
            found.iter().map(|(stream, pause)| (stream.as_str(), pause.as_ref().into())).collect();
        print_json(&json!(states))?;
        return Ok(true);
    }
    for (stream, pause) in found {
        match pause {
            Some(pause) => println!("{}", sentence(stream, &pause)),
            None => println!("{} is not paused", name(stream)),
        }
    }
    Ok(true)
}

/// One sentence for each stream that is paused.
///
/// # Errors
/// When Redis fails.
pub fn sentences(
    redis: &mut RedisConnection,
    settings: &QueueSettings,
) -> Result<Vec<String>, QueueError> {
    let mut sentences = Vec::new();
    for stream in Stream::ALL {
        let pause = Queue::new(redis, settings).pause_of(stream)?;
        sentences.extend(pause.map(|pause| sentence(stream, &pause)));
    }
    Ok(sentences)
}

fn sentence(stream: Stream, pause: &Pause) -> String {
    let mut sentence = format!("{} is paused since {}", name(stream), pause.since());
    if let Some(until) = pause.until() {
        sentence += &format!(" until {until}");
    }
    if let Some(by) = &pause.by {
        sentence += &format!(" by {}", printable(by));
    }
    sentence + &format!(" because: {}", printable(&pause.reason))
}

fn name(stream: Stream) -> String {
    match stream {
        Stream::Ingress => "ingress".into(),
        Stream::Simple | Stream::Complex => format!("lane {}", stream.as_str()),
    }
}

fn print_json(value: &serde_json::Value) -> Result<()> {
    println!("{}", serde_json::to_string_pretty(value).context("failed to write JSON")?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_told_in_a_sentence_that_cannot_steer_a_terminal() {
        let pause = Pause { since_ms: 0, reason: "a\u{1b}[2J".into(), by: None, until_ms: None };
        assert_eq!(
            sentence(Stream::Ingress, &pause),
            "ingress is paused since 1970-01-01T00:00:00.000Z because: a\\u{1b}[2J"
        );
        let pause = Pause {
            by: Some("Ada".into()),
            until_ms: Some(60_000),
            reason: "ovens".into(),
            ..pause
        };
        assert_eq!(
            sentence(Stream::Simple, &pause),
            "lane simple is paused since 1970-01-01T00:00:00.000Z until 1970-01-01T00:01:00.000Z by Ada because: ovens"
        );
    }
}
