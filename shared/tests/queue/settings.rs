//! The defaults of `spin.toml` are those of the code, and every component is given every variable it reads.

use std::path::Path;

use shared::journal::LogLevel;
use shared::queue::{MOST_PARTITIONS, QueueName};
use shared::settings::{
    self, ApiSettings, DEFAULT_COMPLEXITY_THRESHOLD, DashboardSettings, QueueSettings,
};

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
    assert_eq!(DashboardSettings::read(&variables), Ok(DashboardSettings::default()));
    assert_eq!(settings::complexity_threshold(&variables), Ok(DEFAULT_COMPLEXITY_THRESHOLD));
    assert_eq!(settings::log_level(&variables), Ok(LogLevel::Info));
    assert_eq!(settings::redis_url(&variables).as_deref(), Ok("redis://127.0.0.1:6379"));
    let urls = settings::redis_urls(&variables, &QueueName::default());
    assert_eq!(urls, Ok(vec!["redis://127.0.0.1:6379".to_owned()]), "one partition");
    for (name, variable) in manifest["variables"].as_table().unwrap() {
        assert!(variable["description"].as_str().is_some_and(|text| !text.is_empty()), "{name}");
    }
}

#[test]
fn every_component_is_given_every_variable_it_reads() {
    let manifest = manifest();
    for (id, component) in manifest["component"].as_table().unwrap() {
        let given = |name: &str| {
            let expected = match name.strip_prefix("redis_url") {
                Some(partition) => format!("{{{{ redis_login{partition} }}}}{{{{ {name} }}}}"),
                None => format!("{{{{ {name} }}}}"),
            };
            match component["variables"].get(name) {
                // All partitions are asked for, so that none is forgotten.
                Some(template) if template.as_str() == Some(&expected) => Ok(match name {
                    "partitions" => MOST_PARTITIONS.to_string(),
                    _ if name.starts_with("redis_url") => format!("redis://{name}:6379"),
                    _ => manifest["variables"][name]["default"].as_str().unwrap().to_owned(),
                }),
                _ => Err(format!("not given to {id}")),
            }
        };
        QueueSettings::read(&given).unwrap();
        settings::redis_url(&given).unwrap();
        let mut hosts = vec!["{{ redis_url }}".to_owned()];
        match id.as_str() {
            "orders-api" => {
                ApiSettings::read(&given).unwrap();
                DashboardSettings::read(&given).unwrap();
                settings::api_token(&given).unwrap();
                let urls = settings::redis_urls(&given, &QueueName::default()).unwrap();
                assert_eq!(urls.len(), MOST_PARTITIONS);
                hosts.extend(
                    (1..MOST_PARTITIONS)
                        .map(|partition| format!("{{{{ redis_url_p{partition} }}}}")),
                );
            }
            "distributor" => drop(settings::complexity_threshold(&given).unwrap()),
            _ => {}
        }
        if id != "orders-api" {
            settings::log_level(&given).unwrap();
        }
        let allowed = component["allowed_outbound_hosts"].as_array().unwrap();
        assert!(allowed.iter().map(|host| host.as_str().unwrap()).eq(&hosts), "{id}: {allowed:?}");
    }
}

#[test]
fn what_is_secret_is_declared_so_and_has_no_default_and_goes_where_it_is_needed_only() {
    let manifest = manifest();
    for (name, variable) in manifest["variables"].as_table().unwrap() {
        let is_secret = name == "api_token" || name.starts_with("redis_login");
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
    let partitions_go_to_the_api_only = |id: &str, component: &toml::Value| {
        let variables = component["variables"].as_table().unwrap();
        variables.keys().any(|name| name.contains("_p1") || name == "partitions")
            == (id == "orders-api")
    };
    for (id, component) in manifest["component"].as_table().unwrap() {
        assert!(partitions_go_to_the_api_only(id, component), "{id}");
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
    assert_eq!(
        addresses.len(),
        3,
        "one address string would make the three workers wait for each other"
    );
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
    for wrong in ["", "INFO", "trace", "info "] {
        let error = settings::log_level(&|_: &str| Ok(wrong.to_owned())).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("variable log_level: expected error, warn, info or debug, found {wrong:?}")
        );
    }
    let unreadable = |_: &str| Err("no such variable".to_owned());
    let error = settings::complexity_threshold(&unreadable).unwrap_err().to_string();
    assert_eq!(error, "variable complexity_threshold: no such variable");
}

#[test]
fn a_partition_without_an_address_is_refused_by_name() {
    let queue = QueueName::default();
    let urls = |partitions: &str, second: &str| {
        let (partitions, second) = (partitions.to_owned(), second.to_owned());
        settings::redis_urls(
            &move |name: &str| {
                Ok(match name {
                    "partitions" => partitions.clone(),
                    "redis_url" => "redis://a:6379".into(),
                    "redis_url_p1" => second.clone(),
                    _ => "redis://unset.invalid:6379".into(),
                })
            },
            &queue,
        )
    };
    assert_eq!(urls("2", "redis://b:6379").unwrap(), ["redis://a:6379", "redis://b:6379"]);
    assert_eq!(urls("1", "redis://unset.invalid:6379").unwrap(), ["redis://a:6379"]);
    let error = urls("3", "redis://b:6379").unwrap_err().to_string();
    assert_eq!(
        error,
        "variable redis_url_p2: expected the address of a server, because partitions is 3"
    );
    for wrong in ["0", "9", "two", ""] {
        let error = urls(wrong, "redis://b:6379").unwrap_err().to_string();
        assert!(
            error.starts_with("variable partitions: expected a whole number from 1 to 8"),
            "{error}"
        );
    }
}

#[test]
fn a_queue_whose_name_leaves_no_room_for_the_partitions_number_is_refused() {
    let urls = |partitions: &'static str, length: usize| {
        let variables = move |name: &str| match name {
            "partitions" => Ok(partitions.to_owned()),
            _ => Ok("redis://a:6379".to_owned()),
        };
        settings::redis_urls(&variables, &QueueName::parse(&"q".repeat(length)).unwrap())
    };
    assert!(urls("1", 64).is_ok());
    assert!(urls("8", 62).is_ok());
    let error = urls("2", 63).unwrap_err().to_string();
    assert_eq!(
        error,
        "variable queue: expected at most 62 characters where there are partitions, found 63"
    );
}
