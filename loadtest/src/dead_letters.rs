//! `loadtest dead-letters`: what was set aside is listed, shown, redriven and discarded.
//!
//! Redrive and discard first collect the letters that match, then deal with each by its id: what dies again meanwhile is not
//! taken a second time, and a dry run says exactly what would be done.

use anyhow::{Context, Result, bail};
use conventional::connection::RedisConnection;
use serde::Serialize;
use shared::queue::{DeadLetter, LetterFilter, LetterId, LetterPage, Queue, Redrive};
use shared::settings::QueueSettings;

use crate::cli::{DeadLettersCommand, LetterOptions, LettersAtRisk, QueueAddress, WhichLetters};

/// Letters read at once.
const PAGE: u32 = 1_000;

/// Carries the command out; `false` when a letter that was meant could not be shown or redriven.
///
/// # Errors
/// When Redis fails, or no letter is named to redrive or discard.
pub fn run(command: &DeadLettersCommand) -> Result<bool> {
    match command {
        DeadLettersCommand::List(options) => list(options),
        DeadLettersCommand::Show(options) => show(options),
        DeadLettersCommand::Redrive(options) => deal_with_all(options, "redriven", redrive),
        DeadLettersCommand::Discard(options) => deal_with_all(options, "discarded", discard),
    }
}

fn list(options: &LetterOptions) -> Result<bool> {
    let mut session = Session::open(&options.address, QueueSettings::default())?;
    let page = session.page(&options.which, options.limit)?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&page).context("failed to write JSON")?);
        return Ok(true);
    }
    println!(
        "{:<20} {:<24} {:<18} {:<8} {:<36} {:>5} {:>8}",
        "entry", "died", "code", "stream", "order", "tries", "redrives"
    );
    for letter in &page.dead_letters {
        let order = letter.order_id.map_or_else(|| "-".to_owned(), |id| id.to_string());
        println!(
            "{:<20} {:<24} {:<18} {:<8} {order:<36} {:>5} {:>8}",
            letter.id,
            letter.dead_lettered_at.as_deref().unwrap_or("-"),
            printable(&letter.code),
            printable(&letter.stream),
            letter.delivery_count,
            letter.redrives,
        );
    }
    match &page.next {
        Some(_) => {
            println!("{} dead letters, and there may be more: see --limit", page.dead_letters.len())
        }
        None => println!("{} dead letters", page.dead_letters.len()),
    }
    Ok(true)
}

fn show(options: &LetterOptions) -> Result<bool> {
    let mut session = Session::open(&options.address, QueueSettings::default())?;
    let mut letters = Vec::new();
    for letter in session.page(&options.which, options.limit)?.dead_letters {
        if let Some(id) = LetterId::parse(&letter.id) {
            letters.extend(session.queue().dead_letter(&id)?);
        }
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&letters).context("failed to write JSON")?);
    } else {
        letters.iter().for_each(print_letter);
    }
    if letters.is_empty() {
        eprintln!("no such dead letter; it may have been redriven or discarded");
    }
    Ok(!letters.is_empty())
}

fn print_letter(letter: &DeadLetter) {
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    println!("dead letter {}", letter.id);
    println!("  code       {}", printable(&letter.code));
    println!("  stream     {}", printable(&letter.stream));
    println!("  order      {}", letter.order_id.map_or_else(|| "-".into(), |id| id.to_string()));
    println!("  queued     {}", or_dash(&letter.queued_at));
    println!("  died       {}", or_dash(&letter.dead_lettered_at));
    println!(
        "  delivered  {} times, redriven {} times before",
        letter.delivery_count, letter.redrives
    );
    for error in letter.errors.as_array().into_iter().flatten() {
        let field = |name: &str| printable(error[name].as_str().unwrap_or("-"));
        println!("  error      {} at {}: {}", field("code"), field("path"), field("message"));
    }
    match (&letter.order, letter.order_bytes) {
        (Some(order), _) => println!("  text       {}", printable(order)),
        (None, Some(bytes)) => println!("  text       {bytes} bytes, not shown"),
        (None, None) => println!("  text       none: the entry had no field \"order\""),
    }
    if let Some(fields) = &letter.fields {
        println!("  fields     {}", printable(&fields.to_string()));
    }
}

/// What was done, or would be.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Dealings {
    dry_run: bool,
    matched: usize,
    done: usize,
    duplicates: usize,
    gone: usize,
    refused: usize,
    letters: Vec<Dealing>,
}

#[derive(Debug, Serialize)]
struct Dealing {
    id: String,
    code: String,
    outcome: &'static str,
}

