//! What is named exists, and nothing secret is named in plain text.

use serde_json::Value;

use super::Inputs;
use crate::object::Object;

/// Parts of names whose values must not be in a manifest.
const SECRET_WORDS: [&str; 6] =
    ["password", "token", "login", "secret", "credential", "connectionstring"];

/// A reference that was found.
#[derive(Debug)]
struct Reference<'a> {
    kind: &'static str,
    name: &'a str,
    key: Option<&'a str>,
}

pub(super) fn exist(inputs: &Inputs) -> Vec<String> {
    let mut faults = Vec::new();
    for object in &inputs.objects {
        let mut references = Vec::new();
        collect(&object.0, &mut references);
        for reference in references {
            let Reference { kind, name, key } = reference;
            let keys: Option<Vec<&str>> = match kind {
                "Secret" => {
                    inputs.secrets.get(name).map(|keys| keys.keys().map(String::as_str).collect())
                }
                "ConfigMap" => inputs.named(kind, name).map(|map| {
                    map.at("/data")
                        .and_then(Value::as_object)
                        .into_iter()
                        .flat_map(|data| data.keys().map(String::as_str))
                        .collect()
                }),
                _ => inputs.named(kind, name).map(|_| Vec::new()),
            };
            match (keys, key) {
                (None, _) => faults.push(format!("{object}: there is no {kind} {name:?}")),
                (Some(keys), Some(key)) if !keys.contains(&key) => {
                    faults.push(format!("{object}: {kind} {name:?} has no key {key:?}"));
                }
                _ => {}
            }
        }
        for account in service_accounts(object) {
            if inputs.named("ServiceAccount", account).is_none() {
                faults.push(format!("{object}: there is no ServiceAccount {account:?}"));
            }
        }
    }
    faults
}

fn service_accounts(object: &Object) -> Vec<&str> {
    let fields = [
        "/spec/serviceAccountName",
        "/spec/template/spec/serviceAccountName",
        "/spec/jobTemplate/spec/template/spec/serviceAccountName",
    ];
    fields.iter().map(|field| object.text(field)).filter(|name| !name.is_empty()).collect()
}

fn collect<'a>(value: &'a Value, found: &mut Vec<Reference<'a>>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => {
            for (field, inner) in fields {
                let text = |name: &str| inner.get(name).and_then(Value::as_str);
                let kind = match field.as_str() {
                    "secretKeyRef" | "secretRef" | "secret" => "Secret",
                    "configMapKeyRef" | "configMapRef" | "configMap" => "ConfigMap",
                    "secretTargetRef" | "imagePullSecrets" => {
                        for item in inner.as_array().into_iter().flatten() {
                            let text = |name: &str| item.get(name).and_then(Value::as_str);
                            found.push(Reference {
                                kind: "Secret",
                                name: text("name").unwrap_or_default(),
                                key: text("key"),
                            });
                        }
                        continue;
                    }
                    _ => {
                        collect(inner, found);
                        continue;
                    }
                };
                let name = text("name").or(text("secretName")).unwrap_or_default();
                found.push(Reference { kind, name, key: text("key") });
            }
        }
        _ => {}
    }
}

pub(super) fn no_plain_secret(inputs: &Inputs) -> Vec<String> {
    let mut faults = Vec::new();
    for object in &inputs.objects {
        if object.kind() == "Secret" {
            faults.push(format!(
                "{object}: a Secret is in the manifests; create-secrets.sh creates it"
            ));
        }
        let secret_names =
            inputs.application.variables.iter().filter(|(_, variable)| variable.is_secret);
        let secret_names: Vec<&str> = secret_names.map(|(name, _)| name.as_str()).collect();
        walk(object, &object.0, &secret_names, &mut faults);
    }
    faults
}

fn walk(object: &Object, value: &Value, secret_names: &[&str], faults: &mut Vec<String>) {
    match value {
        Value::String(text) if has_password(text) => {
            faults.push(format!("{object}: a password is in plain text"));
        }
        Value::Array(items) => {
            for item in items {
                walk(object, item, secret_names, faults);
            }
        }
        Value::Object(fields) => {
            if let (Some(name), Some(Value::String(_))) =
                (fields.get("name").and_then(Value::as_str), fields.get("value"))
            {
                let is_secret = |word: &&str| name.to_ascii_lowercase().contains(word);
                if secret_names.contains(&name) || SECRET_WORDS.iter().any(is_secret) {
                    faults.push(format!("{object}: the value of {name} is in plain text"));
                }
            }
            for (field, inner) in fields {
                let is_secret = SECRET_WORDS.iter().any(|word| field.to_ascii_lowercase() == *word);
                if is_secret && inner.is_string() {
                    faults.push(format!("{object}: the value of {field} is in plain text"));
                }
                walk(object, inner, secret_names, faults);
            }
        }
        _ => {}
    }
}

/// A URL with a password, or a line of Redis's configuration or users with one. `$NAME` is a reference.
fn has_password(text: &str) -> bool {
    let in_url = text.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', ' ', '"']).next().unwrap_or_default();
        let password = authority.rsplit_once('@').and_then(|(login, _)| login.split_once(':'));
        password.is_some_and(|(_, password)| !password.starts_with('$') && !password.is_empty())
    });
    let in_line = text.lines().any(|line| {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("requirepass" | "masterauth") => true,
            Some("user") => words.any(|word| {
                word.starts_with('#') || word.starts_with('>') && !word.starts_with(">$")
            }),
            _ => false,
        }
    });
    in_url || in_line
}

pub(super) fn one_namespace(inputs: &Inputs) -> Vec<String> {
    let Some(namespace) = inputs.of_kind("Namespace").next() else {
        return vec!["there is no Namespace".into()];
    };
    let lost = inputs.objects.iter().filter(|object| {
        !object.is_cluster_wide() && object.text("/metadata/namespace") != namespace.name()
    });
    lost.map(|object| format!("{object}: it is in {:?}", object.text("/metadata/namespace")))
        .collect()
}
