use super::*;

#[test]
fn a_file_without_end_is_an_error() {
    let error = read(Path::new("/dev/zero")).unwrap_err().to_string();
    assert_eq!(error, "/dev/zero: expected at most 64 MiB");
}
