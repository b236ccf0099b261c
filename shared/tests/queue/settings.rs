//! The defaults of `spin.toml` are those of the code, and every component is given every variable it reads.

use std::path::Path;

use shared::settings::{self, ApiSettings, DEFAULT_COMPLEXITY_THRESHOLD, QueueSettings};

fn manifest() -> toml::Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spin.toml");
    std::fs::read_to_string(path).unwrap().parse().unwrap()
}

#[test]
fn the_defaults_of_the_manifest_are_those_of_the_code() {
    let manifest = manifest();
    let variables = |name: &str| {
        let variable = manifest["variables"].get(name).ok_or("not declared")?;
        Ok(variable["default"].as_str().unwrap().to_owned())
    };
    assert_eq!(QueueSettings::read(&variables), Ok(QueueSettings::default()));
    assert_eq!(ApiSettings::read(&variables), Ok(ApiSettings::default()));
    assert_eq!(settings::complexity_threshold(&variables), Ok(DEFAULT_COMPLEXITY_THRESHOLD));
    assert_eq!(settings::redis_url(&variables).as_deref(), Ok("redis://127.0.0.1:6379"));
    for (name, variable) in manifest["variables"].as_table().unwrap() {
        assert!(variable["description"].as_str().is_some_and(|text| !text.is_empty()), "{name}");
    }
}

#[test]
fn every_component_is_given_every_variable_it_reads() {
    let manifest = manifest();
    for (id, component) in manifest["component"].as_table().unwrap() {
        let given = |name: &str| {
            let expected = match name {
                "redis_url" => "{{ redis_login }}{{ redis_url }}".to_owned(),
                name => format!("{{{{ {name} }}}}"),
            };
            match component["variables"].get(name) {
                Some(template) if template.as_str() == Some(&expected) => {
                    Ok(manifest["variables"][name]["default"].as_str().unwrap().to_owned())
                }
                _ => Err(format!("not given to {id}")),
            }
        };
        QueueSettings::read(&given).unwrap();
        settings::redis_url(&given).unwrap();
        match id.as_str() {
            "orders-api" => {
                ApiSettings::read(&given).unwrap();
                settings::api_token(&given).unwrap();
            }
            "distributor" => drop(settings::complexity_threshold(&given).unwrap()),
            _ => {}
        }
        let hosts = component["allowed_outbound_hosts"].as_array().unwrap();
        assert_eq!(hosts.len(), 1, "{id}");
        assert_eq!(hosts[0].as_str(), Some("{{ redis_url }}"), "{id}");
    }
}

#[test]
fn what_is_secret_is_declared_so_and_has_no_default_and_goes_where_it_is_needed_only() {
    let manifest = manifest();
    for (name, variable) in manifest["variables"].as_table().unwrap() {
        let is_secret = ["api_token", "redis_login"].contains(&name.as_str());
        assert_eq!(
            variable.get("secret").and_then(toml::Value::as_bool),
            is_secret.then_some(true),
            "{name}"
        );
        assert!(!is_secret || variable["default"].as_str() == Some(""), "{name}");
    }
    for (id, component) in manifest["component"].as_table().unwrap() {
        assert_eq!(component["variables"].get("api_token").is_some(), id == "orders-api", "{id}");
    }
    for trigger in manifest["trigger"]["redis"].as_array().unwrap() {
        let address = trigger["address"].as_str().unwrap();
        assert!(address.starts_with("{{ redis_login }}{{ redis_url }}/?trigger="), "{address}");
    }
}

#[test]
fn the_bells_are_rung_on_the_channels_that_the_triggers_listen_to() {
    let manifest = manifest();
    let keys = shared::queue::Keys::new(Default::default());
    for stream in shared::queue::Stream::ALL {
        let trigger = manifest["trigger"]["redis"]
            .as_array()
            .unwrap()
            .iter()
            .find(|trigger| trigger["component"].as_str() == Some(stream.group()))
            .unwrap();
        let channel = trigger["channel"].as_str().unwrap().replace("{{ queue }}", "orders");
        assert_eq!(channel, keys.channel(stream));
    }
    let addresses: std::collections::BTreeSet<_> = manifest["trigger"]["redis"]
        .as_array()
        .unwrap()
        .iter()
        .map(|trigger| trigger["address"].as_str().unwrap())
        .collect();
    assert_eq!(addresses.len(), 3, "one address string would make the three workers wait for each other");
}

#[test]
fn a_wrong_variable_is_refused_by_name_with_what_is_allowed() {
    for (name, wrong) in [
        ("batch_size", "0"),
        ("batch_size", "1001"),
        ("claim_idle_ms", "soon"),
        ("max_deliveries", "-1"),
        ("queue", "a b"),
        ("retention_s", ""),
    ] {
        let variables = |asked: &str| match asked {
            asked if asked == name => Ok(wrong.to_owned()),
            "queue" => Ok("orders".into()),
            _ => Ok("100".into()),
        };
        let error = QueueSettings::read(&variables).unwrap_err().to_string();
        assert!(error.starts_with(&format!("variable {name}: ")), "{error}");
    }
    let unreadable = |_: &str| Err("no such variable".to_owned());
    let error = settings::complexity_threshold(&unreadable).unwrap_err().to_string();
    assert_eq!(error, "variable complexity_threshold: no such variable");
}
