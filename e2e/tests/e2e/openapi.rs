//! The API against its own document: what it answers to requests that nobody thought of.

use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use e2e::{TestApp, an_order, python, repository};
use supervise::Process;

const TOKEN: &str = "fuzz-token";
/// Far more than it takes: about 20 s on two cores of a laptop.
const LIMIT: Duration = Duration::from_mins(3);

/// Runs schemathesis; whether it was content, and what it said.
fn fuzz(app: &TestApp, document: &str) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name| folder.path().join(name);
    let mut fuzzer = python("schemathesis");
    fuzzer
        .args(["run", document, "--url", &app.base_url])
        .args(["--phases", "examples,coverage,fuzzing", "--checks", "all", "--continue-on-failure"])
        .args(["--seed", "1", "--max-examples", "10", "--generation-database", "none"])
        .args(["--no-shrink", "--request-timeout", "20", "--warnings", "off", "--no-color"])
        .args(["--header", &format!("Authorization: Bearer {TOKEN}")])
        .env("SCHEMATHESIS_HOOKS", repository().join("e2e/python/hooks.py"))
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(File::create(path("said")).unwrap())
        .stderr(File::create(path("errors")).unwrap());
    let ended = Process::start("schemathesis", fuzzer).unwrap().ends_within(LIMIT);
    let read = |name| std::fs::read_to_string(path(name)).unwrap();
    let said = read("said") + &read("errors");
    (ended.unwrap_or_else(|| panic!("schemathesis did not end:\n{said}")).success(), said)
}

#[test]
fn no_request_is_answered_with_500_or_with_anything_that_is_not_documented() {
    let mut app = TestApp::start_with(&[("api_token", TOKEN)]);
    // Something to be found: an order that is confirmed, one that is dead-lettered, one that waits.
    app.xadd("broken");
    let headers =
        [("authorization", &*format!("Bearer {TOKEN}")), ("content-type", "application/json")];
    assert_eq!(app.send("POST", "/orders", &headers, &an_order(1)).status, 202);
    app.poll_until("the orders are dealt with", |app| {
        let stats = app.send("GET", "/stats", &headers, "").body;
        (stats["totals"]["confirmed_simple"] == 1 && stats["deadLetters"] == 1).then_some(())
    });
    let (is_content, said) = fuzz(&app, &format!("{}/openapi.json", app.base_url));
    assert!(is_content, "{said}");
    let operations = app.get("/openapi.json").body["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|path| path.as_object().unwrap().keys())
        .filter(|name| *name != "parameters")
        .count();
    // The address that the document came from is not tried.
    assert!(
        said.contains(&format!("Tested: {}\n", operations - 1)),
        "every operation is tried:\n{said}"
    );
}

#[test]
fn an_answer_that_is_not_documented_is_found() {
    let app = TestApp::start_with(&[("api_token", TOKEN)]);
    let mut document = app.get("/openapi.json").body;
    let paths = document["paths"].as_object_mut().unwrap();
    paths.retain(|path, _| path == "/dead-letters/{id}");
    paths["/dead-letters/{id}"]["get"]["responses"].as_object_mut().unwrap().remove("404");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("openapi.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let (is_content, said) = fuzz(&app, file.to_str().unwrap());
    assert!(!is_content && said.contains("Undocumented status code"), "{said}");
}
