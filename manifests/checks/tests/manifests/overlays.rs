//! The overlays: what each is for, how they combine, and the programs around them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use conventional::cli::Arguments;
use manifest_checks::object::{Object, containers};
use manifest_checks::render::render;
use orders::pipeline::{STREAMS, component};
use serde_json::Value;

use crate::support::{
    KEY, inputs, inputs_of, kustomizations, manifests, object, rendered, repository,
};

const README_SECTIONS: [&str; 4] =
    ["## Apply", "## What you should see", "## Take it away", "## Good to know"];
/// A screen.
const README_LINES: usize = 60;

/// The head that the README gives an overlay of one's own.
const SORTED: &str = "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
sortOptions:
  order: legacy
  legacySortOptions:
    orderFirst: [Namespace, ServiceAccount, SpinAppExecutor, ConfigMap]
    orderLast: [SpinApp, ScaledObject]
";

fn overlays() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(manifests().join("overlays")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// A path as kustomize wants it: relative.
fn from(folder: &Path, to: &Path) -> String {
    let depth = folder.canonicalize().unwrap().components().count() - 1;
    format!("{}{}", "../".repeat(depth), to.strip_prefix("/").unwrap().display())
}

fn stage(name: &str) -> Vec<Object> {
    rendered(Path::new("overlays/migration").join(name))
}

#[test]
fn every_overlay_has_a_readme_of_the_same_shape_and_a_kustomization() {
    let all = kustomizations();
    for overlay in overlays() {
        let name = overlay.file_name().unwrap().to_str().unwrap();
        let readme = std::fs::read_to_string(overlay.join("README.md"));
        let readme = readme.unwrap_or_else(|_| panic!("overlays/{name} has no README.md"));
        assert!(readme.starts_with(&format!("# {name}\n")), "{name}");
        let sections: Vec<&str> = readme.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(sections, README_SECTIONS, "{name}");
        assert!(readme.lines().count() <= README_LINES, "{name}");
        assert!(all.iter().any(|folder| folder.starts_with(&overlay)), "{name}");
        let index = std::fs::read_to_string(manifests().join("README.md")).unwrap();
        assert!(
            index.contains(&format!("](overlays/{name}/README.md)")),
            "the README does not lead to {name}"
        );
    }
    assert_eq!(overlays().len(), 8);
}

#[test]
fn arm_pools_a_managed_redis_and_telemetry_can_be_had_together() {
    let folder = tempfile::tempdir().unwrap();
    let overlays = manifests().join("overlays");
    let text = format!(
        "{SORTED}resources: [{0}/aks-arm]\n\
         components: [{0}/managed-redis/component, {0}/observability/component]\n",
        from(folder.path(), &overlays)
    );
    std::fs::write(folder.path().join("kustomization.yaml"), text).unwrap();
    let readme = std::fs::read_to_string(manifests().join("README.md")).unwrap();
    assert!(readme.contains(SORTED), "the README says how");
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
    let page = std::fs::read_to_string(repository().join("docs/operate.md")).unwrap();
    let (_, section) = page.split_once("\n## A second deployment\n").unwrap();
    let (_, rest) = section.split_once("```yaml\n").unwrap();
    let (kustomization, _) = rest.split_once("```").unwrap();
    let base = manifests().join("base");
    let folder = tempfile::tempdir().unwrap();
    let kustomization = kustomization.replace("../../base", &from(folder.path(), &base));
    std::fs::write(folder.path().join("kustomization.yaml"), kustomization).unwrap();
    let objects = render(folder.path()).unwrap();
    let namespace = objects.iter().find(|object| object.kind() == "Namespace").unwrap();
    assert_ne!(namespace.name(), "order-pipeline");
    let faults = inputs_of(objects).faults();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn each_stage_of_the_migration_has_the_pods_it_is_named_after() {
    // Containers of a role, pods of a SpinApp that KEDA is paused at.
    for (name, containers, paused) in [
        ("0-containers", 2, None),
        ("1-both-90-10", 9, Some("1")),
        ("2-both-50-50", 1, Some("1")),
        ("3-wasm-only", 0, None),
    ] {
        let objects = stage(name);
        for group in STREAMS.map(component) {
            let deployment = object(&objects, &format!("Deployment/{group}-container"));
            assert_eq!(deployment.0["spec"]["replicas"], containers, "{name} {group}");
            let scaler = format!("ScaledObject/{group}");
            let scaler = objects.iter().find(|object| object.id() == scaler);
            assert_eq!(scaler.is_none(), name == "0-containers", "{name} {group}");
            let pause = "/metadata/annotations/autoscaling.keda.sh~1paused-replicas";
            let found = scaler.and_then(|scaler| scaler.at(pause)).and_then(Value::as_str);
            assert_eq!(found, paused, "{name} {group}");
        }
    }
}

#[test]
fn the_first_stage_needs_neither_spinkube_nor_keda() {
    for object in stage("0-containers") {
        let api = object.text("/apiVersion");
        assert!(!api.contains("spinkube") && !api.contains("keda"), "{object}");
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
    let last = without_numbers("3-wasm-only");
    for name in ["1-both-90-10", "2-both-50-50"] {
        assert_eq!(last, without_numbers(name), "{name}");
    }
    assert!(without_numbers("0-containers").is_subset(&last));
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
fn the_receiver_in_typescript_differs_from_that_in_rust_by_name_and_image() {
    let objects = rendered("overlays/typescript");
    for kind in ["SpinApp", "ScaledObject"] {
        let rust = object(&objects, &format!("{kind}/receiver-simple")).0.to_string();
        let mut expected = rust.replace("\"receiver-simple\"", "\"receiver-simple-typescript\"");
        expected = expected.replace("/order-pipeline:", "/order-pipeline-typescript:");
        let mut found = object(&objects, &format!("{kind}/receiver-simple-typescript")).clone();
        if kind == "SpinApp" {
            assert_eq!(found.texts("/spec/components"), ["receiver-simple"]);
            found.0["spec"]["components"][0] = "receiver-simple-typescript".into();
        }
        assert_eq!(found.0, expected.parse::<Value>().unwrap());
    }
}

#[test]
fn the_api_of_dapr_is_the_image_that_base_names_and_logs_in_nowhere() {
    let objects = rendered("overlays/dapr/kafka");
    let intake = object(&objects, "SpinApp/orders-intake");
    assert_eq!(
        intake.text("/spec/image"),
        object(&objects, "SpinApp/orders-api").text("/spec/image")
    );
    let store = "/spec/podAnnotations/dapr.io~1disable-builtin-k8s-secret-store";
    assert_eq!(intake.text(store), "true");
}

#[test]
fn a_managed_redis_gets_the_key_raw_where_it_is_a_password_and_encoded_in_urls() {
    let inputs = inputs(&manifests().join("overlays/managed-redis"));
    let redis = &inputs.secrets["redis"];
    assert_eq!((&*redis["pipeline-password"], &*redis["monitor-password"]), (KEY, KEY));
    let settings = object(&inputs.objects, "ConfigMap/settings");
    let (scheme, server) = settings.text("/data/redis_url").split_once("://").unwrap();
    assert_eq!(scheme, "rediss");
    for (key, end) in [("pipeline-url", ""), ("login", "/?")] {
        let encoded = "%61%2b%2f%3a%40%62%31%3d";
        assert_eq!(redis[key], format!("rediss://default:{encoded}@{server}{end}"));
    }
    let policy = object(&inputs.objects, "NetworkPolicy/redis-clients");
    let port = policy.at("/spec/egress/0/ports/0/port").unwrap().to_string();
    assert_eq!(server.rsplit_once(':').unwrap().1, port);
}
