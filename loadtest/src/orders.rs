//! `loadtest orders show`: an order's whole story, step by step.

use anyhow::{Context, Result};
use serde::Serialize;
use shared::queue::{DeadLetter, LetterFilter, OrderStory};
use shared::settings::QueueSettings;
use uuid::Uuid;

use crate::cli::{OrdersCommand, ShowOrderOptions};
use crate::dead_letters::{Session, printable};

/// All that is known of an order.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Known<'a> {
    id: Uuid,
    /// `None` when no state is kept, or none was written yet.
    story: Option<OrderStory<'a>>,
    /// Its dead letters that wait to be dealt with.
    dead_letters: Vec<DeadLetter>,
}

/// Carries the command out; `false` when the queue does not know the order.
///
/// # Errors
/// When Redis fails.
pub fn run(command: &OrdersCommand) -> Result<bool> {
    let OrdersCommand::Show(options) = command;
    show(options)
}

fn show(options: &ShowOrderOptions) -> Result<bool> {
    let mut session = Session::open(&options.address, QueueSettings::default())?;
    let state = session.queue().find(options.id)?;
    let filter = LetterFilter { order: Some(options.id), ..LetterFilter::default() };
    let known = Known {
        id: options.id,
        story: state.as_ref().map(|state| state.story(options.id)),
        dead_letters: session.matching(&filter, u32::MAX)?.dead_letters,
    };
    if known.story.is_none() && known.dead_letters.is_empty() {
        eprintln!("no such order; one added by XADD is known once it is routed");
        return Ok(false);
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&known).context("failed to write JSON")?);
    } else {
        print!("{}", text(&known));
    }
    Ok(true)
}

fn text(known: &Known<'_>) -> String {
    let mut lines = vec![format!("order {}", known.id)];
    if let Some(story) = &known.story {
        lines.push(format!("  state        {}", printable(story.state.unwrap_or("-"))));
        if let Some(lane) = story.lane {
            let score = story.score.map(|score| format!(", score {score}")).unwrap_or_default();
            lines.push(format!("  lane         {}{score}", printable(lane)));
        }
        for reason in &story.reasons {
            let reason = serde_json::to_string(reason).unwrap_or_default();
            lines.push(format!("  reason       {}", printable(&reason)));
        }
        lines.extend(steps(story).into_iter().map(|(time, _, what)| format!("  {time}  {what}")));
        if let Some(confirmation) = story.confirmation {
            lines.push(format!("  confirmation {}", printable(confirmation.get())));
        }
    }
    for letter in &known.dead_letters {
        let (code, stream) = (printable(&letter.code), printable(&letter.stream));
        lines.push(format!("  dead letter  {} waits: {code} in {stream}", letter.id));
    }
    lines.join("\n") + "\n"
}

/// The steps in the order of their times; of steps in one millisecond, in the order they can only have come in.
fn steps(story: &OrderStory<'_>) -> Vec<(String, u8, String)> {
    let mut steps = Vec::new();
    let mut step = |time: &Option<String>, rank: u8, what: String| {
        if let Some(time) = time {
            steps.push((time.clone(), rank, what));
        }
    };
    for past in &story.history {
        step(&past.queued_at, 0, "queued".into());
        let tries = past
            .delivery_count
            .map_or_else(String::new, |tries| format!(", delivered {tries} times"));
        let (stream, code) = (printable(past.stream), printable(past.code));
        step(&past.dead_lettered_at, 2, format!("dead-lettered in {stream}: {code}{tries}"));
        step(
            &past.at,
            3,
            format!("dead letter {}: {}", printable(past.dead_letter), printable(past.event)),
        );
    }
    // From ingress an order starts anew when it is redriven: that line is there already.
    let is_redrive =
        story.history.iter().any(|past| past.event == "redriven" && past.at == story.queued_at);
    if !is_redrive {
        step(&story.queued_at, 0, "queued".into());
    }
    step(&story.routed_at, if is_redrive { 4 } else { 1 }, "routed".into());
    if story
        .dead_letter
        .as_deref()
        .is_some_and(|id| story.history.iter().all(|past| past.dead_letter != id))
    {
        let code = printable(story.code.unwrap_or("-"));
        step(&story.dead_lettered_at, 5, format!("dead-lettered: {code}"));
    }
    step(&story.confirmed_at, 6, "confirmed".into());
    steps.sort();
    steps.dedup();
    steps
}