fn deal_with_all(
    options: &LettersAtRisk,
    done: &'static str,
    act: impl Fn(&mut Session, &LetterId) -> Result<&'static str>,
) -> Result<bool> {
    if !options.all && options.which.is_any() {
        bail!("expected --all, or at least one of --code, --older-than-s, --order and --entry");
    }
    let settings = QueueSettings { retention_s: options.retention_s, ..QueueSettings::default() };
    let mut session = Session::open(&options.address, settings)?;
    let matching = session.page(&options.which, options.limit.unwrap_or(u32::MAX))?.dead_letters;
    let mut letters = Vec::with_capacity(matching.len());
    for letter in matching {
        let Some(id) = LetterId::parse(&letter.id) else { continue };
        let outcome = match (options.dry_run, letter.order_bytes) {
            (true, None) if done == "redriven" => "no_order",
            (true, _) => "matches",
            (false, _) => act(&mut session, &id)?,
        };
        let code = printable(&letter.code);
        if !options.json {
            println!("{:<20} {code:<18} {outcome}", letter.id);
        }
        letters.push(Dealing { id: letter.id, code, outcome });
    }
    let count =
        |outcomes: &[&str]| letters.iter().filter(|one| outcomes.contains(&one.outcome)).count();
    let dealings = Dealings {
        dry_run: options.dry_run,
        matched: letters.len(),
        done: count(&[done]),
        duplicates: count(&["duplicate"]),
        gone: count(&["gone"]),
        refused: count(&["no_order", "unknown_stream"]),
        letters,
    };
    if options.json {
        println!("{}", serde_json::to_string_pretty(&dealings).context("failed to write JSON")?);
    } else if options.dry_run {
        println!("{} would be {done}; nothing was changed", dealings.matched - dealings.refused);
    } else {
        let Dealings { done: count, duplicates, gone, .. } = dealings;
        println!("{count} {done}, {duplicates} duplicates, {gone} gone already");
    }
    if dealings.refused > 0 {
        eprintln!(
            "{} cannot be redriven, as they hold no order (no_order) or name no stream (unknown_stream); they can be discarded",
            dealings.refused
        );
    }
    Ok(dealings.refused == 0)
}

fn redrive(session: &mut Session, id: &LetterId) -> Result<&'static str> {
    Ok(match session.queue().redrive(id)? {
        Redrive::Redriven { .. } => "redriven",
        Redrive::Duplicate => "duplicate",
        Redrive::Gone => "gone",
        Redrive::NoOrder => "no_order",
        Redrive::UnknownStream => "unknown_stream",
    })
}

fn discard(session: &mut Session, id: &LetterId) -> Result<&'static str> {
    Ok(if session.queue().discard(id)? { "discarded" } else { "gone" })
}

/// A connection and how the queue is used.
pub(crate) struct Session {
    redis: RedisConnection,
    settings: QueueSettings,
}

impl Session {
    pub(crate) fn open(address: &QueueAddress, settings: QueueSettings) -> Result<Self> {
        // The address may hold a password, so it is not repeated.
        let redis = RedisConnection::open(&address.redis_url)
            .context("--redis-url: failed to connect to the redis it names")?;
        Ok(Self { redis, settings: QueueSettings { queue: address.queue.clone(), ..settings } })
    }

    pub(crate) fn queue(&mut self) -> Queue<'_, RedisConnection> {
        Queue::new(&mut self.redis, &self.settings)
    }

    /// Up to `most` letters that are meant, oldest first.
    fn page(&mut self, which: &WhichLetters, most: u32) -> Result<LetterPage> {
        if let Some(id) = &which.entry {
            let letter = self.queue().dead_letter(id)?;
            let without_text =
                letter.map(|letter| DeadLetter { order: None, fields: None, ..letter });
            return Ok(LetterPage { dead_letters: without_text.into_iter().collect(), next: None });
        }
        let filter = LetterFilter {
            code: which.code.clone(),
            order: which.order,
            older_than_s: which.older_than_s,
        };
        self.matching(&filter, most)
    }

    /// Up to `most` letters that match, oldest first.
    pub(crate) fn matching(&mut self, filter: &LetterFilter, most: u32) -> Result<LetterPage> {
        let mut all = LetterPage::default();
        loop {
            let after = all.next.as_deref().and_then(LetterId::parse);
            let room =
                most.saturating_sub(u32::try_from(all.dead_letters.len()).unwrap_or(u32::MAX));
            let page = self.queue().dead_letters(filter, after.as_ref(), room.min(PAGE))?;
            all.dead_letters.extend(page.dead_letters);
            all.next = page.next;
            if all.next.is_none() || all.dead_letters.len() as u64 >= u64::from(most) {
                return Ok(all);
            }
        }
    }
}

/// The text with what could steer a terminal written out.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .flat_map(
            |char| if char.is_control() { char.escape_default().collect() } else { vec![char] },
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_an_order_cannot_steer_the_terminal() {
        assert_eq!(printable("Zoë \u{1b}[2J\r\n\"x\""), "Zoë \\u{1b}[2J\\r\\n\"x\"");
    }
}
