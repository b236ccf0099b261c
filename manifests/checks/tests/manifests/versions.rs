//! One set of versions, and what documents promise.

use std::collections::BTreeMap;

use crate::support::{manifests, repository};

fn read(file: &str) -> String {
    std::fs::read_to_string(repository().join(file)).unwrap()
}

fn versions() -> BTreeMap<String, String> {
    let text = read("manifests/versions.env");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.map(|line| line.split_once('=').unwrap_or_else(|| panic!("{line}")));
    pairs.map(|(name, version)| (name.to_owned(), version.to_owned())).collect()
}

/// Words of a text that look like a version, without a `v`.
fn versions_in(text: &str) -> Vec<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    let words = words.map(|word| word.trim_start_matches('v').trim_end_matches('.'));
    let is_version = |word: &&str| {
        let parts: Vec<&str> = word.split('.').collect();
        parts.len() == 3 && parts.iter().all(|part| part.parse::<u32>().is_ok())
    };
    words.filter(is_version).collect()
}

#[test]
fn the_page_about_deployment_installs_these_versions_and_no_others() {
    let page = read("docs/operate.md");
    let (_, install) = page.split_once("\n## What has to be installed\n").unwrap();
    let (install, _) = install.split_once("\n## ").unwrap();
    let known = versions();
    let named = versions_in(install);
    assert!(named.len() > 8, "{named:?}");
    for version in &named {
        assert!(known.values().any(|known| known == version), "{version} is not in versions.env");
    }
    for (name, version) in known.iter().filter(|(name, _)| *name != "K3D") {
        assert!(named.contains(&version.as_str()), "the page does not name {name} {version}");
    }
}

#[test]
fn the_page_about_the_schemas_of_custom_kinds_names_these_versions() {
    let readme = read("manifests/checks/crds/README.md");
    let known = versions();
    for (project, name) in [("spin-operator", "SPIN_OPERATOR"), ("kedacore/keda", "KEDA")] {
        let line = readme.lines().find(|line| line.contains(project)).unwrap();
        assert!(line.contains(&format!("| {} |", known[name])), "{line}");
    }
}

#[test]
fn ci_and_scripts_have_no_versions_of_their_own() {
    let ci = read(".github/workflows/ci.yml");
    let script = read("manifests/overlays/k3d/burst.sh");
    for (name, version) in versions() {
        assert!(!ci.contains(&version) && !script.contains(&version), "{name} {version}");
        let is_used = [&ci, &script].iter().any(|text| text.contains(&format!("${name}")));
        assert!(is_used || name.contains("MANAGER"), "nothing uses {name}");
    }
}

#[test]
fn a_deployed_runtime_class_is_that_of_the_manager_which_the_page_names() {
    let page = read("docs/operate.md");
    let pools = read("manifests/overlays/aks-arm/pools.yaml");
    assert!(page.contains("`spin-v2`") && pools.contains("handler: spin-v2"), "{pools}");
    assert!(page.contains("runtime-class-manager"));
}

/// Images of `OWNER` do not exist, and are named in kustomizations only.
#[test]
fn images_are_named_in_kustomizations_only_and_all_of_one_owner() {
    fn walk(folder: &std::path::Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|end| end == "yaml") {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                let text = std::fs::read_to_string(&path).unwrap();
                let owners = text.split("ghcr.io/").skip(1).map(|it| it.split('/').next().unwrap());
                found.extend(owners.map(|owner| (name.clone(), owner.to_owned())));
            }
        }
    }
    let mut found = Vec::new();
    for folder in ["base", "overlays"] {
        walk(&manifests().join(folder), &mut found);
    }
    assert_eq!(found.len(), 8, "{found:?}");
    let one = ("kustomization.yaml".to_owned(), found[0].1.clone());
    assert!(found.iter().all(|it| *it == one), "{found:?}");
}
