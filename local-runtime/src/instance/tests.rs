use super::*;

#[test]
fn released_versions_of_wasi_0_2_are_provided_and_all_else_gets_a_stub() {
    for name in ["wasi:io/streams@0.2.0", "wasi:http/types@0.2.12", "fermyon:spin/redis@2.0.0"] {
        assert!(is_provided(name), "{name}");
    }
    for name in [
        "wasi:http/types@0.2.0-rc-2023-11-10",
        "wasi:http/types@0.3.0",
        "wasi:keyvalue/store@0.2.0-draft2",
        "wasi:config/store@0.2.0-draft-2024-09-27",
        "fermyon:spin/sqlite@2.0.0",
        "fermyon:spin/redis",
        "other",
    ] {
        assert!(!is_provided(name), "{name}");
    }
}
