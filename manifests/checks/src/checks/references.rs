//! References have a target, and secrets are not in plain text.

use serde_json::Value;

use super::{Faults, Inputs};
use crate::object::{Object, text};

/// Ends of names whose values must not be in a manifest.
const SECRET_WORDS: [&str; 6] =
    ["password", "token", "login", "secret", "credential", "connectionstring"];

/// Kind, name, and key if there is one.
type Reference<'a> = (&'static str, (&'a str, &'a str));

pub(super) fn exist(inputs: &Inputs, faults: &mut Faults) {
    for object in &inputs.objects {
        let mut references = Vec::new();
        collect(&object.0, &mut references);
        for (kind, (name, key)) in references {
            let keys: Option<Vec<&String>> = match kind {
                "Secret" => inputs.secrets.get(name).map(|keys| keys.keys().collect()),
                _ => inputs.named(kind, name).map(|object| {
                    let data = object.at("/data").and_then(Value::as_object);
                    data.into_iter().flat_map(|data| data.keys()).collect()
                }),
            };
            match keys {
                None => faults.add(format!("{object}: there is no {kind} {name:?}")),
                Some(keys) => faults
                    .unless(key.is_empty() || keys.iter().any(|it| *it == key), || {
                        format!("{object}: {kind} {name:?} has no key {key:?}")
                    }),
            }
        }
    }
}

fn collect<'a>(value: &'a Value, found: &mut Vec<Reference<'a>>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => {
            for (field, inner) in fields {
                let name = inner.get("name").or(inner.get("secretName")).and_then(Value::as_str);
                let reference = (name.unwrap_or_default(), text(inner, "/key"));
                match (field.as_str(), inner) {
                    ("secretKeyRef" | "secretRef" | "secret", Value::Object(_)) => {
                        found.push(("Secret", reference));
                    }
                    ("configMapKeyRef" | "configMapRef" | "configMap", _) => {
                        found.push(("ConfigMap", reference));
                    }
                    ("secretTargetRef" | "imagePullSecrets", Value::Array(items)) => {
                        let of = |item| ("Secret", (text(item, "/name"), text(item, "/key")));
                        found.extend(items.iter().map(of));
                    }
                    ("serviceAccountName", Value::String(name)) => {
                        found.push(("ServiceAccount", (name, "")));
                    }
                    _ => collect(inner, found),
                }
            }
        }
        _ => {}
    }
}

pub(super) fn no_plain_secret(inputs: &Inputs, faults: &mut Faults) {
    for object in &inputs.objects {
        faults.unless(object.kind() != "Secret", || {
            format!("{object}: a Secret is in the manifests; create-secrets.sh creates it")
        });
        walk(object, &object.0, faults);
    }
}

fn walk(object: &Object, value: &Value, faults: &mut Faults) {
    let mut keep = |name: &str, value: &Value| {
        let lower = name.to_ascii_lowercase();
        let is_secret = SECRET_WORDS.iter().any(|word| lower.ends_with(word));
        faults.unless(!is_secret || !value.is_string(), || {
            format!("{object}: the value of {name} is in plain text")
        });
    };
    match value {
        Value::String(text) => {
            faults.unless(!has_password(text), || format!("{object}: a password is in plain text"));
        }
        Value::Array(items) => items.iter().for_each(|item| walk(object, item, faults)),
        Value::Object(fields) => {
            keep(text(value, "/name"), &value["value"]);
            fields.iter().for_each(|(field, inner)| keep(field, inner));
            fields.values().for_each(|inner| walk(object, inner, faults));
        }
        _ => {}
    }
}

/// A URL with a password, or a line of Redis's configuration or users with one. `$NAME` is a
/// reference.
fn has_password(text: &str) -> bool {
    let in_url = text.split("://").skip(1).any(|rest| {
        let login = rest.split(['/', '?', ' ', '"']).next().and_then(|it| it.rsplit_once('@'));
        login.is_some_and(|(login, _)| login.contains(':') && !login.contains('$'))
    });
    let in_line = text.lines().map(str::trim).any(|line| {
        let mut words = line.split(' ');
        let is_user = words.next() == Some("user");
        line.starts_with("requirepass ")
            || is_user && words.any(|word| word.starts_with('>') && !word.starts_with(">$"))
    });
    in_url || in_line
}
