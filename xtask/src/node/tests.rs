use std::fs::{File, FileTimes};
use std::time::{Duration, SystemTime};

use super::*;

#[test]
fn packages_are_installed_again_once_the_lock_is_newer() {
    let folder = std::env::temp_dir().join(format!("xtask-node-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (installed, lock) = (folder.join("installed"), folder.join("lock"));
    let write = |path: &Path, age_s| {
        let time = SystemTime::now() - Duration::from_secs(age_s);
        File::create(path).unwrap().set_times(FileTimes::new().set_modified(time)).unwrap();
    };
    write(&lock, 10);
    assert!(is_older(&installed, &lock), "it is missing");
    write(&installed, 5);
    assert!(!is_older(&installed, &lock));
    write(&installed, 15);
    assert!(is_older(&installed, &lock));
    std::fs::remove_dir_all(folder).unwrap();
}
