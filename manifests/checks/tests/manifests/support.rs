//! Where things are, and what every test begins with.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use manifest_checks::application::Application;
use manifest_checks::checks::Inputs;
use manifest_checks::object::Object;
use manifest_checks::render::render;

/// The Secrets that a script creates: for each name its keys and values.
pub(crate) type Secrets = BTreeMap<String, BTreeMap<String, String>>;

/// An access key, which has characters with a meaning in a URL.
pub(crate) const KEY: &str = "a+/:@b1=";

pub(crate) fn manifests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

pub(crate) fn repository() -> PathBuf {
    manifests().parent().unwrap().to_owned()
}

/// Every folder below that can be applied: those with a Kustomization, not kustomize components.
pub(crate) fn kustomizations() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        let is_one = |text: String| text.lines().any(|line| line == "kind: Kustomization");
        if std::fs::read_to_string(folder.join("kustomization.yaml")).is_ok_and(is_one) {
            found.push(folder.to_owned());
        }
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("checks") {
                walk(&path, found);
            }
        }
    }
    let mut found = Vec::new();
    walk(&manifests(), &mut found);
    found.sort();
    found
}

pub(crate) fn base() -> Vec<Object> {
    rendered("base")
}

/// A folder of `manifests/`, rendered once for all tests: kubectl takes most of their time.
pub(crate) fn rendered(folder: impl AsRef<Path>) -> Vec<Object> {
    static RENDERED: Mutex<BTreeMap<PathBuf, Vec<Object>>> = Mutex::new(BTreeMap::new());
    let folder = manifests().join(folder);
    // Only what was rendered is kept, also when a test panicked.
    let mut all = RENDERED.lock().unwrap_or_else(PoisonError::into_inner);
    all.entry(folder).or_insert_with_key(|folder| render(folder).unwrap()).clone()
}

pub(crate) fn application() -> Application {
    Application::parse(&std::fs::read_to_string(repository().join("spin.toml")).unwrap()).unwrap()
}

/// A folder rendered, with the application, and the Secrets that `create-secrets.sh` makes for it.
pub(crate) fn inputs(folder: &Path) -> Inputs {
    inputs_of(rendered(folder))
}

/// The same for objects that are rendered.
pub(crate) fn inputs_of(objects: Vec<Object>) -> Inputs {
    let settings = object(&objects, "ConfigMap/settings");
    let mut secrets = if objects.iter().any(|object| object.id() == "StatefulSet/redis") {
        let namespace = objects.iter().find(|object| object.kind() == "Namespace").unwrap();
        secrets(&[], &[("NAMESPACE", namespace.name())])
    } else {
        let url = settings.text("/data/redis_url");
        let host = url.split_once("://").unwrap().1;
        secrets(&["managed"], &[("REDIS_HOST", host), ("REDIS_PASSWORD", KEY)])
    };
    secrets.extend(order_source());
    Inputs { objects, application: application(), secrets }
}

fn order_source() -> Secrets {
    secrets(&["order-source"], &[("CONNECTION", "amqp://broker")])
}

pub(crate) fn object<'a>(objects: &'a [Object], id: &str) -> &'a Object {
    objects.iter().find(|object| object.id() == id).unwrap_or_else(|| panic!("there is no {id}"))
}

/// What `create-secrets.sh` creates. The script runs with a fake kubectl.
pub(crate) fn secrets(arguments: &[&str], environment: &[(&str, &str)]) -> Secrets {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("kubectl");
    let text = "#!/bin/sh\nfolder=${0%/*}\ncase \"$3 $4\" in\n'get secret') exit 1 ;;\n\
                'create secret') [ \"$5 $7\" = 'generic --from-env-file=/dev/stdin' ] && \
                 cat > \"$folder/$6.env\" ;;\n\
                *) exit 2 ;;\nesac\n";
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let output = Command::new(manifests().join("create-secrets.sh"))
        .args(arguments)
        .env("PATH", path)
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let mut secrets = Secrets::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "env") {
            let lines = std::fs::read_to_string(&path).unwrap();
            let pairs = lines.lines().map(|line| line.split_once('=').unwrap());
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            secrets.insert(
                name,
                pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            );
        }
    }
    secrets
}
