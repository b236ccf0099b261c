//! References have a target, and secrets are not in plain text.

use serde_json::Value;

use super::{Faults, Inputs};
use crate::object::text;

/// Ends of names whose values must not be in a manifest.
const SECRET_WORDS: [&str; 6] =
    ["password", "token", "login", "secret", "credential", "connectionstring"];

/// Kind, name, and key if there is one.
type Reference<'a> = (&'static str, (&'a str, &'a str));

pub(super) fn exist(inputs: &Inputs, faults: &mut Faults) {
    for object in &inputs.objects {
        let values = object.values().into_iter();
        for (kind, (name, key)) in values.flat_map(|(field, value)| references(field, value)) {
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

fn references<'a>(field: &str, value: &'a Value) -> Vec<Reference<'a>> {
    let name = value.get("name").or(value.get("secretName")).and_then(Value::as_str);
    let reference = (name.unwrap_or_default(), text(value, "/key"));
    match (field, value) {
        ("secretKeyRef" | "secretRef" | "secret", Value::Object(_)) => vec![("Secret", reference)],
        ("configMapKeyRef" | "configMapRef" | "configMap", _) => vec![("ConfigMap", reference)],
        ("secretTargetRef" | "imagePullSecrets", Value::Array(items)) => {
            let of = |item| ("Secret", (text(item, "/name"), text(item, "/key")));
            items.iter().map(of).collect()
        }
        ("serviceAccountName", Value::String(name)) => vec![("ServiceAccount", (name, ""))],
        _ => Vec::new(),
    }
}

pub(super) fn no_plain_secret(inputs: &Inputs, faults: &mut Faults) {
    for object in &inputs.objects {
        faults.unless(object.kind() != "Secret", || {
            format!("{object}: a Secret is in the manifests; create-secrets.sh creates it")
        });
        for (field, value) in object.values() {
            for (name, value) in [(field, value), (text(value, "/name"), &value["value"])] {
                faults.unless(!is_secret(name) || !value.is_string(), || {
                    format!("{object}: the value of {name} is in plain text")
                });
            }
            let is_plain = value.as_str().is_some_and(has_password);
            faults.unless(!is_plain, || format!("{object}: a password is in plain text"));
        }
    }
}

fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| lower.ends_with(word))
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
