//! A file that is tried before a run and filled after it.
//!
//! It is tried before the run, so that a wrong path does not waste a run. It replaces an earlier
//! report only at the end, so that a failed run does not delete that report, and a run that is
//! killed leaves nothing.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use nix::fcntl::OFlag;
use tempfile::NamedTempFile;

use crate::outcome::UsageError;

/// Prints the text before any file is written, so that a failed write does not lose the report.
pub(crate) fn publish(text: &str, write_files: impl FnOnce() -> Result<()>) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    let printed = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    write_files()?;
    printed.context("failed to print the report")
}

#[derive(Debug)]
pub(crate) struct Output {
    flag: &'static str,
    path: PathBuf,
    /// A terminal or pipe, which is written directly.
    direct: Option<File>,
}

impl Output {
    /// Opens the file of a flag, if that was given. Errors name the flag. It must not replace the
    /// file of one of the `others`.
    pub(crate) fn create(
        path: Option<&Path>,
        flag: &'static str,
        others: &[(&str, Option<&Path>)],
    ) -> Result<Option<Self>> {
        let Some(path) = path else { return Ok(None) };
        let what = || format!("{flag}: failed to create {}", path.display());
        let is_new_or_file = path.metadata().map_or(true, |found| found.is_file());
        // Where a shell has sent an output, it must not be replaced.
        let is_inherited = ["/dev/fd", "/dev/stdout", "/dev/stderr", "/proc"];
        if !is_new_or_file || is_inherited.iter().any(|place| path.starts_with(place)) {
            // A pipe that nobody reads would block.
            let mut options = File::options();
            options.append(true).custom_flags(OFlag::O_NONBLOCK.bits());
            let _is_read = options.open(path).with_context(what)?;
            let file = options.custom_flags(0).open(path).with_context(what)?;
            return Ok(Some(Self { flag, path: path.to_owned(), direct: Some(file) }));
        }
        let path = target(path).with_context(what)?;
        for (other, file) in others {
            if file.and_then(|file| target(file).ok()).as_ref() == Some(&path) {
                let path = path.display();
                bail!(UsageError(format!("{flag} and {other}: both are {path}")));
            }
        }
        beside(&path).with_context(what)?;
        Ok(Some(Self { flag, path, direct: None }))
    }

    pub(crate) fn write(self, text: &[u8]) -> Result<()> {
        self.write_with(|mut file| Ok(file.write_all(text)?))
    }

    pub(crate) fn write_with(self, write: impl FnOnce(&File) -> Result<()>) -> Result<()> {
        let what = || format!("{}: failed to write {}", self.flag, self.path.display());
        if let Some(file) = self.direct {
            return write(&file).with_context(what);
        }
        let file = beside(&self.path).with_context(what)?;
        write(file.as_file()).with_context(what)?;
        file.persist(&self.path).map(drop).with_context(what)
    }

    pub(crate) fn write_json(self, value: &impl serde::Serialize) -> Result<()> {
        let mut text = serde_json::to_vec_pretty(value)
            .with_context(|| format!("{}: failed to make JSON", self.flag))?;
        text.push(b'\n');
        self.write(&text)
    }
}

/// A new file in the folder of a path. It becomes the file at the path when it is complete.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    // As any new file, before the umask.
    let permissions = Permissions::from_mode(0o666);
    let folder = path.parent().unwrap_or(Path::new("/"));
    tempfile::Builder::new().permissions(permissions).tempfile_in(folder)
}

/// The file that a path leads to, which need not be there.
fn target(path: &Path) -> io::Result<PathBuf> {
    if path.is_symlink() || path.exists() {
        return path.canonicalize();
    }
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    Ok(folder.unwrap_or(Path::new(".")).canonicalize()?.join(name))
}

#[cfg(test)]
mod tests;
