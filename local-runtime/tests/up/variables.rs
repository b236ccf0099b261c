//! Variables.

use crate::support::TestApp;

fn app() -> TestApp {
    TestApp::new()
        .head(
            "[variables]\nplain = { default = \"one\" }\nkey = { required = true, secret = true }\n\
             unused = { default = \"x\" }",
        )
        .component(
            "variables",
            "variables",
            "variables = { plain = \"{{ plain }}\", both = \"{{plain}} and {{ key }}\", fixed = \"fixed\" }",
        )
        .component("other", "headers", "")
        .http("/...", "variables")
        .http("/other", "other")
}

#[test]
fn a_component_sees_its_own_variables_with_their_templates_filled_in() {
    let running = app().env("SPIN_VARIABLE_KEY", "hush-hush").start();
    for (name, expected) in [
        ("plain", "value:one"),
        ("both", "value:one and hush-hush"),
        ("fixed", "value:fixed"),
        ("unused", "undefined"),
        ("missing", "undefined"),
        ("Not-A-Name", "invalid-name"),
    ] {
        assert_eq!(running.get(&format!("/{name}")).1, expected, "{name}");
    }
    let said = running.stdout() + &running.stderr();
    assert!(!said.contains("hush-hush"), "{said}");
}

#[test]
fn a_secret_is_not_quoted_by_what_refuses_it() {
    let secret =
        |value: &str| format!("[variables]\nkey = {{ default = \"{value}\", secret = true }}");
    let misspelt = secret("hush-hush").replace("secret =", "secrte =");
    let host = TestApp::new()
        .head(&secret("hush-hush"))
        .component("c", "headers", "allowed_outbound_hosts = [\"{{ key }}://host\"]")
        .http("/...", "c");
    let address = TestApp::new()
        .head(&secret("hush-hush://host"))
        .component("c", "record", "")
        .redis("{{ key }}", "channel", "c");
    for (app, word) in
        [(TestApp::new().head(&misspelt), "secrte"), (host, "{{ key }}"), (address, "channel")]
    {
        let said = app.refused();
        assert!(!said.contains("hush") && said.contains(word), "{said}");
    }
}

#[test]
fn a_required_variable_must_be_given_even_when_the_component_that_uses_it_is_left_out() {
    for app in [app(), app().flags(&["--component-id", "other"])] {
        let said = app.refused();
        assert!(said.contains("\"key\"") && said.contains("SPIN_VARIABLE_KEY"), "{said}");
    }
    let running = app().flags(&["--component-id", "other"]).env("SPIN_VARIABLE_KEY", "k").start();
    assert_eq!(running.get("/other").0, 200);
}

#[test]
fn a_template_that_names_an_undeclared_variable_is_refused_wherever_it_is() {
    let with = |fields: &str| TestApp::new().component("c", "headers", fields).http("/...", "c");
    let redis = |address: &str, channel: &str| {
        TestApp::new().component("c", "record", "").redis(address, channel, "c")
    };
    for app in [
        with("variables = { a = \"{{ nobody }}\" }"),
        with("allowed_outbound_hosts = [\"redis://{{ nobody }}:6379\"]"),
        redis("redis://{{ nobody }}", "channel"),
        redis("redis://127.0.0.1", "{{ nobody }}"),
    ] {
        let said = app.refused();
        assert!(said.contains("undeclared variable \"nobody\""), "{said}");
    }
}
