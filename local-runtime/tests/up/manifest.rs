//! What is refused before anything listens, and how it is said.

use crate::support::TestApp;

/// The smallest application that runs, with further fields of its component.
fn with(fields: &str) -> TestApp {
    TestApp::new().component("shop", "headers", fields).http("/...", "shop")
}

#[track_caller]
fn refused(app: &TestApp, words: &[&str]) {
    let said = app.refused();
    for word in words {
        assert!(said.contains(word), "no {word:?} in {said:?}");
    }
}

#[test]
fn a_component_that_uses_a_feature_of_spin_that_is_missing_here_is_refused_by_both_names() {
    for (feature, fields) in [
        ("files", "files = [\"*.html\"]"),
        ("key_value_stores", "key_value_stores = [\"default\"]"),
        ("sqlite_databases", "sqlite_databases = [\"default\"]"),
        ("ai_models", "ai_models = [\"llama2-chat\"]"),
        ("dependencies_inherit_configuration", "dependencies_inherit_configuration = true"),
        ("allowed_http_hosts", "allowed_http_hosts = [\"example.com\"]"),
        ("profile", "profile.debug = { source = \"x\" }"),
        ("https", "allowed_outbound_hosts = [\"https://example.com\"]"),
        ("rediss", "allowed_outbound_hosts = [\"rediss://example.com:6379\"]"),
        ("postgres", "allowed_outbound_hosts = [\"postgres://example.com\"]"),
        ("local service chaining", "allowed_outbound_hosts = [\"http://other.spin.internal\"]"),
    ] {
        refused(&with(fields), &["component \"shop\"", feature, "not supported by local-runtime"]);
    }
    // These values ask for no feature.
    drop(
        with("files = []\nkey_value_stores = []\ntool = { x = 1 }\nbuild = { command = \"make\" }")
            .start(),
    );
}

#[test]
fn a_source_that_is_not_a_path_is_refused() {
    for (kind, source) in [
        ("registry", "{ registry = \"example.com\", package = \"a:b\", version = \"1.0.0\" }"),
        ("url", "{ url = \"https://example.com/a.wasm\", digest = \"sha256:0\" }"),
    ] {
        let app = TestApp::new()
            .table(&format!("[component.shop]\nsource = {source}"))
            .http("/...", "shop");
        refused(&app, &["component \"shop\"", kind, "not supported by local-runtime"]);
    }
}

#[test]
fn triggers_that_are_missing_here_are_refused() {
    let shop = || TestApp::new().component("shop", "headers", "");
    let not_supported = "not supported by local-runtime";
    refused(
        &shop().table("[[trigger.cron]]\ncron_expression = \"1 * * * * *\"\ncomponent = \"shop\""),
        &["component \"shop\"", "cron triggers", not_supported],
    );
    refused(
        &with("").head("[application.trigger.sqs]\nregion = \"x\""),
        &["sqs triggers", not_supported],
    );
    refused(
        &with("").head("[application.trigger.http]\nbase = \"/base\""),
        &["base", not_supported],
    );
    let http = |fields: &str| shop().table(&format!("[[trigger.http]]\n{fields}"));
    refused(
        &http("route = \"/a\"\ncomponent = \"shop\"\nexecutor = { type = \"wagi\" }"),
        &["component \"shop\"", "wagi executor", not_supported],
    );
    refused(
        &http("route = { private = true }\ncomponent = \"shop\""),
        &["component \"shop\"", "private route", not_supported],
    );
    refused(
        &http("route = \"/a\"\ncomponent = { source = \"a.wasm\" }"),
        &["\"/a\"", "inline component", not_supported],
    );
    refused(
        &http("route = \"/a\"\ncomponents = { main = \"shop\" }"),
        &["\"/a\"", "components", not_supported],
    );
    drop(http("route = \"/a\"\ncomponent = \"shop\"\nexecutor = { type = \"http\" }").start());
    drop(
        http("id = \"one\"\nroute = \"/a\"\ncomponent = \"shop\"\nexecutor = { type = \"spin\" }")
            .start(),
    );
}

#[test]
fn a_redis_trigger_needs_an_address_it_can_use_and_does_not_repeat_itself() {
    let shop = || TestApp::new().component("shop", "record", "");
    refused(
        &shop().table("[[trigger.redis]]\nchannel = \"ding\"\ncomponent = \"shop\""),
        &["\"ding\"", "no address", "[application.trigger.redis]"],
    );
    refused(
        &shop().redis("rediss://127.0.0.1", "ding", "shop"),
        &["\"ding\"", "rediss", "not supported"],
    );
    refused(&shop().redis("127.0.0.1:6379", "ding", "shop"), &["\"ding\""]);
    let address = "redis://127.0.0.1";
    refused(
        &shop().redis(address, "ding", "shop").redis(address, "ding", "shop"),
        &["component \"shop\"", "\"ding\" twice"],
    );
    refused(&shop().redis(address, "", "shop"), &["component \"shop\"", "is empty"]);
}

#[test]
fn a_trigger_of_an_unknown_component_is_refused() {
    refused(&with("").http("/x", "shpo"), &["\"/x\"", "unknown component \"shpo\"", "shop"]);
    refused(
        &with("").redis("redis://127.0.0.1", "ding", "shpo"),
        &["\"ding\"", "unknown component \"shpo\""],
    );
    refused(
        &with("").table("[[trigger.http]]\nroute = \"/x\""),
        &["\"/x\"", "component is missing"],
    );
    refused(
        &with("").flags(&["--component-id", "shpo"]),
        &["--component-id", "unknown component \"shpo\"", "shop"],
    );
}

