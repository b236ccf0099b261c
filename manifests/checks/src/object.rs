//! A rendered Kubernetes object, and the pods that it creates.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// One rendered object.
#[derive(Debug, Clone, PartialEq)]
pub struct Object(pub Value);

/// All pods of one workload: what the checks need to know of them.
#[derive(Debug, Clone)]
pub struct Pods {
    /// `Kind/name` of the workload.
    pub of: String,
    /// Their labels.
    pub labels: BTreeMap<String, String>,
    /// Names and numbers of the ports that they listen on.
    pub ports: Vec<(String, u64)>,
    /// The pod's spec; none for a SpinApp, whose pods are made by the operator.
    pub spec: Option<Value>,
}

impl Object {
    /// `kind`, empty if it has none.
    pub fn kind(&self) -> &str {
        self.text("/kind")
    }

    /// `metadata.name`, empty if it has none.
    pub fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// `Kind/name`, by which reports tell objects apart.
    pub fn id(&self) -> String {
        format!("{}/{}", self.kind(), self.name())
    }

    /// The string at a JSON pointer, empty if there is none.
    pub fn text(&self, pointer: &str) -> &str {
        text(&self.0, pointer)
    }

    /// The value at a JSON pointer.
    pub fn at(&self, pointer: &str) -> Option<&Value> {
        self.0.pointer(pointer)
    }

    /// The list at a JSON pointer, empty if there is none.
    pub fn list(&self, pointer: &str) -> &[Value] {
        list(&self.0, pointer)
    }

    /// The strings in the list at a JSON pointer.
    pub fn texts(&self, pointer: &str) -> Vec<&str> {
        self.list(pointer).iter().filter_map(Value::as_str).collect()
    }

    /// The object and all values in it, each with the name of its field, if it is in one.
    pub fn values(&self) -> Vec<(&str, &Value)> {
        let mut values = Vec::new();
        collect("", &self.0, &mut values);
        values
    }

    /// The pods of a workload; none for other kinds.
    pub fn pods(&self) -> Option<Pods> {
        let template = match self.kind() {
            "SpinApp" => return Some(self.pods_of_a_spin_app()),
            "Deployment" | "StatefulSet" => "/spec/template",
            "CronJob" => "/spec/jobTemplate/spec/template",
            _ => return None,
        };
        let template = self.at(template)?;
        let spec = template.get("spec")?;
        let ports = containers(spec).flat_map(|container| list(container, "/ports"));
        let number = |port: &Value| port["containerPort"].as_u64().unwrap_or_default();
        let ports = ports.map(|port| (text(port, "/name").to_owned(), number(port))).collect();
        let labels = strings(template.pointer("/metadata/labels"));
        Some(Pods { of: self.id(), labels, ports, spec: Some(spec.clone()) })
    }

    /// The pods that spin-operator creates for a SpinApp: their labels, and port 80 with the name
    /// `http-app`. The port of the Service has no name.
    fn pods_of_a_spin_app(&self) -> Pods {
        let mut labels = strings(self.at("/spec/podLabels"));
        labels.insert("core.spinkube.dev/app-name".into(), self.name().to_owned());
        labels.insert(format!("core.spinkube.dev/app.{}.status", self.name()), "ready".into());
        Pods { of: self.id(), labels, ports: vec![("http-app".into(), 80)], spec: None }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.id())
    }
}

/// The string at a JSON pointer, empty if there is none.
pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The list at a JSON pointer, empty if there is none.
pub fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn collect<'a>(field: &'a str, value: &'a Value, found: &mut Vec<(&'a str, &'a Value)>) {
    found.push((field, value));
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect("", item, found)),
        Value::Object(fields) => fields.iter().for_each(|(name, it)| collect(name, it, found)),
        _ => {}
    }
}

/// All containers of a pod's spec, those that run first included.
pub fn containers(pod_spec: &Value) -> impl Iterator<Item = &Value> {
    list(pod_spec, "/initContainers").iter().chain(list(pod_spec, "/containers"))
}

/// A map of strings; other values are left out.
pub fn strings(map: Option<&Value>) -> BTreeMap<String, String> {
    let entries = map.and_then(Value::as_object).into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}
