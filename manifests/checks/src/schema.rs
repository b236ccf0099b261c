//! Every object must fit the schema of its kind, without unknown fields.
//!
//! Schemas of Kubernetes come from the crate `k8s-openapi`, those of custom kinds from `crds/`. Any other
//! kind is refused.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use jsonschema::Validator;
use k8s_openapi::api::{apps, batch, core, networking, node, policy};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use schemars::{JsonSchema, schema_for};
use serde_json::{Value, json};

use crate::object::{Object, list, text};
use crate::render::documents;

/// The schemas of all kinds that the manifests may use.
pub struct Schemas(HashMap<(String, String), Validator>);

impl Schemas {
    /// Compiles the schemas, with the custom kinds of the folder.
    ///
    /// # Errors
    /// When a file of the folder is not a CustomResourceDefinition.
    pub fn load(crds: &Path) -> Result<Self> {
        let mut schemas = Self(HashMap::new());
        schemas.add::<core::v1::ConfigMap>("v1", "ConfigMap")?;
        schemas.add::<core::v1::Namespace>("v1", "Namespace")?;
        schemas.add::<core::v1::Service>("v1", "Service")?;
        schemas.add::<core::v1::ServiceAccount>("v1", "ServiceAccount")?;
        schemas.add::<apps::v1::Deployment>("apps/v1", "Deployment")?;
        schemas.add::<apps::v1::StatefulSet>("apps/v1", "StatefulSet")?;
        schemas.add::<batch::v1::CronJob>("batch/v1", "CronJob")?;
        schemas.add::<networking::v1::NetworkPolicy>("networking.k8s.io/v1", "NetworkPolicy")?;
        schemas.add::<node::v1::RuntimeClass>("node.k8s.io/v1", "RuntimeClass")?;
        schemas.add::<policy::v1::PodDisruptionBudget>("policy/v1", "PodDisruptionBudget")?;
        for entry in std::fs::read_dir(crds).with_context(|| crds.display().to_string())? {
            let file = entry?.path();
            if file.extension().is_some_and(|extension| extension == "yaml") {
                for definition in documents::<Value>(&std::fs::read_to_string(&file)?)? {
                    schemas.add_custom(&definition).with_context(|| file.display().to_string())?;
                }
            }
        }
        Ok(schemas)
    }

    /// The faults of an object, one line each.
    pub fn faults(&self, object: &Object) -> Vec<String> {
        let kind = (object.text("/apiVersion").to_owned(), object.kind().to_owned());
        match self.0.get(&kind) {
            None => vec![format!("{object}: there is no schema for {} {}", kind.0, kind.1)],
            Some(schema) => schema
                .iter_errors(&object.0)
                .map(|error| format!("{object}: {}: {error}", error.instance_path()))
                .collect(),
        }
    }

    fn add<T: JsonSchema>(&mut self, api_version: &str, kind: &str) -> Result<()> {
        self.compile(api_version, kind, schema_for!(T).to_value())
    }

    fn add_custom(&mut self, definition: &Value) -> Result<()> {
        let (group, kind) = (text(definition, "/spec/group"), text(definition, "/spec/names/kind"));
        let versions = list(definition, "/spec/versions").iter();
        for version in versions.filter(|version| version["served"] == true) {
            let mut schema = version["schema"]["openAPIV3Schema"].clone();
            // A definition leaves metadata to the API server.
            let metadata = schema_for!(ObjectMeta).to_value();
            schema["$defs"] = metadata["$defs"].clone();
            schema["properties"]["metadata"] = metadata;
            self.compile(&format!("{group}/{}", text(version, "/name")), kind, schema)?;
        }
        Ok(())
    }

    fn compile(&mut self, api_version: &str, kind: &str, mut schema: Value) -> Result<()> {
        close(&mut schema);
        let mut required = schema["required"].as_array().cloned().unwrap_or_default();
        required.extend(["apiVersion", "kind", "metadata"].map(Value::from));
        schema["required"] = required.into_iter().collect::<HashSet<_>>().into_iter().collect();
        let validator = jsonschema::validator_for(&schema)
            .map_err(|error| anyhow!("the schema of {kind}: {error}"))?;
        self.0.insert((api_version.to_owned(), kind.to_owned()), validator);
        Ok(())
    }
}

/// Refuses fields that a schema does not name.
fn close(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Object(fields) => {
            let is_open = fields.get("x-kubernetes-preserve-unknown-fields") == Some(&json!(true));
            if fields.get("properties").is_some_and(Value::is_object) && !is_open {
                fields.entry("additionalProperties").or_insert(json!(false));
            }
            for (key, value) in fields {
                if !matches!(key.as_str(), "default" | "enum" | "const" | "example") {
                    close(value);
                }
            }
        }
        _ => {}
    }
}
