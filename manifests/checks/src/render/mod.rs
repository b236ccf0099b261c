//! Renders a kustomization as `kubectl kustomize` does, without it.
//!
//! This is exactly the part of kustomize that the manifests use. Every other field and kind of patch
//! is refused by name. Where kubectl or kustomize is installed, a test compares the renderings.

mod images;
mod patches;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::object::Object;

/// `kustomization.yaml`, as far as it is known here.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Kustomization {
    api_version: String,
    kind: String,
    namespace: Option<String>,
    #[serde(default)]
    resources: Vec<PathBuf>,
    #[serde(default)]
    components: Vec<PathBuf>,
    #[serde(default)]
    labels: Vec<Labels>,
    #[serde(default)]
    configurations: Vec<PathBuf>,
    #[serde(default)]
    images: Vec<images::Image>,
    #[serde(default)]
    patches: Vec<patches::Patch>,
}

/// Labels for the objects themselves; selectors and templates stay as they are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Labels {
    pairs: BTreeMap<String, String>,
}

/// Renders the kustomization in a folder.
///
/// # Errors
/// When it cannot be read, uses what is not supported, or changes what is not there.
pub fn render(folder: &Path) -> Result<Vec<Object>> {
    let mut objects = Vec::new();
    build(folder, &mut objects, "Kustomization")
        .with_context(|| format!("failed to render {}", folder.display()))?;
    Ok(objects)
}

/// Adds what a folder holds, and applies its changes to all that is there by then.
fn build(folder: &Path, objects: &mut Vec<Object>, expected_kind: &str) -> Result<()> {
    let file = folder.join("kustomization.yaml");
    let kustomization: Kustomization = one(&file)?;
    let version = if expected_kind == "Component" { "v1alpha1" } else { "v1beta1" };
    ensure!(
        kustomization.kind == expected_kind
            && kustomization.api_version == format!("kustomize.config.k8s.io/{version}"),
        "{}: expected a {expected_kind} of kustomize.config.k8s.io/{version}",
        file.display()
    );
    let mut field_specs = Vec::new();
    for path in &kustomization.configurations {
        field_specs.extend(one::<images::Configuration>(&inside(folder, path)?)?.images);
    }
    for path in &kustomization.resources {
        add(folder, path, objects)?;
    }
    for path in &kustomization.components {
        build(&folder.join(path), objects, "Component")?;
    }
    for patch in &kustomization.patches {
        patch.apply(folder, objects).with_context(|| format!("in {}", file.display()))?;
    }
    if let Some(namespace) = &kustomization.namespace {
        for object in objects.iter_mut() {
            match object.kind() {
                "Namespace" => object.0["metadata"]["name"] = json!(namespace),
                _ if object.is_cluster_wide() => {}
                _ => object.0["metadata"]["namespace"] = json!(namespace),
            }
        }
    }
    for label in &kustomization.labels {
        for object in objects.iter_mut() {
            for (key, value) in &label.pairs {
                object.0["metadata"]["labels"][key] = json!(value);
            }
        }
    }
    for image in &kustomization.images {
        image.apply(objects, &field_specs);
    }
    Ok(())
}

fn add(folder: &Path, path: &Path, objects: &mut Vec<Object>) -> Result<()> {
    ensure!(
        !path.to_string_lossy().contains("://"),
        "{}: nothing is fetched from elsewhere",
        path.display()
    );
    let mut added = Vec::new();
    if folder.join(path).is_dir() {
        build(&folder.join(path), &mut added, "Kustomization")?;
    } else {
        let file = inside(folder, path)?;
        for value in all::<Value>(&file)? {
            ensure!(value.is_object(), "{}: a document is no object", file.display());
            added.push(Object(value));
        }
    }
    for object in added {
        if objects.iter().any(|other| other.id() == object.id()) {
            bail!("{object} is there twice, again in {}", path.display());
        }
        objects.push(object);
    }
    Ok(())
}

/// A file below the folder: kustomize reads no other.
fn inside(folder: &Path, path: &Path) -> Result<PathBuf> {
    let leaves = path.is_absolute() || path.components().any(|part| part.as_os_str() == "..");
    ensure!(!leaves, "{} is outside of {}", path.display(), folder.display());
    Ok(folder.join(path))
}

/// Reads a file of one YAML document.
fn one<T: DeserializeOwned>(file: &Path) -> Result<T> {
    let mut documents = all(file)?;
    ensure!(documents.len() == 1, "{}: expected one document", file.display());
    Ok(documents.remove(0))
}

/// Reads all YAML documents of a file.
fn all<T: DeserializeOwned>(file: &Path) -> Result<Vec<T>> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("failed to read {}", file.display()))?;
    documents(&text).with_context(|| format!("failed to read {}", file.display()))
}

/// Reads YAML documents. A duplicate key is an error.
///
/// # Errors
/// When the text is no YAML, or not of this type.
pub fn documents<T: DeserializeOwned>(text: &str) -> Result<Vec<T>> {
    Ok(serde_saphyr::from_multiple(text)?)
}
