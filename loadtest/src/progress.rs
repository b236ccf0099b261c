//! The progress of a run: a bar in a terminal, else a line each minute.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use supervise::note;

const LINE_EVERY: Duration = Duration::from_mins(1);

/// Dropping it clears the bar.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    /// `None` in a terminal.
    next_line: Option<Duration>,
}

impl Progress {
    pub(crate) fn new(total: u64) -> Self {
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} done  {msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let next_line = (!std::io::stderr().is_terminal()).then_some(LINE_EVERY);
        Self { bar: ProgressBar::new(total).with_style(style), next_line }
    }

    pub(crate) fn show(&mut self, done: u64, message: &str) {
        self.bar.set_position(done);
        self.bar.set_message(message.to_owned());
        if let Some(line) = self.line(self.bar.elapsed(), done, message) {
            note(line);
        }
    }

    fn line(&mut self, elapsed: Duration, done: u64, message: &str) -> Option<String> {
        self.next_line.filter(|due| elapsed >= *due)?;
        let minutes = elapsed.as_secs() / 60;
        self.next_line = Some(Duration::from_mins(minutes) + LINE_EVERY);
        let total = self.bar.length().unwrap_or_default();
        Some(format!("{minutes} min: {done} of {total} done, {message}"))
    }
}

#[cfg(test)]
mod tests;
