//! A file that is opened before a run and filled after it.
//!
//! The file is opened before the run, so that a wrong path does not waste a run. It replaces an
//! earlier report only at the end, so that a failed run does not delete that report.

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
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// A file beside the path, renamed when it is complete.
    Beside(NamedTempFile),
    /// A terminal or pipe, which is written directly.
    There(File),
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
            return Ok(Some(Self { flag, path: path.to_owned(), place: Place::There(file) }));
        }
        let path = target(path).with_context(what)?;
        for (other, file) in others {
            if file.and_then(|file| target(file).ok()).as_ref() == Some(&path) {
                let path = path.display();
                bail!(UsageError(format!("{flag} and {other}: both are {path}")));
            }
        }
        // As any new file, before the umask.
        let permissions = Permissions::from_mode(0o666);
        let folder = path.parent().unwrap_or(Path::new("/"));
        let file = tempfile::Builder::new().permissions(permissions).tempfile_in(folder);
        Ok(Some(Self { flag, path, place: Place::Beside(file.with_context(what)?) }))
    }

    pub(crate) fn write(self, text: &[u8]) -> Result<()> {
        self.write_with(|mut file| Ok(file.write_all(text)?))
    }

    pub(crate) fn write_with(self, write: impl FnOnce(&File) -> Result<()>) -> Result<()> {
        let what = || format!("{}: failed to write {}", self.flag, self.path.display());
        match self.place {
            Place::There(file) => write(&file).with_context(what),
            Place::Beside(file) => {
                write(file.as_file()).with_context(what)?;
                file.persist(&self.path).with_context(what)?;
                Ok(())
            }
        }
    }

    pub(crate) fn write_json(self, value: &impl serde::Serialize) -> Result<()> {
        let mut text = serde_json::to_vec_pretty(value)
            .with_context(|| format!("{}: failed to make JSON", self.flag))?;
        text.push(b'\n');
        self.write(&text)
    }
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
mod tests {
    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;

    use super::*;

    fn open(path: &Path, flag: &'static str) -> Result<Output> {
        Output::create(Some(path), flag, &[]).map(Option::unwrap)
    }

    #[test]
    fn an_earlier_file_is_kept_until_the_new_one_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        std::fs::write(&path, "before").unwrap();
        drop(open(&path, "--json").unwrap());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
        let output = open(&path, "--json").unwrap();
        output.write_json(&[1, 2]).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "[\n  1,\n  2\n]\n");
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing is left beside it"
        );
    }

    #[test]
    fn a_link_stays_a_link_and_two_flags_do_not_share_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("report"), folder.path().join("link"));
        std::fs::write(&file, "before").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        open(&link, "--json").unwrap().write(b"after").unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "after");
        let differ = |one: &Path, other: &Path| {
            Output::create(Some(one), "--json", &[("--file", None), ("--html", Some(other))])
        };
        let error = differ(&link, &folder.path().join(".").join("report")).unwrap_err();
        assert!(error.is::<UsageError>() && error.to_string().starts_with("--json and --html"));
        assert!(differ(&folder.path().join("new"), &folder.path().join("new")).is_err());
        differ(&link, &folder.path().join("new")).unwrap();
        differ(Path::new("/dev/null"), Path::new("/dev/null")).unwrap();
        std::fs::remove_file(&file).unwrap();
        let error = open(&link, "--json").unwrap_err();
        assert!(error.to_string().contains("link"), "it leads nowhere: {error:#}");
    }

    #[test]
    fn a_pipe_that_nobody_reads_is_an_error_and_one_that_is_read_is_written_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        mkfifo(&path, Mode::S_IRWXU).unwrap();
        let error = open(&path, "--json").unwrap_err();
        assert!(error.to_string().starts_with("--json: failed to create"), "{error:#}");
        let reader = std::thread::spawn({
            let path = path.clone();
            move || std::fs::read(path).unwrap().len()
        });
        let output = loop {
            match open(&path, "--json") {
                Ok(output) => break output,
                Err(_) => std::thread::yield_now(),
            }
        };
        // More than a pipe holds.
        output.write(&vec![b'x'; 300_000]).unwrap();
        assert_eq!(reader.join().unwrap(), 300_000);
    }

    #[test]
    fn a_device_is_written_and_not_replaced() {
        let path = PathBuf::from("/dev/null");
        open(&path, "--json").unwrap().write_json(&1).unwrap();
        assert!(!path.metadata().unwrap().is_file());
    }

    #[test]
    fn a_full_disk_and_a_folder_that_vanishes_are_errors_of_the_flag() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        let vanished = open(&path, "--json").unwrap();
        folder.close().unwrap();
        let full = open(Path::new("/dev/full"), "--html").unwrap();
        for (output, flag) in [(vanished, "--json"), (full, "--html")] {
            let error = format!("{:#}", output.write_json(&1).unwrap_err());
            assert!(error.starts_with(&format!("{flag}: failed to write")), "{error}");
        }
    }

    #[test]
    fn what_cannot_be_created_is_reported_with_its_flag() {
        let path = PathBuf::from("/nonexistent/report.json");
        let error = format!("{:#}", open(&path, "--json").unwrap_err());
        assert!(error.contains("--json") && error.contains("/nonexistent/report.json"), "{error}");
    }
}
