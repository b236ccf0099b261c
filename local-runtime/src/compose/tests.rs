use super::*;

#[test]
fn a_dependency_is_named_after_an_interface_or_a_package_with_or_without_a_version() {
    let import = "foo:bar/baz@0.1.0";
    for name in ["foo:bar/baz@0.1.0", "foo:bar/baz", "foo:bar@0.1.0", "foo:bar"] {
        assert!(fits(name, import), "{name}");
    }
    for name in ["foo:bar/bub", "foo:ba", "foo", "foo:bar@0.1.1", "foo:bar/baz@0.2.0", ""] {
        assert!(!fits(name, import), "{name}");
    }
    assert!(fits("plain-name", "plain-name"));
    assert!(!fits("foo:bar@0.1.0", "foo:bar/baz"), "the import has no version");
}
