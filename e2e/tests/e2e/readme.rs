//! The shell commands of `README.md` and `docs/getting-started.md`. Those that can run here are
//! pasted into a shell; of the others, names and flags are checked. A command of another kind fails.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use serde_json::Value;

use e2e::{PATIENCE, TestApp, binary, repository};

const PAGES: [&str; 2] = ["README.md", "docs/getting-started.md"];
/// Commands of programs that few machines for tests have.
const KNOWN: [&str; 2] = ["rustup target add wasm32-wasip1", "spin build --up"];

fn read(page: impl AsRef<Path>) -> String {
    std::fs::read_to_string(repository().join(page)).unwrap()
}

/// The code blocks of a page with their languages.
fn blocks(page: impl AsRef<Path>) -> Vec<(String, String)> {
    let text = read(page);
    let blocks = text.split("\n```").skip(1).step_by(2);
    blocks
        .map(|block| {
            let (language, block) = block.split_once('\n').unwrap();
            (language.to_owned(), block.to_owned())
        })
        .collect()
}

/// The commands in blocks without a language or with `sh`, over several lines too.
fn commands(page: impl AsRef<Path>) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    for (language, block) in blocks(page) {
        for line in block.lines().filter(|_| language.is_empty() || language == "sh") {
            match commands.last_mut() {
                Some(last) if last.ends_with('\\') || last.matches('\'').count() % 2 == 1 => {
                    last.push('\n');
                    last.push_str(line);
                }
                _ => commands.push(line.to_owned()),
            }
        }
    }
    commands
}

/// What a program says, which must end well.
fn said(program: impl AsRef<Path>, arguments: &[&str]) -> String {
    let mut command = Command::new(program.as_ref());
    let output = command.args(arguments).current_dir(repository()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}");
    said
}

/// Checks the name and the flags of a command of `cargo xtask`, which may be those of `loadtest`.
fn check_xtask(command: &str) {
    let name = command.split_whitespace().nth(2).expect("a subcommand");
    let mut help = said(binary("xtask"), &[name, "--help"]);
    if help.contains("FLAGS OF LOADTEST") {
        help += &said(binary("loadtest"), &[name, "--help"]);
    }
    for flag in command.split_whitespace().filter(|word| word.starts_with("--")) {
        assert!(help.contains(flag), "{command}: {flag} is not in --help");
    }
}

fn kubectl() -> PathBuf {
    let own = repository().join("target/kubectl/kubectl");
    if own.exists() { own } else { "kubectl".into() }
}

/// False for a command that is not known here.
fn is_checked(command: &str) -> bool {
    if command.starts_with("cargo xtask ") {
        check_xtask(command);
    } else if command.starts_with("manifests/") {
        said("test", &["-x", command]);
        said("bash", &["-n", command]);
    } else if let Some(file) = command.strip_prefix("kubectl apply -f ") {
        assert!(read(file).contains("\nkind: "), "{file}");
        assert!(said(kubectl(), &["apply", "--help"]).contains("-f, --filename"));
    } else {
        return KNOWN.contains(&command);
    }
    true
}

#[test]
fn every_command_of_the_front_pages_runs_or_is_checked() {
    let mut app = TestApp::start();
    for page in PAGES {
        let commands = commands(page);
        assert!(commands.len() >= 4, "{page}: {commands:?}");
        for command in commands {
            if command.starts_with("redis-cli ") {
                said("bash", &["-c", &command.replace("REDIS_URL", &app.server.url())]);
            } else if !command.starts_with("curl ") {
                assert!(is_checked(&command), "{page}: {command}: neither run nor checked");
            }
        }
    }
    app.poll_until("the order of redis-cli is confirmed", |app| {
        (app.get("/orders/2").body["state"] == "confirmed").then_some(())
    });
    assert!(!is_checked("cargo build"));
}

#[test]
fn every_command_of_cargo_xtask_in_the_pages_has_its_flags() {
    let entries = std::fs::read_dir(repository().join("docs")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut checked = 0;
    for page in paths.filter(|path| path.extension().is_some_and(|ending| ending == "md")) {
        for command in commands(&page).iter().filter(|line| line.starts_with("cargo xtask ")) {
            check_xtask(command);
            checked += 1;
        }
    }
    assert!(checked > 8, "{checked}");
}

/// What `cargo xtask burst` runs once everything is built.
#[test]
fn the_burst_of_the_front_page_reports_what_is_shown_there() {
    let app = TestApp::start();
    let load = app.burst_on(&app.server.url(), &["--app-pid", &app.pid().to_string()]);
    assert_eq!(load.code, Some(0), "{}", load.text);
    let blocks = blocks("README.md");
    let (_, shown) = blocks.iter().find(|(language, _)| language == "text").unwrap();
    let words = |line: &str| -> Vec<String> {
        let words = line.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    };
    for line in shown.lines() {
        let is_there = load.text.lines().any(|found| words(found) == words(line));
        assert!(is_there, "{line:?} is not in\n{}", load.text);
    }
}

/// The commands of the tour with the answers below them.
fn tour() -> Vec<(String, Value)> {
    let blocks = blocks("docs/getting-started.md");
    let pairs = blocks.windows(2).filter(|pair| pair[0].1.starts_with("curl "));
    pairs
        .map(|pair| {
            let [(_, command), (language, answer)] = pair else { unreachable!("pairs") };
            assert_eq!(language, "json", "an answer follows each command");
            (command.clone(), serde_json::from_str(answer).unwrap())
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
