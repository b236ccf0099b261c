//! Paths and methods: those of the document, and no others.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{TestApi, an_order, file, id};

#[test]
fn every_path_of_the_document_has_its_methods() {
    let api = TestApi::start();
    let document: Value = serde_json::from_str(&file("docs/openapi.json")).unwrap();
    let paths = document["paths"].as_object().unwrap();
    for (path, operations) in paths.iter().filter(|(path, _)| !path.ends_with("/tick")) {
        let path =
            path.replace("{stream}", "ingress").replace("{id}", "1-0").replace("{file}", "api.js");
        let names = operations.as_object().unwrap().keys();
        let mut documented: BTreeSet<String> =
            names.filter(|name| *name != "parameters").map(|name| name.to_uppercase()).collect();
        documented.insert("OPTIONS".into());
        if documented.contains("GET") {
            documented.insert("HEAD".into());
        }
        let options = api.send("OPTIONS", &path, &[], "");
        assert_eq!((options.status, &options.body), (204, &"".into()), "{path}");
        let allowed = options.header("allow").unwrap();
        let allowed_set: BTreeSet<String> = allowed.split(", ").map(str::to_owned).collect();
        assert_eq!(allowed_set, documented, "{path}");
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "TRACE"] {
            let answer = api.send(method, &path, &[], "");
            assert_eq!(answer.status == 405, !documented.contains(method), "{method} {path}");
            if answer.status == 405 {
                assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
            }
        }
    }
}

#[test]
fn one_slash_at_the_end_of_a_path_is_ignored() {
    let api = TestApi::start();
    assert_eq!(api.post("/orders/", an_order(1)).status, 202);
    let path = format!("/orders/{}/", id(1));
    for path in ["/", "/orders/", &path, "/dead-letters/", "/stats/", "/control/", "/readyz/"] {
        assert_eq!(api.get(path).status, 200, "{path}");
    }
}

#[test]
fn what_is_not_there_is_404() {
    let api = TestApi::start();
    for path in [
        "///",
        "/orders//",
        "/orders//x",
        "/orders/a/b",
        "/order",
        "/dead-letters//redrive",
        "/dead-letters/1-1/x",
        "/dead-letters/1-1/redrive/x",
        "/control/simple/pause",
        "/dashboard",
        "/dashboard/x.js",
        "/dashboard/../orders",
        "/metrics/x",
        "/openapi.yaml",
    ] {
        for method in ["GET", "OPTIONS", "POST"] {
            if (method, path) == ("GET", "/dashboard/x.js") || path != "/dashboard/x.js" {
                assert_eq!(api.send(method, path, &[], "").outcome(), (404, "not_found"), "{path}");
            }
        }
    }
}
