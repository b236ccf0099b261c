//! Checks the Dockerfiles against the workspace and the program, without building an image.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};
use conventional::cli::{Arguments, Command, RoleName};

/// One instruction: its keyword and the rest, continued lines joined.
struct Instruction {
    keyword: String,
    rest: String,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn role_names() -> BTreeSet<String> {
    RoleName::value_variants()
        .iter()
        .map(|role| role.to_possible_value().unwrap().get_name().to_owned())
        .collect()
}

fn text(role: &str) -> String {
    std::fs::read_to_string(repository().join(format!("conventional/{role}.Dockerfile"))).unwrap()
}

fn instructions(role: &str) -> Vec<Instruction> {
    let text = text(role);
    let lines: Vec<&str> =
        text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    lines
        .join("\n")
        .replace("\\\n", " ")
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(keyword, rest)| Instruction { keyword: keyword.into(), rest: rest.trim().into() })
        .collect()
}

fn only<'a>(instructions: &'a [Instruction], keyword: &str) -> &'a str {
    let found: Vec<_> =
        instructions.iter().filter(|instruction| instruction.keyword == keyword).collect();
    assert_eq!(found.len(), 1, "{keyword}");
    &found[0].rest
}

fn arguments(json: &str) -> Arguments {
    let words: Vec<String> =
        serde_json::from_str(json).expect("without a shell it has to be a JSON list");
    Arguments::try_parse_from(words).unwrap()
}

fn workspace() -> toml::Table {
    std::fs::read_to_string(repository().join("Cargo.toml")).unwrap().parse().unwrap()
}

#[test]
fn every_role_has_a_dockerfile_and_they_differ_in_the_role_only() {
    let found: BTreeSet<String> = std::fs::read_dir(repository().join("conventional"))
        .unwrap()
        .filter_map(|entry| {
            entry
                .unwrap()
                .file_name()
                .into_string()
                .unwrap()
                .strip_suffix(".Dockerfile")
                .map(String::from)
        })
        .collect();
    assert_eq!(found, role_names());
    let texts: BTreeSet<String> =
        found.iter().map(|role| text(role).replace(role, "ROLE")).collect();
    assert_eq!(texts.len(), 1);
}

#[test]
fn the_program_takes_the_arguments_of_each_image() {
    for role in role_names() {
        let instructions = instructions(&role);
        let started = arguments(only(&instructions, "ENTRYPOINT"));
        assert!(started.command.is_none());
        let settings = started.options.check().unwrap();
        assert_eq!(settings.roles, [RoleName::from_str(&role, false).unwrap()]);
        let (_, probe) = only(&instructions, "HEALTHCHECK").split_once(" CMD ").unwrap();
        assert!(matches!(arguments(probe).command, Some(Command::Check)));
    }
}

#[test]
fn images_are_built_from_pinned_versions_and_what_is_there() {
    let instructions = instructions("distributor");
    let rust_version =
        workspace()["workspace"]["package"]["rust-version"].as_str().unwrap().to_owned();
    let mut stages = BTreeSet::new();
    for Instruction { keyword, rest } in &instructions {
        let words: Vec<&str> =
            rest.split_whitespace().filter(|word| !word.starts_with("--")).collect();
        match keyword.as_str() {
            "FROM" => {
                let is_pinned = words[0].starts_with(&format!("rust:{rust_version}."));
                assert!(is_pinned || words[0] == "scratch" || stages.contains(words[0]), "{rest}");
                stages.extend(words.get(2).map(|stage| (*stage).to_owned()));
            }
            "COPY" => match rest.strip_prefix("--from=") {
                Some(from) => assert!(stages.contains(from.split(' ').next().unwrap()), "{rest}"),
                None => assert!(repository().join(words[0]).exists(), "{rest}"),
            },
            "RUN" if rest.contains("cargo install") => {
                assert!(rest.contains("--locked --version "), "{rest}");
            }
            "RUN" => {
                for (at, flag) in rest.match_indices("--package ") {
                    let name = rest[at + flag.len()..].split_whitespace().next().unwrap();
                    assert_eq!(name, env!("CARGO_PKG_NAME"), "{rest}");
                    assert!(rest.contains("--release --locked --target "), "{rest}");
                }
            }
            _ => {}
        }
    }
    let last = instructions.iter().rfind(|instruction| instruction.keyword == "FROM").unwrap();
    assert_eq!(last.rest, "scratch");
    let (user, group) = only(&instructions, "USER").split_once(':').unwrap();
    assert!(user.parse::<u32>().unwrap() > 0 && group.parse::<u32>().unwrap() > 0);
    let labels = only(&instructions, "LABEL");
    for (label, value) in
        [("version", env!("CARGO_PKG_VERSION")), ("licenses", env!("CARGO_PKG_LICENSE"))]
    {
        assert!(
            labels.contains(&format!("org.opencontainers.image.{label}=\"{value}\"")),
            "{labels}"
        );
    }
}

#[test]
fn both_platforms_have_a_target_and_a_linker() {
    let text = text("distributor");
    for (platform, target) in [
        ("linux/amd64", "x86_64-unknown-linux-musl"),
        ("linux/arm64", "aarch64-unknown-linux-musl"),
    ] {
        assert!(text.contains(&format!("{platform}) echo {target} > /target ;;")), "{platform}");
        let variable = target.replace('-', "_").to_uppercase();
        assert!(text.contains(&format!("CARGO_TARGET_{variable}_LINKER=rust-lld")), "{target}");
    }
}

#[test]
fn nothing_that_the_build_needs_is_kept_from_it() {
    let ignored = std::fs::read_to_string(repository().join(".dockerignore")).unwrap();
    let ignored: BTreeSet<&str> = ignored.lines().collect();
    let workspace = workspace();
    let members = workspace["workspace"]["members"].as_array().unwrap();
    assert!(members.len() > 5);
    for path in
        members.iter().map(|member| member.as_str().unwrap()).chain(["Cargo.lock", ".cargo"])
    {
        assert!(repository().join(path).exists(), "{path}");
        assert!(!ignored.contains(path.split('/').next().unwrap()), "{path}");
    }
    assert!(ignored.contains("**/target"), "a context with build folders is gigabytes");
}
