use super::*;

/// The smallest component there is.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

fn compiled() -> (Engine, Component) {
    let engine = Engine::default();
    let component = Component::from_binary(&engine, COMPONENT).unwrap();
    (engine, component)
}

fn names(folder: &Path) -> Vec<std::ffi::OsString> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
}

#[test]
fn the_file_that_was_checked_is_mapped_whatever_has_its_name_by_then() {
    let (engine, component) = compiled();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("code");
    write(&component, &path).unwrap();
    let mut file = File::open(&path).unwrap();
    assert!(is_whole(&mut file).unwrap());
    put(b"other", &path).unwrap();
    // SAFETY: the open file is the one that was written first, and nobody changes it.
    assert!(unsafe { map(&engine, &file) }.is_ok());
    std::fs::remove_file(&path).unwrap();
    // SAFETY: as above.
    assert!(unsafe { map(&engine, &file) }.is_ok());
    assert!(read(&engine, &path).is_none());
}

#[test]
fn writers_with_the_same_process_id_never_show_a_broken_file_and_leave_nothing_behind() {
    let (engine, component) = compiled();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("code");
    write(&component, &path).unwrap();
    std::thread::scope(|scope| {
        let writers =
            [(); 4].map(|()| scope.spawn(|| (0..50).try_for_each(|_| write(&component, &path))));
        while !writers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            assert!(is_whole(&mut File::open(&path).unwrap()).unwrap());
        }
        for writer in writers {
            writer.join().unwrap().unwrap();
        }
    });
    assert!(read(&engine, &path).is_some());
    assert_eq!(names(folder.path()), ["code"]);
}

#[test]
fn a_file_that_can_not_get_its_name_is_an_error_and_leaves_nothing_behind() {
    let (_, component) = compiled();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("code");
    std::fs::create_dir(&path).unwrap();
    let error = write(&component, &path).unwrap_err();
    assert!(error.to_string().contains("failed to write the cache file"), "{error:#}");
    assert_eq!(names(folder.path()), ["code"]);
}

#[test]
fn a_start_that_uses_more_files_than_a_folder_keeps_loses_none_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let used = MAX_FILES + 2;
    for number in 0..used {
        std::fs::write(folder.path().join(format!("{number}{SUFFIX}")), "").unwrap();
    }
    for (used, left) in [(used, used), (used - 1, used - 1), (1, MAX_FILES)] {
        evict(folder.path(), used);
        assert_eq!(names(folder.path()).len(), left);
    }
}

#[test]
fn others_may_read_a_cache_file_as_the_umask_allows() {
    let (_, component) = compiled();
    let folder = tempfile::tempdir().unwrap();
    write(&component, &folder.path().join("code")).unwrap();
    std::fs::write(folder.path().join("usual"), "").unwrap();
    let mode = |name| folder.path().join(name).metadata().unwrap().permissions().mode();
    assert_eq!(mode("code"), mode("usual"));
}
