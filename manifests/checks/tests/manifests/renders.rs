//! Every kustomization renders as kubectl does where it is installed, and every object fits its schema.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use manifest_checks::object::Object;
use manifest_checks::render::{documents, render};
use manifest_checks::schema::Schemas;
use serde_json::{Value, json};

use crate::support::{base, kustomizations, manifests, object};

fn schemas() -> Schemas {
    Schemas::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("crds")).unwrap()
}

fn by_id(objects: Vec<Object>) -> BTreeMap<String, Value> {
    let count = objects.len();
    let map: BTreeMap<_, _> = objects.into_iter().map(|object| (object.id(), object.0)).collect();
    assert_eq!(map.len(), count, "an object is there twice");
    map
}

/// What kustomize itself, or kubectl, renders; none where neither is installed.
fn rendered_by_kustomize(folder: &Path) -> Option<Vec<Object>> {
    let programs: [(&str, &[&str]); 2] = [("kustomize", &["build"]), ("kubectl", &["kustomize"])];
    for (program, arguments) in programs {
        let Ok(output) = Command::new(program).args(arguments).arg(folder).output() else {
            continue;
        };
        let errors = String::from_utf8_lossy(&output.stderr);
        // Releases before 5.0 do not know all fields; Debian's kubectl is one of them.
        if !output.status.success() && is_old(program) {
            continue;
        }
        assert!(output.status.success(), "{program}: {errors}");
        assert!(!errors.contains("deprecated"), "{program}: {errors}");
        let text = String::from_utf8(output.stdout).unwrap();
        return Some(documents::<Value>(&text).unwrap().into_iter().map(Object).collect());
    }
    None
}

fn is_old(program: &str) -> bool {
    let arguments: &[&str] =
        if program == "kubectl" { &["version", "--client"] } else { &["version"] };
    let output = Command::new(program).args(arguments).output().unwrap();
    !String::from_utf8_lossy(&output.stdout).contains("v5.")
}

#[test]
fn every_kustomization_renders_and_every_object_fits_the_schema_of_its_kind() {
    let schemas = schemas();
    let mut faults = Vec::new();
    for folder in kustomizations() {
        let objects = render(&folder).unwrap();
        assert!(!objects.is_empty(), "{}", folder.display());
        let found = objects.iter().flat_map(|object| schemas.faults(object));
        faults.extend(found.map(|fault| format!("{}: {fault}", folder.display())));
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn kustomize_renders_the_same_where_it_is_installed() {
    let mut compared = 0;
    for folder in kustomizations() {
        let Some(theirs) = rendered_by_kustomize(&folder) else { continue };
        let (ours, theirs) = (by_id(render(&folder).unwrap()), by_id(theirs));
        assert!(
            ours.keys().eq(theirs.keys()),
            "{}: {:?} {:?}",
            folder.display(),
            ours.keys(),
            theirs.keys()
        );
        for (id, object) in &ours {
            assert_eq!(object, &theirs[id], "{} {id}", folder.display());
        }
        compared += 1;
    }
    println!(
        "{compared} of {} renderings compared with those of kustomize",
        kustomizations().len()
    );
}

#[test]
fn a_schema_catches_an_unknown_field_a_wrong_type_and_what_is_absent() {
    let broken = [
        ("SpinApp/distributor", "/spec", "replica", json!(1), "replica"),
        ("SpinApp/distributor", "/spec/checks/readiness", "httpget", json!({}), "httpget"),
        ("SpinApp/distributor", "/spec", "nodeSelector", json!({}), "nodeSelector"),
        (
            "ScaledObject/distributor",
            "/spec/triggers/0/metadata",
            "streamLength",
            json!(5000),
            "string",
        ),
        ("ScaledObject/distributor", "/spec", "minReplicas", json!(1), "minReplicas"),
        (
            "StatefulSet/redis",
            "/spec/template/spec/containers/0",
            "imagepullpolicy",
            json!("Always"),
            "imagepull",
        ),
        ("StatefulSet/redis", "/spec", "replicas", json!("1"), "integer"),
        ("Service/redis", "/metadata", "label", json!({}), "label"),
        (
            "TriggerAuthentication/redis",
            "/spec/secretTargetRef/0",
            "secret",
            json!("redis"),
            "secret",
        ),
        ("SpinApp/distributor", "/metadata", "label", json!({}), "label"),
        ("SpinApp/distributor", "", "kind", json!("SpinnApp"), "no schema"),
    ];
    let schemas = schemas();
    for (id, pointer, field, value, expected) in broken {
        let mut object = object(&base(), id).clone();
        object.0.pointer_mut(pointer).unwrap()[field] = value;
        let faults = schemas.faults(&object);
        assert!(
            faults.iter().any(|fault| fault.contains(expected)),
            "{id} {pointer}/{field}: {faults:?}"
        );
    }
    let mut object = object(&base(), "SpinApp/distributor").clone();
    object.0["spec"].as_object_mut().unwrap().remove("executor");
    assert!(schemas.faults(&object)[0].contains("executor"));
}

#[test]
fn the_custom_kinds_are_those_of_the_projects() {
    // Beside the repository the originals may lie; what is kept here has to be the same.
    let originals = match std::env::var_os("CRDS") {
        Some(folder) => folder.into(),
        None => manifests().join("../../shared/crds"),
    };
    let Ok(entries) = std::fs::read_dir(&originals) else {
        println!("{} is not there: manifests/checks/crds is used as it is", originals.display());
        return;
    };
    for entry in entries {
        let original = entry.unwrap().path();
        let kept =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("crds").join(original.file_name().unwrap());
        assert_eq!(
            std::fs::read_to_string(kept).unwrap(),
            std::fs::read_to_string(original).unwrap()
        );
    }
}
