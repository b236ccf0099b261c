//! The overlays: what each is for, how they combine, and the programs and scripts around them.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use clap::CommandFactory;
use conventional::cli::Arguments;
use manifest_checks::object::{Object, containers};
use manifest_checks::render::render;
use orders::pipeline::{STREAMS, component};
use serde_json::Value;

use crate::support::{inputs, inputs_of, kustomizations, manifests, object, repository};

const README_SECTIONS: [&str; 4] =
    ["## What it changes", "## Apply", "## Go back", "## Good to know"];

fn overlays() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(manifests().join("overlays")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn stage(name: &str) -> Vec<Object> {
    render(&manifests().join("overlays/migration").join(name)).unwrap()
}

#[test]
fn every_overlay_has_a_readme_of_the_same_shape_and_a_kustomization() {
    let all = kustomizations();
    for overlay in overlays() {
        let readme = std::fs::read_to_string(overlay.join("README.md")).unwrap();
        let name = overlay.file_name().unwrap().to_str().unwrap();
        assert!(readme.starts_with(&format!("# {name}\n")), "{name}");
        let sections: Vec<&str> = readme.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(sections, README_SECTIONS, "{name}");
        assert!(all.iter().any(|folder| folder.starts_with(&overlay)), "{name}");
        let index = std::fs::read_to_string(manifests().join("README.md")).unwrap();
        assert!(
            index.contains(&format!("](overlays/{name}/README.md)")),
            "the README does not lead to {name}"
        );
    }
    assert_eq!(overlays().len(), 7);
}

#[test]
fn arm_pools_a_managed_redis_and_telemetry_can_be_had_together() {
    let folder = tempfile::tempdir().unwrap();
    let overlays = manifests().join("overlays");
    let text = format!(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [{0}/aks-arm]\n\
         components: [{0}/managed-redis/component, {0}/observability/component]\n",
        overlays.display()
    );
    std::fs::write(folder.path().join("kustomization.yaml"), text).unwrap();
    let objects = render(folder.path()).unwrap();
    for executor in objects.iter().filter(|object| object.kind() == "SpinAppExecutor") {
        assert!(
            !executor.text("/spec/deploymentConfig/otel/exporter_otlp_endpoint").is_empty(),
            "{executor}"
        );
    }
    let faults = inputs_of(objects).faults();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_second_deployment_beside_the_first_is_made_as_the_documentation_says() {
    let page = std::fs::read_to_string(repository().join("docs/deployment.md")).unwrap();
    let (_, section) = page.split_once("\n## One deployment per Redis\n").unwrap();
    let (_, rest) = section.split_once("```yaml\n").unwrap();
    let (kustomization, _) = rest.split_once("```").unwrap();
    let base = manifests().join("base");
    let kustomization = kustomization.replace("../../base", base.to_str().unwrap());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("kustomization.yaml"), kustomization).unwrap();
    let objects = render(folder.path()).unwrap();
    let namespace = objects.iter().find(|object| object.kind() == "Namespace").unwrap();
    assert_ne!(namespace.name(), "order-pipeline");
    let faults = inputs_of(objects).faults();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn each_stage_of_the_migration_has_the_pods_it_is_named_after() {
    // Containers of a role, pods of a SpinApp that KEDA is paused at, pods of the API.
    for (name, containers, paused, api) in [
        ("0-containers", 2, Some("0"), 0),
        ("1-both-90-10", 9, Some("1"), 2),
        ("2-both-50-50", 1, Some("1"), 2),
        ("3-wasm-only", 0, None, 2),
    ] {
        let objects = stage(name);
        for group in STREAMS.map(component) {
            let deployment = object(&objects, &format!("Deployment/{group}-container"));
            assert_eq!(deployment.0["spec"]["replicas"], containers, "{name} {group}");
            let scaler = object(&objects, &format!("ScaledObject/{group}"));
            let found = scaler.at("/metadata/annotations/autoscaling.keda.sh~1paused-replicas");
            assert_eq!(found.and_then(Value::as_str), paused, "{name} {group}");
        }
        assert_eq!(object(&objects, "SpinApp/orders-api").0["spec"]["replicas"], api, "{name}");
    }
}

#[test]
fn a_change_of_stage_changes_numbers_and_nothing_else() {
    let without_numbers = |name: &str| -> BTreeSet<String> {
        let objects = stage(name).into_iter().map(|mut object| {
            if object.kind() != "StatefulSet" && object.at("/spec/replicas").is_some() {
                object.0["spec"]["replicas"] = Value::Null;
            }
            if let Some(metadata) = object.0["metadata"].as_object_mut() {
                metadata.remove("annotations");
            }
            object.0.to_string()
        });
        objects.collect()
    };
    let first = without_numbers("0-containers");
    for name in ["1-both-90-10", "2-both-50-50", "3-wasm-only"] {
        assert_eq!(first, without_numbers(name), "{name}");
    }
}

#[test]
fn containers_are_given_what_the_service_reads_and_share_with_the_spin_apps() {
    let read: BTreeSet<String> = Arguments::command()
        .get_arguments()
        .filter_map(|argument| argument.get_env()?.to_str().map(str::to_owned))
        .collect();
    let objects = stage("1-both-90-10");
    for group in STREAMS.map(component) {
        let pods = object(&objects, &format!("Deployment/{group}-container")).pods().unwrap();
        assert_eq!(pods.labels["order-pipeline/role"], group);
        let spec = pods.spec.unwrap();
        let container = containers(&spec).next().unwrap();
        let given: BTreeSet<String> = container["env"]
            .as_array()
            .unwrap()
            .iter()
            .map(|variable| variable["name"].as_str().unwrap().to_owned())
            .collect();
        assert!(given.is_subset(&read), "{group}: {given:?} {read:?}");
        let app = object(&objects, &format!("SpinApp/{group}"));
        for variable in app.list("/spec/variables") {
            let name = variable["name"].as_str().unwrap().to_uppercase();
            assert!(
                given.contains(&name) || name == "REDIS_LOGIN",
                "{group}: {name} differs between both sides"
            );
        }
        let image = container["image"].as_str().unwrap();
        assert!(image.contains(&format!("/{group}-container:")), "{image}");
        let dockerfile = repository().join(format!("conventional/{group}.Dockerfile"));
        assert!(dockerfile.exists(), "{}", dockerfile.display());
    }
}

#[test]
fn the_image_of_the_load_test_is_built_like_those_of_the_service() {
    let build = |file: &str| {
        let text = std::fs::read_to_string(repository().join(file)).unwrap();
        let (_, rest) = text.split_once("\nFROM ").unwrap();
        rest.split_once("\nFROM scratch").unwrap().0.to_owned()
    };
    let service = build("conventional/distributor.Dockerfile").replace("conventional", "loadtest");
    assert_eq!(build("loadtest/Dockerfile"), service);
}

#[test]
fn nobody_is_let_in_to_the_door_without_a_token() {
    for broker in ["azure-service-bus", "rabbitmq", "kafka"] {
        let inputs = inputs(&manifests().join("overlays/dapr").join(broker));
        let open: Vec<_> = inputs
            .objects
            .iter()
            .filter(|object| object.texts("/spec/components").contains(&"orders-api"))
            .filter(|app| {
                !app.list("/spec/variables").iter().any(|variable| variable["name"] == "api_token")
            })
            .collect();
        assert_eq!(open.len(), 1, "{broker}");
        let labels = open[0].pods().unwrap().labels;
        for policy in
            inputs.objects.iter().filter(|object| !object.list("/spec/ingress").is_empty())
        {
            let selector =
                manifest_checks::object::strings(policy.at("/spec/podSelector/matchLabels"));
            let selects = selector.iter().all(|pair| labels.get(pair.0) == Some(pair.1));
            assert!(!selects, "{broker}: {policy} lets somebody in to {}", open[0]);
        }
    }
}

#[test]
fn scripts_are_good_shell() {
    let scripts =
        [manifests().join("create-secrets.sh"), manifests().join("overlays/k3d/burst.sh")];
    for script in scripts {
        assert!(Command::new("sh").arg("-n").arg(&script).status().unwrap().success());
        match Command::new("shellcheck").arg(&script).output() {
            Ok(output) => {
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
            }
            Err(_) => println!(
                "shellcheck is not installed: only the grammar of {} was looked at",
                script.display()
            ),
        }
    }
}
