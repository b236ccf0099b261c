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
    let files = || std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files(), 1, "a run that is killed leaves nothing");
    output.write_json(&[1, 2]).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "[\n  1,\n  2\n]\n");
    assert_eq!(files(), 1, "nothing is left beside it");
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
