//! Compares `docs/openapi.yaml` with the codes, the routes of `spin.toml` and what is served.

use std::collections::{BTreeMap, BTreeSet};

use orders::order::Code;
use orders_api::Problem;
use schema_file::check_minified;
use serde_json::{Map, Value, json};
use strum::{VariantArray, VariantNames};

use crate::support::file as read;

fn document() -> Value {
    serde_saphyr::from_str(&read("docs/openapi.yaml")).unwrap()
}

/// The document with the schemas of other files put into it, as it is served.
fn bundled() -> Value {
    let mut document = document();
    let schemas = document["components"]["schemas"].as_object_mut().unwrap();
    let files: Vec<(String, String)> = schemas
        .iter()
        .filter_map(|(name, schema)| Some((name.clone(), schema["$ref"].as_str()?.to_owned())))
        .filter(|(_, reference)| !reference.starts_with('#'))
        .collect();
    for (name, file) in files {
        let mut schema: Map<String, Value> =
            serde_json::from_str(&read(&format!("docs/{file}"))).unwrap();
        schema.remove("$schema");
        schema.remove("$id");
        let parts = schema.remove("$defs").unwrap_or_default();
        for (part, schema) in parts.as_object().into_iter().flatten() {
            schemas.insert(format!("{name}{part}"), moved(schema.clone(), &name));
        }
        schemas.insert(name.clone(), moved(Value::Object(schema), &name));
    }
    document
}

/// A schema whose own definitions became components, named after the schema and the definition.
fn moved(schema: Value, name: &str) -> Value {
    match schema {
        Value::Object(fields) => {
            let field = |(key, value): (String, Value)| match value
                .as_str()
                .and_then(|it| it.strip_prefix("#/$defs/"))
            {
                Some(part) if key == "$ref" => {
                    (key, format!("#/components/schemas/{name}{part}").into())
                }
                _ => (key, moved(value, name)),
            };
            Value::Object(fields.into_iter().map(field).collect())
        }
        Value::Array(values) => values.into_iter().map(|value| moved(value, name)).collect(),
        other => other,
    }
}

/// All objects of the document, at any depth.
fn objects(value: &Value) -> Vec<&Map<String, Value>> {
    let (own, parts): (_, Vec<&Value>) = match value {
        Value::Object(fields) => (Some(fields), fields.values().collect()),
        Value::Array(values) => (None, values.iter().collect()),
        _ => (None, Vec::new()),
    };
    own.into_iter().chain(parts.into_iter().flat_map(objects)).collect()
}

#[test]
fn the_schema_of_the_api_is_current() {
    check_minified("orders-api", "openapi.json", bundled());
}

#[test]
fn every_reference_leads_somewhere_and_everything_is_referred_to() {
    let document = bundled();
    let references: BTreeSet<&str> =
        objects(&document).into_iter().filter_map(|fields| fields.get("$ref")?.as_str()).collect();
    for reference in &references {
        let pointer =
            reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} is another file"));
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    for (kind, parts) in document["components"].as_object().unwrap() {
        for name in parts.as_object().unwrap().keys() {
            let reference = format!("#/components/{kind}/{name}");
            // A security scheme is named, not referred to; 405 is said of all paths at once.
            let is_special = kind == "securitySchemes" || name == "MethodNotAllowed";
            assert!(
                is_special || references.contains(reference.as_str()),
                "nothing refers to {reference}"
            );
        }
    }
}

#[test]
fn every_code_has_one_example_with_the_status_of_its_answers() {
    let document = document();
    let listed = document["components"]["schemas"]["ProblemCode"]["enum"].as_array().unwrap();
    let codes: Vec<&str> = Problem::VARIANTS.iter().map(Into::into).collect();
    assert_eq!(
        listed.iter().map(|code| code.as_str().unwrap()).collect::<BTreeSet<_>>(),
        codes.iter().copied().collect()
    );
    let examples = document["components"]["examples"].as_object().unwrap();
    assert_eq!(examples.len(), codes.len());
    let mut statuses: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let shared = &document["components"]["responses"];
    for answers in objects(&document["paths"])
        .into_iter()
        .filter_map(|operation| operation.get("responses")?.as_object())
    {
        for (status, answer) in answers {
            let answer = match answer["$ref"].as_str() {
                Some(reference) => &shared[reference.rsplit('/').next().unwrap()],
                None => answer,
            };
            let named = answer["content"]["application/problem+json"]["examples"].as_object();
            for code in named.into_iter().flat_map(Map::keys) {
                statuses.entry(code).or_default().insert(status);
            }
        }
    }
    statuses.entry("method_not_allowed").or_default().insert("405");
    for (problem, code) in Problem::VARIANTS.iter().zip(codes) {
        let example = &examples[code]["value"];
        let detail = example["detail"].as_str().unwrap();
        let mut expected = json!(problem.body(detail));
        for (name, value) in example.as_object().unwrap() {
            if ["refused", "errors"].contains(&name.as_str()) {
                expected[name] = value.clone();
            }
        }
        assert_eq!(example, &expected);
        let status = problem.status().to_string();
        assert_eq!(statuses.get(code), Some(&BTreeSet::from([status.as_str()])), "{code}");
    }
}

#[test]
fn the_codes_of_an_orders_faults_are_those_of_the_parser() {
    let codes = serde_json::to_value(<Code as VariantNames>::VARIANTS).unwrap();
    let documented =
        document()["components"]["schemas"]["OrderFault"]["properties"]["code"].clone();
    assert_eq!(documented["enum"], codes);
}

#[test]
fn the_paths_lie_under_the_routes_of_the_manifest_and_every_route_has_one() {
    let manifest: toml::Table = read("spin.toml").parse().unwrap();
    let routes: Vec<&str> = manifest["trigger"]["http"]
        .as_array()
        .unwrap()
        .iter()
        .map(|trigger| trigger["route"].as_str().unwrap())
        .collect();
    let is_under = |path: &str, route: &str| match route.strip_suffix("/...") {
        Some(folder) => {
            path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        }
        None => path == route,
    };
    let document = document();
    let paths: Vec<&str> =
        document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    for path in &paths {
        assert!(
            routes.iter().any(|route| is_under(path, route)),
            "no route of spin.toml leads to {path}"
        );
    }
    for route in routes {
        assert!(
            paths.iter().any(|path| is_under(path, route)),
            "docs/openapi.yaml has no path under {route}"
        );
    }
}
