use super::*;

/// A manifest without the receiver of the simple lane, and that receiver without what differs.
fn apart(manifest: &str) -> (toml::Table, toml::Table) {
    let mut manifest: toml::Table = manifest.parse().unwrap();
    let components = manifest["component"].as_table_mut().unwrap();
    let mut receiver = match components.remove("receiver-simple") {
        Some(toml::Value::Table(receiver)) => receiver,
        other => panic!("{other:?}"),
    };
    for field in ["source", "description", "build", "dependencies"] {
        receiver.remove(field);
    }
    (manifest, receiver)
}

#[test]
fn the_variant_in_typescript_is_the_same_application_with_another_receiver() {
    let (rust, receiver) = apart(include_str!("../../../spin.toml"));
    let (typescript, other) = apart(include_str!("../../../spin.typescript.toml"));
    assert_eq!(rust, typescript);
    assert_eq!(receiver, other);
    assert!(receiver.contains_key("variables"), "{receiver:?}");
}

#[test]
fn the_bells_of_the_app_are_those_of_its_manifest() {
    let manifest = include_str!("../../../spin.toml");
    let expected = ["orders.ingress", "orders.simple", "orders.complex"];
    assert_eq!(channels(manifest).unwrap(), expected);
}
