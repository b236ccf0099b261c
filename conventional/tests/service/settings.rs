//! Flags, environment, and the errors for wrong ones.

use std::process::Output;

use clap::CommandFactory;
use conventional::cli::Arguments;
use private_redis::RedisServer;

use crate::support::program;

/// Flag, environment variable, the least and the most allowed.
const NUMBERS: [(&str, &str, u32, u32); 8] = [
    ("--complexity-threshold", "COMPLEXITY_THRESHOLD", 1, 1_000_000),
    ("--batch-size", "BATCH_SIZE", 1, 1_000),
    ("--claim-idle-ms", "CLAIM_IDLE_MS", 10, 86_400_000),
    ("--max-deliveries", "MAX_DELIVERIES", 1, 1_000),
    ("--drain-budget-ms", "DRAIN_BUDGET_MS", 1, 600_000),
    ("--bell-ms", "BELL_MS", 1, 60_000),
    ("--linger-ms", "LINGER_MS", 0, 1_000),
    ("--retention-s", "RETENTION_S", 1, 31_536_000),
];

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn every_setting_is_taken_by_flag_and_by_environment_up_to_its_limits() {
    let server = RedisServer::start().unwrap();
    for limit in [0, 1] {
        let (mut flags, mut environment) = (program(), program());
        flags.args([
            "check",
            "--redis-url",
            &server.url(),
            "--queue",
            "a.b",
            "--role",
            "receiver-simple",
        ]);
        environment
            .arg("check")
            .env("REDIS_URL", server.url())
            .env("QUEUE", "a.b")
            .env("ROLE", "distributor");
        for (flag, variable, least, most) in NUMBERS {
            let value = [least, most][limit].to_string();
            flags.args([flag, &value]);
            environment.env(variable, &value);
        }
        for mut command in [flags, environment] {
            let output = command.output().unwrap();
            assert!(output.status.success(), "{}", text(&output));
        }
    }
}

#[test]
fn a_wrong_value_ends_with_an_error_that_names_flag_and_variable() {
    let is_refused = |flag: &str, variable: &str, value: &str| {
        for (by_flag, by_environment) in [(Some(flag), None), (None, Some(variable))] {
            let mut command = program();
            command.args(by_flag.map(|flag| format!("{flag}={value}")));
            command.envs(by_environment.map(|name| (name, value)));
            let output = command.output().unwrap();
            let text = text(&output);
            assert!(!output.status.success(), "{flag} {value}: {text}");
            assert!(text.contains(&format!("{flag} ({variable}): ")), "{flag} {value}: {text}");
            assert!(!text.contains("ready"), "{text}");
        }
    };
    for (flag, variable, least, most) in NUMBERS {
        for value in [
            (i64::from(least) - 1).to_string(),
            (most + 1).to_string(),
            "-1".into(),
            "two".into(),
            String::new(),
        ] {
            is_refused(flag, variable, &value);
        }
    }
    for value in ["", "a b", "a}b"] {
        is_refused("--queue", "QUEUE", value);
    }
    for value in ["", "127.0.0.1:6379", "http://127.0.0.1", "redis://127.0.0.1:port"] {
        is_refused("--redis-url", "REDIS_URL", value);
    }
    let output = program().args(["--role", "receiver"]).output().unwrap();
    assert!(!output.status.success() && text(&output).contains("--role"), "{}", text(&output));
}

#[test]
fn the_password_is_in_no_help_and_no_error() {
    let server = RedisServer::start().unwrap();
    let url = server.url().replace("redis://", "redis://pipeline:hush-hush@");
    for arguments in
        [&["--help"][..], &["check"], &["check", "--batch-size", "0"], &["--role", "no"]]
    {
        let output = program().args(arguments).env("REDIS_URL", &url).output().unwrap();
        assert!(!text(&output).contains("hush"), "{}", text(&output));
        assert_eq!(output.status.success(), arguments == ["--help"], "{}", text(&output));
    }
}

#[test]
fn the_readme_lists_every_flag_with_its_variable_and_its_default() {
    let page = include_str!("../../README.md");
    let command = Arguments::command();
    let flags: Vec<_> =
        command.get_arguments().filter(|argument| argument.get_env().is_some()).collect();
    assert_eq!(flags.len(), NUMBERS.len() + 3);
    for flag in flags {
        let (name, variable) =
            (flag.get_long().unwrap(), flag.get_env().unwrap().to_str().unwrap());
        let default = match flag.get_default_values() {
            [value] => format!("`{}`", value.to_str().unwrap()),
            _ => "all".to_owned(),
        };
        let row = format!("| `--{name}` | `{variable}` | {default} | ");
        assert!(page.lines().any(|line| line.starts_with(&row)), "{row}");
    }
}
