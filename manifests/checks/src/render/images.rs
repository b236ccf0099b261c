//! `images` of a kustomization: names, tags and digests of images in one place.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::object::Object;

/// The file that `configurations` names: further fields that hold an image.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Configuration {
    pub(super) images: Vec<FieldSpec>,
}

/// A field that holds an image, in objects of one kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldSpec {
    kind: String,
    path: String,
}

/// What becomes of one image.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Image {
    name: String,
    new_name: Option<String>,
    new_tag: Option<String>,
    digest: Option<String>,
}

impl Image {
    /// Changes the image in containers and in the given fields.
    pub(super) fn apply(&self, objects: &mut [Object], fields: &[FieldSpec]) {
        for object in objects {
            let kind = object.kind().to_owned();
            for field in fields.iter().filter(|field| field.kind == kind) {
                if let Some(image) = object.0.pointer_mut(&format!("/{}", field.path)) {
                    self.change(image);
                }
            }
            self.walk(&mut object.0);
        }
    }

    fn walk(&self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(item)),
            Value::Object(fields) => {
                for (key, field) in fields {
                    if matches!(key.as_str(), "containers" | "initContainers") {
                        for container in field.as_array_mut().into_iter().flatten() {
                            if let Some(image) = container.get_mut("image") {
                                self.change(image);
                            }
                        }
                    }
                    self.walk(field);
                }
            }
            _ => {}
        }
    }

    fn change(&self, image: &mut Value) {
        let Some(found) = image.as_str() else { return };
        let (name, suffix) = split(found);
        if name != self.name {
            return;
        }
        let name = self.new_name.as_deref().unwrap_or(name);
        let suffix = match (&self.new_tag, &self.digest) {
            (_, Some(digest)) => format!("@{digest}"),
            (Some(tag), None) => format!(":{tag}"),
            (None, None) => suffix.to_owned(),
        };
        *image = json!(format!("{name}{suffix}"));
    }
}

/// The name, and the tag or digest with the character in front of it.
fn split(image: &str) -> (&str, &str) {
    let after_host = image.rfind('/').map_or(0, |slash| slash + 1);
    match image[after_host..].find(['@', ':']) {
        Some(at) => image.split_at(after_host + at),
        None => (image, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_no_tag_and_a_digest_takes_the_place_of_one() {
        assert_eq!(split("k3d-registry:5000/loadtest"), ("k3d-registry:5000/loadtest", ""));
        assert_eq!(split("k3d-registry:5000/loadtest:1"), ("k3d-registry:5000/loadtest", ":1"));
        assert_eq!(split("loadtest@sha256:ab"), ("loadtest", "@sha256:ab"));
        let image = Image {
            name: "a".into(),
            new_name: None,
            new_tag: None,
            digest: Some("sha256:ab".into()),
        };
        let mut value = json!("a:1");
        image.change(&mut value);
        assert_eq!(value, "a@sha256:ab");
    }
}
