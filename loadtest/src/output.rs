//! A file that is opened before a run and filled after it.
//!
//! The file is opened before the run, so that a wrong path does not waste a run. It replaces an
//! earlier report only at the end, so that a failed run does not delete that report.

use std::fs::{File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
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
    /// Opens the file of a flag, if that was given. Errors name the flag.
    pub(crate) fn create(path: Option<&Path>, flag: &'static str) -> Result<Option<Self>> {
        let Some(path) = path else { return Ok(None) };
        let what = || format!("{flag}: failed to create {}", path.display());
        let is_new_or_file = path.metadata().map_or(true, |found| found.is_file());
        if !is_new_or_file || path.starts_with("/dev") {
            let file = File::options().append(true).open(path).with_context(what)?;
            return Ok(Some(Self { flag, path: path.to_owned(), place: Place::There(file) }));
        }
        // Links are followed.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let folder = folder.unwrap_or(Path::new(".")).canonicalize().with_context(what)?;
        let path = folder.join(path.file_name().with_context(what)?);
        // As any new file, before the umask.
        let permissions = Permissions::from_mode(0o666);
        let file = tempfile::Builder::new().permissions(permissions).tempfile_in(folder);
        Ok(Some(Self { flag, path, place: Place::Beside(file.with_context(what)?) }))
    }

    /// An error if both replace the same file.
    pub(crate) fn check_differ(one: Option<&Self>, other: Option<&Self>) -> Result<()> {
        let (Some(one), Some(other)) = (one, other) else { return Ok(()) };
        let is_replaced = |output: &Self| matches!(output.place, Place::Beside(_));
        if one.path == other.path && is_replaced(one) && is_replaced(other) {
            let (flags, path) = ([one.flag, other.flag].join(" and "), one.path.display());
            bail!(UsageError(format!("{flags}: both are {path}")));
        }
        Ok(())
    }

    pub(crate) fn write(self, text: &[u8]) -> Result<()> {
        let what = || format!("{}: failed to write {}", self.flag, self.path.display());
        match self.place {
            Place::There(mut file) => file.write_all(text).with_context(what),
            Place::Beside(mut file) => {
                file.write_all(text).with_context(what)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_file_is_kept_until_the_new_one_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        std::fs::write(&path, "before").unwrap();
        drop(Output::create(Some(path.as_path()), "--json").unwrap());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
        let output = Output::create(Some(path.as_path()), "--json").unwrap().unwrap();
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
        Output::create(Some(link.as_path()), "--json").unwrap().unwrap().write(b"after").unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "after");
        let open = |path: &Path, flag| Output::create(Some(path), flag).unwrap();
        let differ = |one: &Path, other: &Path| {
            Output::check_differ(open(one, "--json").as_ref(), open(other, "--html").as_ref())
        };
        let error = differ(&link, &folder.path().join(".").join("report")).unwrap_err();
        assert!(error.is::<UsageError>() && error.to_string().starts_with("--json and --html"));
        assert!(differ(&folder.path().join("new"), &folder.path().join("new")).is_err());
        differ(&link, &folder.path().join("new")).unwrap();
        differ(Path::new("/dev/null"), Path::new("/dev/null")).unwrap();
    }

    #[test]
    fn a_device_is_written_and_not_replaced() {
        let path = PathBuf::from("/dev/null");
        Output::create(Some(path.as_path()), "--json").unwrap().unwrap().write_json(&1).unwrap();
        assert!(!path.metadata().unwrap().is_file());
    }

    #[test]
    fn a_full_disk_and_a_folder_that_vanishes_are_errors_of_the_flag() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        let vanished = Output::create(Some(path.as_path()), "--json").unwrap().unwrap();
        folder.close().unwrap();
        let full = Output::create(Some(Path::new("/dev/full")), "--html").unwrap().unwrap();
        for (output, flag) in [(vanished, "--json"), (full, "--html")] {
            let error = format!("{:#}", output.write_json(&1).unwrap_err());
            assert!(error.starts_with(&format!("{flag}: failed to write")), "{error}");
        }
    }

    #[test]
    fn what_cannot_be_created_is_reported_with_its_flag() {
        let path = PathBuf::from("/nonexistent/report.json");
        let error = format!("{:#}", Output::create(Some(path.as_path()), "--json").unwrap_err());
        assert!(error.contains("--json") && error.contains("/nonexistent/report.json"), "{error}");
    }
}
