//! What this program says, and the last lines that a process printed, for errors.

use std::collections::VecDeque;
use std::fmt::Display;
use std::io::{BufRead, BufReader, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

const KEPT_LINES: usize = 40;

/// Prints a line on stderr. If nobody can read it, the program goes on: it has processes to stop and
/// results to write.
pub fn note(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Output(Arc<Mutex<VecDeque<String>>>);

impl Output {
    pub(crate) fn text(&self) -> String {
        self.lock().iter().flat_map(|line| ["  ", line, "\n"]).collect()
    }

    /// Reads a stream to its end in a thread, because a process blocks if its output is not read.
    pub(crate) fn read(
        &self,
        stream: impl Read + Send + 'static,
        on_line: impl Fn(&str) + Send + 'static,
    ) -> JoinHandle<()> {
        let output = self.clone();
        std::thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while stream.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                let text = String::from_utf8_lossy(&line);
                let text = text.trim_end_matches(['\n', '\r']);
                on_line(text);
                output.push(text.to_owned());
                line.clear();
            }
        })
    }

    fn push(&self, line: String) {
        let mut lines = self.lock();
        if lines.len() == KEPT_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
