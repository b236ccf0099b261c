//! The variables: defaults, and values that are refused.

use crate::support::{DEFAULTS, TestApi, an_order, file, settings_with};

#[test]
fn a_wrong_variable_is_refused_by_name_and_nothing_is_taken_in() {
    for (name, value) in [
        ("api_token", "hush hush"),
        ("api_token", "h\u{fc}sh"),
        ("allowed_hosts", "shop.example:80"),
        ("allowed_hosts", "https://shop.example"),
        ("max_backlog", "-1"),
        ("max_orders_per_request", "0"),
        ("max_orders_per_request", "100001"),
        ("max_body_bytes", "lots"),
        ("demo_orders", ""),
    ] {
        let Err(error) = settings_with(&[(name, value.into())]) else { panic!("{name} {value}") };
        assert_eq!(error.name, name);
        assert!(!error.to_string().contains("hush"), "{error}");
        let api = TestApi::start_with(&[(name, value)]);
        for answer in [api.get("/healthz"), api.get("/stats"), api.post("/orders", an_order(1))] {
            assert_eq!(answer.outcome(), (500, "misconfigured"), "{name}");
        }
    }
}

#[test]
fn the_defaults_of_the_manifest_are_right_and_those_of_the_tests() {
    let manifest: toml::Table = file("spin.toml").parse().unwrap();
    let variables = manifest["variables"].as_table().unwrap();
    let read = orders_api::Settings::read(|name| {
        let default = variables[name]["default"].as_str().unwrap();
        assert_eq!(default, DEFAULTS.iter().find(|(known, _)| *known == name).unwrap().1, "{name}");
        Ok::<_, String>(default.to_owned())
    });
    assert!(read.is_ok());
}

#[test]
fn the_defaults_of_the_manifest_are_those_of_the_pipeline_and_every_component_gets_them() {
    let manifest: toml::Table = file("spin.toml").parse().unwrap();
    let variables = manifest["variables"].as_table().unwrap();
    assert!(variables.len() <= 20, "{} variables", variables.len());
    for name in ["distributor", "receiver-simple", "receiver-complex", "orders-api"] {
        let given = manifest["component"][name]["variables"].as_table().unwrap();
        let get = |variable: &str| {
            let template = given.get(variable).ok_or(format!("{name} does not give {variable}"))?;
            assert_eq!(template.as_str().unwrap(), format!("{{{{ {variable} }}}}"), "{name}");
            Ok::<_, String>(variables[variable]["default"].as_str().unwrap().to_owned())
        };
        let settings = orders::pipeline::settings();
        assert_eq!(settings.clone().read(get).unwrap(), settings, "{name}");
    }
    let threshold = variables["complexity_threshold"]["default"].as_str().unwrap();
    assert_eq!(threshold, orders::DEFAULT_COMPLEXITY_THRESHOLD.to_string());
}
