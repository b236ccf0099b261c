use super::*;

#[test]
fn settings_of_the_pipeline_do_not_reach_its_programs() {
    for name in ["SPIN_VARIABLE_API_TOKEN", "REDIS_URL", "QUEUE", "ROLE", "RUST_LOG"] {
        assert!(!is_kept(OsStr::new(name)), "{name}");
    }
    for name in ["PATH", "HOME", "LC_ALL", "XDG_CACHE_HOME"] {
        assert!(is_kept(OsStr::new(name)), "{name}");
    }
}

#[test]
fn a_program_is_found_on_the_path_and_a_missing_one_is_not() {
    assert!(on_path("sh").is_some_and(|file| file.ends_with("sh")));
    assert_eq!(on_path("no-such-program-here"), None);
}
