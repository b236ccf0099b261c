//! Settings are read from variables, and refused by name when they are wrong.

use queue::{InvalidName, Name, Settings};

/// Every variable, each with another value.
const VARIABLES: [(&str, &str); 8] = [
    ("queue", "parcels"),
    ("batch_size", "101"),
    ("claim_idle_ms", "102"),
    ("max_deliveries", "103"),
    ("drain_budget_ms", "104"),
    ("bell_ms", "105"),
    ("retention_s", "106"),
    ("linger_ms", "107"),
];

/// Reads settings with this value instead.
fn read(name: &str, value: &str) -> Result<Settings, String> {
    let get = |asked: &str| {
        let (_, own) = VARIABLES.into_iter().find(|(known, _)| *known == asked).ok_or("unknown")?;
        Ok::<_, &str>(if asked == name { value } else { own }.to_owned())
    };
    let settings = Settings::new(Name::from_static("x"), &["bike"]);
    settings.read(get).map_err(|error| error.to_string())
}

#[test]
fn every_variable_is_read_into_its_setting() {
    let settings = read("queue", "parcels").unwrap();
    let found = [
        settings.batch_size,
        settings.claim_idle_ms,
        settings.max_deliveries,
        settings.drain_budget_ms,
        settings.bell_ms,
        settings.retention_s,
        settings.linger_ms,
    ];
    assert_eq!(found, [101, 102, 103, 104, 105, 106, 107]);
    assert_eq!((settings.queue.as_str(), settings.lanes), ("parcels", &["bike"][..]));
}

#[test]
fn a_wrong_variable_is_refused_by_name_with_what_is_allowed() {
    for (name, wrong, right) in [
        ("batch_size", "0", "1"),
        ("batch_size", "1001", "1000"),
        ("claim_idle_ms", "9", " 10 "),
        ("max_deliveries", "-1", "1"),
        ("retention_s", "", "31536000"),
        ("linger_ms", "1001", "0"),
        ("bell_ms", "1.5", "60000"),
        ("drain_budget_ms", "soon", "600000"),
        ("queue", "a b", "a-b_c.d"),
        ("queue", "", "q"),
    ] {
        let error = read(name, wrong).unwrap_err();
        assert!(error.starts_with(&format!("variable {name}: expected ")), "{error}");
        assert!(error.ends_with(&format!("found {wrong:?}")), "{error}");
        assert!(read(name, right).is_ok(), "{name} {right}");
    }
    let absent = |_: &str| Err("no such variable");
    let settings = Settings::new(Name::from_static("x"), &[]);
    let error = settings.read(absent).unwrap_err().to_string();
    assert_eq!(error, "variable queue: no such variable");
}

#[test]
fn names_are_one_to_64_harmless_characters() {
    for name in ["a", "A-b_c.9", &"x".repeat(64)] {
        assert_eq!(name.parse::<Name>().unwrap().as_str(), name);
    }
    for name in ["", "a b", "a:b", "{a}", "a\n", "ü", "*", &"x".repeat(65)] {
        assert_eq!(name.parse::<Name>(), Err(InvalidName));
    }
}
