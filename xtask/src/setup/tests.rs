use super::*;

#[test]
fn the_version_of_redis_and_valkey_is_read() {
    let redis = "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=a";
    assert_eq!(redis_version(redis).as_deref(), Some("7.0.15"));
    let valkey = "Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=b";
    assert_eq!(redis_version(valkey).as_deref(), Some("8.1.1"));
    assert_eq!(redis_version("something else"), None);
}

#[test]
fn redis_from_7_0_on_is_new_enough() {
    for version in ["7.0.0", "7.0.15", "7.2", "8.0.1", "10.1.0"] {
        assert!(is_new_enough(version, REDIS_AT_LEAST), "{version}");
    }
    for version in ["6.2.99", "2.8.0", "7", "", "next.1"] {
        assert!(!is_new_enough(version, REDIS_AT_LEAST), "{version}");
    }
}

#[test]
fn a_program_is_installed_only_if_it_is_missing_and_has_to_run_afterwards() {
    let installs = std::cell::Cell::new(0);
    let install = || {
        installs.set(installs.get() + 1);
        Ok(())
    };
    assert_eq!(ensure("x", || Some("1".to_owned()), install).unwrap(), "1");
    assert_eq!(installs.get(), 0);
    let found = || (installs.get() > 0).then(|| "2".to_owned());
    assert_eq!(ensure("x", found, install).unwrap(), "2");
    let error = ensure("x, the tool", || None, install).unwrap_err();
    assert!(error.to_string().contains("x, the tool"), "{error:#}");
}
