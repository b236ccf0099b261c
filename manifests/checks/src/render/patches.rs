//! `patches` of a kustomization: JSON patches with a target, and merge patches without lists.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{documents, inside};
use crate::object::Object;

/// One entry: JSON patch operations with a target, or objects that name themselves.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Patch {
    #[serde(rename = "patch")]
    text: Option<String>,
    path: Option<PathBuf>,
    target: Option<Target>,
}

/// The objects to change. Kustomize reads both as regular expressions; here they are plain names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    kind: String,
    name: Option<String>,
}

impl Patch {
    pub(super) fn apply(&self, folder: &Path, objects: &mut Vec<Object>) -> Result<()> {
        let text = match (&self.text, &self.path) {
            (Some(text), None) => text.clone(),
            (None, Some(path)) => {
                let file = inside(folder, path)?;
                std::fs::read_to_string(&file)
                    .with_context(|| format!("failed to read {}", file.display()))?
            }
            _ => bail!("a patch has to have either patch or path"),
        };
        let documents = documents::<Value>(&text)?;
        // Kustomize 5.5 crashes where an object is deleted in a patch of several.
        let deletes = documents.iter().any(|document| document.get("$patch").is_some());
        ensure!(documents.len() == 1 || !deletes, "$patch: delete has to be a patch of its own");
        for document in documents {
            if document.is_array() {
                self.apply_operations(document, objects)?;
            } else {
                self.merge_object(&document, objects)?;
            }
        }
        Ok(())
    }

    fn apply_operations(&self, operations: Value, objects: &mut [Object]) -> Result<()> {
        let target = self.target.as_ref().context("a JSON patch has to have a target")?;
        target.check()?;
        let operations: json_patch::Patch =
            serde_json::from_value(operations).context("failed to read a JSON patch")?;
        let mut changed = 0;
        for object in objects.iter_mut().filter(|object| target.is(object)) {
            let id = object.id();
            json_patch::patch(&mut object.0, &operations)
                .with_context(|| format!("failed to patch {id}"))?;
            changed += 1;
        }
        ensure!(changed > 0, "there is nothing to patch: {target:?}");
        Ok(())
    }

    fn merge_object(&self, patch: &Value, objects: &mut Vec<Object>) -> Result<()> {
        ensure!(self.target.is_none(), "a merge patch with a target is not supported");
        let id = Object(patch.clone()).id();
        let at = objects
            .iter()
            .position(|object| object.id() == id)
            .with_context(|| format!("there is no {id} to patch"))?;
        if patch.get("$patch").is_some() {
            ensure!(patch["$patch"] == "delete", "{id}: only $patch: delete is supported");
            objects.remove(at);
            return Ok(());
        }
        merge(&mut objects[at].0, patch, &id)
    }
}

impl Target {
    fn is(&self, object: &Object) -> bool {
        object.kind() == self.kind && self.name.as_deref().is_none_or(|name| object.name() == name)
    }

    fn check(&self) -> Result<()> {
        let names = [Some(&self.kind), self.name.as_ref()];
        for name in names.into_iter().flatten() {
            let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            ensure!(is_plain, "the target {name:?} is not a plain name");
        }
        Ok(())
    }
}

/// Merges maps; null removes. Lists are refused, because their merge depends on their kind.
fn merge(into: &mut Value, patch: &Value, id: &str) -> Result<()> {
    let (Some(into), Some(patch)) = (into.as_object_mut(), patch.as_object()) else {
        bail!("{id}: a merge patch has a map where there is none");
    };
    for (key, value) in patch {
        ensure!(!key.starts_with('$'), "{id}: {key} is not supported");
        match value {
            Value::Array(_) => bail!("{id}: {key} is a list, which needs a JSON patch"),
            Value::Null => {
                into.remove(key);
            }
            Value::Object(_) => {
                let field =
                    into.entry(key.clone()).or_insert_with(|| Value::Object(Map::default()));
                merge(field, value, id)?;
            }
            plain => {
                into.insert(key.clone(), plain.clone());
            }
        }
    }
    Ok(())
}
