use super::*;

#[test]
fn the_llvm_version_is_read_from_rustc() {
    let version = "rustc 1.96.0 (x)\nbinary: rustc\nrelease: 1.96.0\nLLVM version: 22.1.8\n";
    assert_eq!(llvm_major(version), Some(22));
    assert_eq!(llvm_major("rustc 1.96.0\nrelease: 1.96.0\n"), None);
}

#[test]
fn cargo_looks_for_a_linker_by_the_name_of_the_target() {
    assert_eq!(linker_variable("wasm32-wasip1"), "CARGO_TARGET_WASM32_WASIP1_LINKER");
}

#[test]
fn what_rustup_and_cargo_set_is_kept_from_debians_compiler_but_not_the_users_cargo_home() {
    for name in ["RUSTUP_TOOLCHAIN", "CARGO", "RUSTC", "CARGO_PKG_NAME", "LD_LIBRARY_PATH"] {
        assert!(belongs_to_a_toolchain(name), "{name}");
    }
    for name in ["CARGO_HOME", "CARGO_NET_OFFLINE", "CARGO_REGISTRY_DEFAULT", "HOME", "PATH"] {
        assert!(!belongs_to_a_toolchain(name), "{name}");
    }
}
