//! Output of the components and of this program.
//!
//! A component's output is written line by line, so lines of concurrent instances do not mix. The
//! terminal shows each line after the component's id. `.spin/logs/<id>_stdout.txt` and
//! `_stderr.txt` contain the lines as they are. A line over the limit is written in pieces.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// Maximum number of bytes of a line that are buffered. A longer line is written in pieces.
const MAX_LINE: usize = 16 * 1024;
/// Maximum number of bytes that a guest may write at once.
const MAX_WRITE: usize = 64 * 1024;

/// Prints lines to stdout and flushes it. Errors are ignored, because the reader may be gone.
pub(crate) fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{text}");
    let _ = stdout.flush();
}

/// Prints a line of this program's own log to stderr.
pub(crate) fn log(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "local-runtime: {text}");
}

/// The two outputs of a component.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) stdout: Arc<Sink>,
    pub(crate) stderr: Arc<Sink>,
}

impl Output {
    /// Opens the log files of a component for appending.
    pub(crate) fn open(folder: &Path, component: &str, quiet: bool) -> Result<Self> {
        let sink = |suffix: &str, terminal: Terminal| {
            let path = folder.join(format!("{component}_{suffix}.txt"));
            let file = File::options()
                .create(true)
                .append(true)
                .open(&path)
                .with_context(|| format!("failed to open the log file {}", path.display()))?;
            anyhow::Ok(Arc::new(Sink {
                prefix: format!("[{component}] "),
                terminal: (!quiet).then_some(terminal),
                file: Mutex::new(file),
            }))
        };
        Ok(Self {
            stdout: sink("stdout", || Box::new(std::io::stdout()))?,
            stderr: sink("stderr", || Box::new(std::io::stderr()))?,
        })
    }
}

/// Stdout or stderr of this program.
type Terminal = fn() -> Box<dyn Write>;

/// The destination of one output of a component.
#[derive(Debug)]
pub(crate) struct Sink {
    prefix: String,
    /// `None` with `--quiet`.
    terminal: Option<Terminal>,
    file: Mutex<File>,
}

impl Sink {
    /// The output of one instance.
    pub(crate) fn stream(self: &Arc<Self>) -> LineStream {
        LineStream(Arc::new(Line { sink: self.clone(), held: Mutex::default() }))
    }

    /// Writes complete lines, each with its line feed.
    fn write(&self, lines: &[u8]) {
        // A full disk must not stop a handler; the terminal still gets the lines.
        let _ = self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(lines);
        let Some(terminal) = self.terminal else { return };
        let mut text = Vec::with_capacity(lines.len() + self.prefix.len());
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            text.extend_from_slice(self.prefix.as_bytes());
            text.extend_from_slice(line);
        }
        let _ = terminal().write_all(&text);
    }
}

/// One output of one instance; clones share the unfinished line.
#[derive(Debug, Clone)]
pub(crate) struct LineStream(Arc<Line>);

#[derive(Debug)]
struct Line {
    sink: Arc<Sink>,
    held: Mutex<Vec<u8>>,
}

impl Line {
    fn write(&self, bytes: &[u8]) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.extend_from_slice(bytes);
        if let Some(end) = held.iter().rposition(|byte| *byte == b'\n') {
            self.sink.write(&held[..=end]);
            held.drain(..=end);
        }
        if held.len() > MAX_LINE {
            held.push(b'\n');
            self.sink.write(&held);
            held.clear();
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let held = self.held.get_mut().unwrap_or_else(PoisonError::into_inner);
        if !held.is_empty() {
            held.push(b'\n');
            self.sink.write(held);
        }
    }
}

impl IsTerminal for LineStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LineStream {
    /// For WASI 0.3, which is not linked.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for LineStream {
    async fn ready(&mut self) {}
}

impl OutputStream for LineStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0.write(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(MAX_WRITE)
    }
}
