use super::*;

#[test]
fn components_and_dependencies_name_files_and_a_url_is_none() {
    let manifest = "
        [component.a]
        source = \"a.wasm\"
        dependencies = { \"b:c\" = { path = \"b.wasm\" }, \"d:e\" = \"1.0\" }
        [component.f]
        source = { url = \"https://example.com/f.wasm\" }";
    assert_eq!(wasm_files(manifest).unwrap(), ["a.wasm", "b.wasm"]);
    assert!(wasm_files("").unwrap_err().to_string().contains("names no Wasm file"));
    assert!(wasm_files("[component").is_err());
    for (manifest, expected) in [(".", "not a file"), ("Cargo.toml", "names no Wasm file")] {
        assert!(wasm_bytes(Path::new(manifest)).unwrap_err().to_string().contains(expected));
    }
}
