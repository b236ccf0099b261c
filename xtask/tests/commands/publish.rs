//! `cargo xtask publish`, with a stand-in for `spin`.

use std::fs;

use crate::fixture::{Fixture, finish};

const REFERENCE: &str = "ghcr.io/owner/order-pipeline:1.2.3";
const KUSTOMIZATION: &str = "images:\n  - name: order-pipeline\n    newName: ghcr.io/example/order-pipeline\n    newTag: 0.1.0\n";

fn with_kustomization(text: &str) -> Fixture {
    let fixture = Fixture::new();
    fs::create_dir_all(fixture.root().join("manifests/base")).unwrap();
    fs::write(fixture.root().join("manifests/base/kustomization.yaml"), text).unwrap();
    fixture
}

fn kustomization(fixture: &Fixture) -> String {
    fs::read_to_string(fixture.root().join("manifests/base/kustomization.yaml")).unwrap()
}

fn digest() -> String {
    format!("sha256:{}", "0f".repeat(32))
}

/// Publishes to a registry that tells a digest.
fn publish(fixture: &Fixture, flags: &[&str]) -> (i32, String) {
    let mut command = fixture.command(&[&["publish", REFERENCE], flags].concat());
    finish(command.env("STAND_IN_PUSHED", format!("Pushed with digest {}", digest())))
}

#[test]
fn publish_builds_then_pushes_and_says_what_the_manifests_have_to_name() {
    let fixture = with_kustomization(KUSTOMIZATION);
    let (code, text) = publish(&fixture, &[]);
    assert_eq!(code, 0, "{text}");
    let build = text.find("cargo arguments build").expect(&text);
    let push = text.find("spin arguments registry push -f ").expect(&text);
    assert!(build < push, "{text}");
    assert!(text.contains(&format!("spin.toml {REFERENCE}")), "{text}");
    assert!(text.contains("newName: ghcr.io/owner/order-pipeline\n"), "{text}");
    assert!(text.contains(&format!("digest: {}", digest())) && text.contains("--set"), "{text}");
    assert_eq!(kustomization(&fixture), KUSTOMIZATION, "without --set nothing is written");
}

#[test]
fn publish_with_set_writes_name_and_digest() {
    let fixture = with_kustomization(KUSTOMIZATION);
    let (code, text) = publish(&fixture, &["--set", "--insecure"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(&format!("--insecure {REFERENCE}")), "{text}");
    let expected = format!(
        "images:\n  - name: order-pipeline\n    newName: ghcr.io/owner/order-pipeline\n    digest: {}\n",
        digest()
    );
    assert_eq!(kustomization(&fixture), expected);
}

#[test]
fn publish_with_set_names_the_owner_of_all_images_and_their_tag() {
    let further = "  - name: loadtest\n    newName: ghcr.io/example/loadtest\n    newTag: 0.1.0\n";
    let fixture = with_kustomization(&format!("{KUSTOMIZATION}{further}"));
    let overlay = fixture.root().join("manifests/overlays/a/kustomization.yaml");
    fs::create_dir_all(overlay.parent().unwrap()).unwrap();
    let text = "images:\n  - name: ghcr.io/example/order-pipeline\n    newName: localhost/app\n    newTag: 0.1.0\n";
    fs::write(&overlay, text).unwrap();
    let (code, said) = publish(&fixture, &[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("overlays/a/kustomization.yaml names the old owner too"), "{said}");
    assert_eq!(fs::read_to_string(&overlay).unwrap(), text);

    let (code, said) = publish(&fixture, &["--set"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("overlays/a/kustomization.yaml was changed too"), "{said}");
    assert_eq!(fs::read_to_string(&overlay).unwrap(), text.replace("example", "owner"));
    let base = kustomization(&fixture);
    assert!(
        base.ends_with("    newName: ghcr.io/owner/loadtest\n    newTag: \"1.2.3\"\n"),
        "{base}"
    );
    let (_, again) = publish(&fixture, &["--set"]);
    assert_eq!(kustomization(&fixture), base, "{again}");
}

#[test]
fn publish_to_a_registry_that_tells_no_digest_falls_back_to_the_tag() {
    let fixture = with_kustomization(KUSTOMIZATION);
    let (code, text) = fixture.run(&["publish", REFERENCE, "--set"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("told no digest"), "{text}");
    assert!(kustomization(&fixture).contains("newTag: \"1.2.3\""), "{}", kustomization(&fixture));
}

#[test]
fn publish_without_spin_says_so_and_builds_nothing() {
    let fixture = with_kustomization(KUSTOMIZATION);
    fixture.remove_program("spin");
    let (code, text) = publish(&fixture, &[]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("`spin` is not on the PATH"), "{text}");
    assert!(!text.contains("cargo arguments"), "{text}");
}

#[test]
fn publish_refuses_a_reference_or_a_kustomization_it_cannot_use_before_it_pushes() {
    let fixture = with_kustomization("images: []\n");
    let (code, text) = publish(&fixture, &["--set"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("should have one"), "{text}");
    assert!(!text.contains("spin arguments"), "{text}");

    let (code, text) = fixture.run(&["publish", "order-pipeline"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("registry/name:tag") && !text.contains("spin arguments"), "{text}");
}

#[test]
fn a_push_that_fails_changes_nothing_and_fails_the_command() {
    let fixture = with_kustomization(KUSTOMIZATION);
    let mut command = fixture.command(&["publish", REFERENCE, "--set"]);
    // The stand-ins of cargo and rustc end with the same code, so a program of its own plays spin.
    fixture.remove_program("spin");
    let script = fixture.programs().join("spin");
    fs::write(&script, "#!/bin/sh\necho 'Error: denied' >&2\nexit 3\n").unwrap();
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let (code, text) = finish(&mut command);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("denied") && text.contains("spin registry push failed"), "{text}");
    assert_eq!(kustomization(&fixture), KUSTOMIZATION);
}
