//! The renderer refuses by name what it does not know, and changes nothing quietly.

use std::path::Path;

use manifest_checks::render::render;

const HEAD: &str = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
const OBJECT: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {key: value}\n";

/// Renders a folder with an object and this kustomization.
fn rendered(kustomization: &str) -> Result<Vec<String>, String> {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "object.yaml", OBJECT);
    write(folder.path(), "kustomization.yaml", kustomization);
    match render(folder.path()) {
        Ok(objects) => Ok(objects.iter().map(|object| object.0.to_string()).collect()),
        Err(error) => Err(format!("{error:#}")),
    }
}

fn write(folder: &Path, file: &str, text: &str) {
    std::fs::write(folder.join(file), text).unwrap();
}

#[test]
fn what_it_does_not_know_is_refused_by_name() {
    for (rest, expected) in [
        ("resources: [object.yaml]\nnamePrefix: x-\n", "namePrefix"),
        ("secretGenerator: [{name: a, literals: [b=c]}]\n", "secretGenerator"),
        (
            "resources: [object.yaml]\nlabels: [{pairs: {a: b}, includeSelectors: true}]\n",
            "includeSelectors",
        ),
        ("images: [{name: a, newtag: b}]\n", "newtag"),
        ("resources: [https://example.org/x]\n", "nothing is fetched"),
        ("resources: [../object.yaml]\n", "outside"),
        ("resources: [absent.yaml]\n", "absent.yaml"),
        ("resources: [object.yaml, object.yaml]\n", "twice"),
        ("resources: [object.yaml]\nresources: [object.yaml]\n", "duplicate"),
        (
            "resources: [object.yaml]\npatches: [{target: {kind: ConfigMap, labelSelector: a=b}, patch: '[]'}]\n",
            "labelSelector",
        ),
        (
            "resources: [object.yaml]\npatches: [{target: {kind: Config.*}, patch: '[]'}]\n",
            "plain name",
        ),
        (
            "resources: [object.yaml]\npatches: [{target: {kind: Job}, patch: '[{op: remove, path: /data}]'}]\n",
            "nothing to patch",
        ),
        (
            "resources: [object.yaml]\npatches: [{target: {kind: ConfigMap}, patch: '[{op: remove, path: /spec}]'}]\n",
            "failed to patch ConfigMap/a",
        ),
        (
            "resources: [object.yaml]\npatches: [{patch: '{kind: ConfigMap, metadata: {name: b}}'}]\n",
            "no ConfigMap/b",
        ),
        (
            "resources: [object.yaml]\npatches: [{patch: '{kind: ConfigMap, metadata: {name: a}, data: [x]}'}]\n",
            "a list",
        ),
        (
            "resources: [object.yaml]\npatches: [{patch: '{kind: ConfigMap, metadata: {name: a}, $patch: replace}'}]\n",
            "$patch",
        ),
        (
            "resources: [object.yaml]\npatches:\n  - patch: |-\n      {kind: ConfigMap, metadata: {name: a}, $patch: delete}\n      ---\n      {kind: ConfigMap, metadata: {name: a}}\n",
            "a patch of its own",
        ),
    ] {
        let error = rendered(&format!("{HEAD}{rest}")).expect_err(rest);
        assert!(error.contains(expected), "{rest}: {error}");
    }
    let error = rendered("apiVersion: v1\nkind: Kustomization\n").unwrap_err();
    assert!(error.contains("expected a Kustomization"), "{error}");
}

#[test]
fn maps_are_merged_null_removes_and_delete_takes_the_object_away() {
    let patched = |patch: &str| {
        rendered(&format!(
            "{HEAD}resources: [object.yaml]\npatches:\n  - patch: |-\n      {patch}\n"
        ))
        .unwrap()
    };
    let merged = patched("{kind: ConfigMap, metadata: {name: a}, data: {key: null, other: x}}");
    assert_eq!(merged.len(), 1);
    assert!(merged[0].contains(r#""data":{"other":"x"}"#), "{merged:?}");
    assert!(patched("{kind: ConfigMap, metadata: {name: a}, $patch: delete}").is_empty());
}
