use super::*;

#[test]
fn a_manifest_names_the_files_of_its_components_and_of_their_dependencies() {
    let files = supervise::wasm_files(include_str!("../../../spin.typescript.toml")).unwrap();
    let files = BTreeSet::from_iter(files);
    let built = |target| packages(&files, target).collect::<Vec<_>>().join(" ");
    let components = "--package=distributor --package=orders-api --package=receiver-complex";
    assert_eq!(built(WASI), components);
    assert_eq!(built(TARGETS[1]), "--package=orders-component");
    assert_eq!(files.len(), 5, "and the one of TypeScript: {files:?}");
}
