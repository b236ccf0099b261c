//! Every kustomization renders, and every object fits its schema.

use std::path::Path;

use manifest_checks::render::render;
use manifest_checks::schema::Schemas;
use serde_json::json;

use crate::support::{base, kustomizations, object};

fn schemas() -> Schemas {
    Schemas::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("crds")).unwrap()
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
fn what_kubectl_refuses_or_warns_about_is_no_rendering() {
    let folder = tempfile::tempdir().unwrap();
    let head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
    for (rest, expected) in
        [("resources: [absent.yaml]\n", "absent.yaml"), ("commonLabels: {a: b}\n", "deprecated")]
    {
        std::fs::write(folder.path().join("kustomization.yaml"), format!("{head}{rest}")).unwrap();
        let error = render(folder.path()).unwrap_err();
        assert!(format!("{error:#}").contains(expected), "{error:#}");
    }
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
