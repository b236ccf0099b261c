//! The tour of `docs/getting-started.md`, pasted into a shell: each answer is the one on the page.
//!
//! Values that differ from run to run are masked.

use std::process::Command;
use std::time::Instant;

use serde_json::Value;

use e2e::{PATIENCE, TestApp, repository};

/// The commands of the tour with the answers below them.
fn tour() -> Vec<(String, Value)> {
    let page = std::fs::read_to_string(repository().join("docs/getting-started.md")).unwrap();
    let (_, section) = page.split_once("### Send an order").unwrap();
    let (section, _) = section.split_once("\n### ").unwrap();
    let commands = section.split("```sh\n").skip(1);
    commands
        .map(|part| {
            let (command, rest) = part.split_once("```").unwrap();
            let answer = rest
                .trim_start()
                .strip_prefix("```json\n")
                .expect("an answer follows each command");
            let (answer, _) = answer.split_once("```").unwrap();
            (command.to_owned(), serde_json::from_str(answer).unwrap())
        })
        .collect()
}

/// A value without what differs from run to run.
fn masked(value: Value) -> Value {
    const VARYING: [&str; 7] =
        ["queuedAt", "routedAt", "confirmedAt", "decidedAt", "startsOn", "shipsOn", "backlog"];
    match value {
        Value::Object(fields) => {
            let field = |(name, value): (String, Value)| {
                let varies = VARYING.contains(&name.as_str()) && !value.is_null();
                let value = if varies { "varies".into() } else { masked(value) };
                (name, value)
            };
            Value::Object(fields.into_iter().map(field).collect())
        }
        Value::Array(values) => values.into_iter().map(masked).collect(),
        other => other,
    }
}

#[test]
fn every_command_of_the_tour_gets_the_answer_below_it() {
    let app = TestApp::start();
    let tour = tour();
    assert!(tour.len() >= 2, "{} commands", tour.len());
    for (command, expected) in tour {
        let expected = masked(expected);
        let pasted = command.replace("localhost:3000", app.base_url.trim_start_matches("http://"));
        let deadline = Instant::now() + PATIENCE;
        loop {
            let output = Command::new("bash").args(["-c", &pasted]).output().unwrap();
            let answer = String::from_utf8_lossy(&output.stdout).into_owned();
            let found = serde_json::from_str(&answer).map(masked).unwrap_or_default();
            if found == expected {
                break;
            }
            // A read is repeated until the order has its final state; a write is sent once.
            let is_look = !command.contains("-d '") && !command.contains("--data");
            assert!(
                is_look && Instant::now() < deadline,
                "{command}\nexpected {expected}\nfound {answer}"
            );
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}
