use super::*;

#[test]
fn a_group_is_a_name_and_its_files() {
    let files = ["a.json", "b.json"].map(PathBuf::from).to_vec();
    assert_eq!(group("wasm=a.json, b.json"), Ok(NamedFiles { name: "wasm".into(), files }));
    for wrong in ["a.json", "=a.json", "wasm=", "wasm=a.json,,b.json"] {
        assert!(group(wrong).is_err(), "{wrong}");
    }
}