#[test]
fn a_component_id_that_spin_refuses_is_refused_by_its_name() {
    for id in ["my_shop", "", "../../shop", "a/b", "1shop", "shop-", "sHop", "shop-Sh"] {
        let named = format!("[component.{id:?}]\nsource = \"shop.wasm\"");
        refused(&with("").table(&named), &[&format!("component id {id:?}")]);
    }
}

#[test]
fn a_duplicate_or_malformed_route_is_refused() {
    refused(&with("").http("/a", "shop").http("/a/", "shop"), &["\"/a\"", "\"/a/\"", "duplicates"]);
    refused(&with("").http("/...", "shop"), &["\"/...\"", "duplicates"]);
    refused(&with("").http("/a", "shop").http("a", "shop"), &["\"/a\"", "duplicates"]);
    refused(&with("").http("/a/.../b", "shop"), &["/a/.../b", "wildcard"]);
    refused(&with("").http("/*", "shop"), &["/*", "wildcard"]);
    let fixed = |response: &str| {
        TestApp::new()
            .table(&format!("[[trigger.http]]\nroute = \"/a\"\nstatic_response = {{ {response} }}"))
    };
    refused(&fixed("status_code = 1000"), &["\"/a\"", "status_code 1000"]);
    refused(&fixed("headers = { \"a b\" = \"c\" }"), &["\"/a\"", "headers"]);
    refused(
        &with("")
            .table("[[trigger.http]]\nroute = \"/a\"\ncomponent = \"shop\"\nstatic_response = {}"),
        &["\"/a\"", "both a component and a static_response"],
    );
}

#[test]
fn misspelt_fields_and_other_versions_are_refused() {
    refused(&with("sauce = \"x\""), &["sauce"]);
    refused(
        &with("").table("[[trigger.http]]\nroute = \"/a\"\ncomponent = \"shop\"\npath = \"x\""),
        &["path"],
    );
    refused(&with("").head("[variables]\na = { defualt = \"x\" }"), &["defualt"]);
    refused(&with("").head("[application.trigger.redis]\nadress = \"x\""), &["adress"]);
    let mut app = with("");
    app.head = app.head.replace("spin_manifest_version = 2", "spin_manifest_version = 1");
    refused(&app, &["spin_manifest_version is 1"]);
    refused(&with("variables = { \"No-Name\" = \"x\" }"), &["component \"shop\"", "No-Name"]);
    refused(&with("").head("[variables]\nBad = { default = \"x\" }"), &["Bad"]);
    refused(
        &with("allowed_outbound_hosts = [\"localhost\"]"),
        &["component \"shop\"", "\"localhost\""],
    );
}

#[test]
fn a_manifest_without_an_end_is_refused() {
    let app = TestApp::new();
    std::os::unix::fs::symlink("/dev/zero", app.folder().join("spin.toml")).unwrap();
    refused(&app, &["the manifest", "spin.toml: expected at most 64 MiB"]);
}

#[test]
fn a_wasm_file_that_is_missing_broken_or_without_the_export_its_trigger_calls_is_refused() {
    let source = |path: &str| {
        TestApp::new().table(&format!("[component.shop]\nsource = {path:?}")).http("/...", "shop")
    };
    refused(&source("nothing.wasm"), &["component \"shop\"", "nothing.wasm", "was it built?"]);
    let text = source("text.wasm");
    std::fs::write(text.folder().join("text.wasm"), "no wasm").unwrap();
    refused(&text, &["component \"shop\"", "not a WebAssembly module or component"]);
    refused(&source("/dev/zero"), &["component \"shop\"", "/dev/zero: expected at most 64 MiB"]);
    let cut = source("cut.wasm");
    let whole = std::fs::read(crate::support::wasm("headers")).unwrap();
    std::fs::write(cut.folder().join("cut.wasm"), &whole[..whole.len() / 2]).unwrap();
    refused(&cut, &["component \"shop\"", "failed to load", "cut.wasm"]);
    refused(
        &TestApp::new().component("shop", "headers", "").redis("redis://127.0.0.1", "ding", "shop"),
        &["component \"shop\"", "does not export fermyon:spin/inbound-redis"],
    );
    refused(
        &TestApp::new().component("shop", "record", "").http("/a", "shop"),
        &["component \"shop\"", "does not export wasi:http/incoming-handler"],
    );
}

#[test]
fn nothing_to_run_is_refused() {
    refused(&TestApp::new().component("shop", "headers", ""), &["no trigger"]);
    let app = with("").component("idle", "headers", "").flags(&["--component-id", "idle"]);
    refused(&app, &["no trigger"]);
}

#[test]
fn only_the_named_components_run_and_those_left_out_may_use_what_is_missing_here() {
    let app = with("")
        .component("one", "headers", "")
        .component("two", "headers", "")
        .component("left-out", "headers", "key_value_stores = [\"default\"]")
        .http("/one", "one")
        .http("/two", "two")
        .http("/left-out", "left-out")
        .table("[[trigger.cron]]\ncron_expression = \"1 * * * * *\"\ncomponent = \"left-out\"")
        .redis("rediss://127.0.0.1", "ding", "left-out")
        .flags(&["--component-id", "one", "-c", "two"]);
    let running = app.start();
    assert_eq!(running.get("/one").0, 200);
    assert_eq!(running.get("/two").0, 200);
    assert_eq!(running.get("/left-out").0, 404);
    assert_eq!(running.get("/other").0, 404);
    let stdout = running.stdout();
    assert!(!stdout.contains("left-out") && !stdout.contains("shop"), "{stdout}");
}
