use super::*;

const TEXT: &str = "\
resources: [a.yaml]
# Here.
images:
  - name: order-pipeline
    newName: ghcr.io/example/order-pipeline
    newTag: 0.1.0
  - name: loadtest
    newTag: 0.1.0
";

fn digest() -> String {
    format!("sha256:{}", "ab".repeat(32))
}

#[test]
fn a_reference_has_registry_name_and_tag() {
    let expected = Reference { name: "localhost:5050/a/b", tag: "0.1.0" };
    assert_eq!(Reference::parse("localhost:5050/a/b:0.1.0").unwrap(), expected);
    for wrong in [
        "a:1",
        "ghcr.io/a/b",
        "localhost:5050/a",
        "ghcr.io/A/b:1",
        "ghcr.io/a/b:",
        "ghcr.io/a/:1",
        "ghcr.io/a:1 2",
    ] {
        assert!(Reference::parse(wrong).is_err(), "{wrong}");
    }
    let error = Reference::parse(&format!("ghcr.io/a/b@{}", digest())).unwrap_err();
    assert!(error.to_string().contains("digest"), "{error}");
}

#[test]
fn only_a_whole_digest_is_taken() {
    assert_eq!(digest_in(&format!("Pushed with digest {}", digest())), Some(digest()));
    assert_eq!(digest_in("Pushed with digest sha256:ab"), None);
    assert_eq!(digest_in("Pushed; the registry did not return the digest"), None);
}

#[test]
fn renaming_changes_the_entry_and_nothing_else_and_can_be_done_again() {
    let reference = Reference { name: "ghcr.io/owner/app", tag: "1.0" };
    let once = RUST.rename(TEXT, &lines(&reference, Some(&digest()))).unwrap();
    let expected = TEXT.replace("example/order-pipeline", "owner/app").replacen(
        "newTag: 0.1.0",
        &format!("digest: {}", digest()),
        1,
    );
    assert_eq!(once, expected);
    assert_eq!(RUST.rename(&once, &lines(&reference, Some(&digest()))).unwrap(), once);
    let tagged = RUST.rename(&once, &lines(&reference, None)).unwrap();
    assert!(tagged.contains("    newTag: \"1.0\"\n") && !tagged.contains("digest"), "{tagged}");
}

#[test]
fn other_kustomizations_follow_the_application_and_its_owner() {
    let overlay = "\
images:
  - name: ghcr.io/old/order-pipeline
    newName: registry:5000/order-pipeline
    newTag: 0.1.0
  - name: ghcr.io/old/loadtest
    newName: ghcr.io/old/loadtest
    newTag: 0.1.0
";
    let expected = "\
images:
  - name: ghcr.io/me/shop
    newName: registry:5000/order-pipeline
    newTag: 0.1.0
  - name: ghcr.io/me/loadtest
    newName: ghcr.io/me/loadtest
    newTag: \"1.0\"
";
    let reference = Reference { name: "ghcr.io/me/shop", tag: "1.0" };
    assert_eq!(rename_others(overlay, "ghcr.io/old/order-pipeline", &reference), expected);
}

#[test]
fn a_kustomization_of_another_shape_is_refused() {
    let reference = Reference { name: "ghcr.io/owner/app", tag: "1" };
    for wrong in [
        "images: []\n".to_owned(),
        format!("{TEXT}  - name: order-pipeline\n"),
        TEXT.replace("    newTag: 0.1.0\n  - name: loadtest", "    # why\n  - name: loadtest"),
    ] {
        assert!(RUST.rename(&wrong, &lines(&reference, None)).is_err(), "{wrong}");
    }
}

#[test]
fn the_repository_s_own_kustomizations_can_be_renamed() {
    for application in [RUST, TYPESCRIPT] {
        let text = read(application.kustomization).unwrap();
        let reference = Reference { name: "ghcr.io/owner/app", tag: "1" };
        let renamed = application.rename(&text, &lines(&reference, Some(&digest()))).unwrap();
        assert_eq!(renamed.lines().count(), text.lines().count());
        assert_eq!(renamed.lines().zip(text.lines()).filter(|(new, old)| new != old).count(), 2);
        assert!(repository::root().join(application.manifest).exists(), "{application:?}");
    }
}
