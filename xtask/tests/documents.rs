//! Tests of documents and texts: links, lengths of lines and pages, and words that the project avoids.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

/// Words that plain English replaces.
const AVOIDED: &str = "anew, as ever, all the same, of its own, by itself, reckon, reckons, mend, \
    mends, mended, heed, heeds, told, tells, takes part, does its part, is away, the dearest, \
    whoever, set aside, thrown away, lapsed, lapses, metronome, doubled, as it must be, judge, \
    judges, judged, looks round, stand, stands, stood, story, stories";
/// True uses: a part of the file's path, and the words around the avoided one.
const ALLOWED: &[(&str, &str)] = &[("", "told apart"), ("xtask/tests/documents.rs", "")];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The files in version control, without those from other projects.
fn files(ends: &[&str]) -> Vec<String> {
    let output = Command::new("git").arg("-C").arg(root()).arg("ls-files").output().unwrap();
    let names = String::from_utf8(output.stdout).unwrap();
    let files: Vec<String> = names
        .lines()
        .filter(|name| ends.iter().any(|end| name.ends_with(end)))
        .filter(|name| !name.contains("/crds/") || is_page(name))
        .map(str::to_owned)
        .collect();
    assert!(!files.is_empty(), "git lists no {ends:?}");
    files
}

fn is_page(file: &str) -> bool {
    file.rsplit_once('.').is_some_and(|(_, end)| end == "md")
}

/// Numbered lines of a page outside of code blocks.
fn prose(page: &str) -> Vec<(usize, &str)> {
    let mut is_code = false;
    let is_prose = |(_, line): &(usize, &str)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    };
    (1..).zip(page.lines()).filter(is_prose).collect()
}

/// How GitHub names the anchor of a heading.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || "-_ ".contains(*c);
    heading.trim().to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")
}

fn anchors(file: &str) -> BTreeSet<String> {
    let page = read(file);
    let headings = prose(&page).into_iter().filter(|(_, line)| line.starts_with('#'));
    headings.map(|(_, line)| anchor(line.trim_start_matches('#'))).collect()
}

/// Targets of inline links and of link definitions.
fn links(line: &str) -> Vec<&str> {
    let inline = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let defined = line.starts_with('[').then(|| line.split_once("]: ")).flatten();
    inline.chain(defined.map(|(_, target)| target.trim())).collect()
}

/// A path without `..` in the middle.
fn normal(path: &Path) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            Component::Normal(part) => parts.push(part.to_str().unwrap()),
            _ => {}
        }
    }
    parts.join("/")
}

fn broken_links(file: &str, page: &str) -> Vec<String> {
    let mut broken = Vec::new();
    for (number, line) in prose(page) {
        for link in links(line) {
            // The second form is resolved by GitHub's web pages, not in the repository.
            if link.contains("://") || link.starts_with("../../actions/") {
                continue;
            }
            let (path, wanted) = link.split_once('#').unwrap_or((link, ""));
            let folder = Path::new(file).parent().unwrap();
            let target = if path.is_empty() { file.to_owned() } else { normal(&folder.join(path)) };
            let is_there = root().join(&target).exists();
            if !is_there || !(wanted.is_empty() || anchors(&target).contains(wanted)) {
                broken.push(format!("{file}:{number}: {link}"));
            }
        }
    }
    broken
}

/// Lines of prose over 100 columns, and all others over 110: code, tables and addresses.
fn long_lines(file: &str, text: &str) -> Vec<String> {
    let prose = if is_page(file) { prose(text) } else { Vec::new() };
    let most = |number: usize, line: &str| {
        let is_link = line.contains("](http") || (line.starts_with('[') && line.contains("]: "));
        let is_narrow = prose.contains(&(number, line)) && !line.starts_with('|') && !is_link;
        if is_narrow { 100 } else { 110 }
    };
    let lines = (1..).zip(text.lines());
    let long = lines.filter(|(number, line)| line.chars().count() > most(*number, line));
    long.map(|(number, _)| format!("{file}:{number}")).collect()
}

/// The string literals of a Rust file without its comments.
fn literals(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '/', '\'', '#']) {
        let (before, tail) = rest.split_at(at);
        let (literal, after) = if let Some(comment) = tail.strip_prefix("//") {
            ("", comment.split_once('\n').unwrap_or_default().1)
        } else if let Some(raw) = tail.strip_prefix("#\"").filter(|_| before.ends_with('r')) {
            raw.split_once("\"#").unwrap_or_default()
        } else if let Some(string) = tail.strip_prefix('"') {
            let mut is_escaped = false;
            let ends = |c: char| {
                let is_end = c == '"' && !is_escaped;
                is_escaped = c == '\\' && !is_escaped;
                is_end
            };
            string.split_once(ends).unwrap_or_default()
        } else {
            // The quotes among the characters.
            let quotes = ["'\"'", "'\\''", "'\\\\'"];
            ("", quotes.iter().find_map(|quote| tail.strip_prefix(quote)).unwrap_or(&tail[1..]))
        };
        found.push(literal);
        rest = after;
    }
    found
}

/// The names of a Rust file's functions, as words.
fn names(text: &str) -> String {
    let name = |line: &str| {
        let at = line.find("fn ").filter(|at| *at == 0 || line[..*at].ends_with(' '))?;
        Some(line[at..].split(['(', '<']).next()?.replace('_', " "))
    };
    text.lines().filter_map(|line| name(line.trim())).collect::<Vec<_>>().join(" ")
}

/// The words of a file in lower case: a page without its code; names of functions, comments and
/// string literals of a Rust program; comments of a script; all of anything else.
fn words(file: &str, text: &str) -> String {
    let comments = |marker: &str| -> Vec<&str> {
        text.lines().map(str::trim).filter(|line| line.starts_with(marker)).collect()
    };
    let names = names(text);
    let (text, quote) = match file.rsplit_once('.') {
        Some((_, "md")) => (prose(text).into_iter().map(|(_, line)| line).collect(), '`'),
        Some((_, "rs")) => ([vec![&*names], comments("//"), literals(text)].concat(), '`'),
        Some((_, "lua")) => (comments("--"), '`'),
        Some((_, "js" | "ts")) => (vec![text], ' '),
        _ => (vec![text], '`'),
    };
    let kept = |c: char| match c {
        '`' => quote,
        c if c.is_alphanumeric() || "_-{}:".contains(c) => c,
        _ => ' ',
    };
    let text: String = text.join(" ").to_lowercase().chars().map(kept).collect();
    // Names of fields and keys are no prose.
    let parts = text.split('`').enumerate();
    let spoken = parts.map(|(at, part)| if at % 2 == 0 || part.len() > 60 { part } else { "" });
    let words: Vec<String> = spoken.map(str::to_owned).collect();
    words.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn avoided(file: &str, text: &str) -> Vec<String> {
    let words = format!(" {} ", words(file, text));
    let mut found = Vec::new();
    for word in AVOIDED.split(", ") {
        for (at, _) in words.match_indices(&format!(" {word} ")) {
            let tail: String = words[at..].chars().take(50).collect();
            let head: String = words[..at].chars().rev().take(30).collect();
            let around = head.chars().rev().collect::<String>() + &tail;
            let is_allowed =
                |(path, part): &(&str, &str)| file.contains(path) && around.contains(part);
            if !ALLOWED.iter().any(is_allowed) {
                found.push(format!("{file}: {word:?} in {:?}", around.trim()));
            }
        }
    }
    found
}

fn none_of(check: impl Fn(&str, &str) -> Vec<String>, ends: &[&str]) {
    let found: Vec<String> = files(ends).iter().flat_map(|file| check(file, &read(file))).collect();
    assert!(found.is_empty(), "{}:\n{}", found.len(), found.join("\n"));
}

#[test]
fn every_relative_link_has_a_target() {
    none_of(broken_links, &[".md"]);
    assert_eq!(broken_links("docs/x.md", "[a](no.md) [b](../README.md#no)").len(), 2);
}

#[test]
fn lines_have_at_most_110_columns_and_those_of_prose_100() {
    none_of(
        long_lines,
        &[".md", ".rs", ".lua", ".toml", ".yaml", ".yml", ".css", ".js", ".ts", ".html", ".sh"],
    );
    assert_eq!(long_lines("x.md", &"word ".repeat(21)), ["x.md:1"]);
    assert_eq!(long_lines("x.md", &format!("|{}", "word ".repeat(21))), [""; 0]);
    assert_eq!(long_lines("x.md", &format!("|{}", "word ".repeat(22))), ["x.md:1"]);
    assert_eq!(long_lines("x.rs", &"word ".repeat(23)), ["x.rs:1"]);
    assert_eq!(long_lines("x.rs", &"word ".repeat(22)), [""; 0]);
}

#[test]
fn pages_comments_and_texts_use_plain_words() {
    none_of(
        avoided,
        &[".md", ".rs", ".lua", ".yaml", ".yml", ".toml", ".sh", ".js", ".ts", ".html"],
    );
    assert_eq!(avoided("x.rs", "// It is set\n// aside.\nlet told = 1;").len(), 1);
    let program = r##"'"'; let told = 1; f("told \" and", r#"a "mend" b"#); // "x"
        let stands: &'a str = "reckon";"##;
    assert_eq!(avoided("x.rs", program).len(), 3, "{:?}", literals(program));
    let named = "    pub(crate) async fn what_stands_here<T>(told: &T) {}\nfn tells() {}";
    assert_eq!(avoided("x.rs", named).len(), 2, "{}", names(named));
    assert_eq!(avoided("x.html", "<p title=\"set aside\">").len(), 1);
    assert_eq!(avoided("x.js", "setText(`${all} set aside`);").len(), 1);
}

#[test]
fn the_front_page_and_the_pages_are_short() {
    let count = |file: &str| read(file).split_whitespace().count();
    assert!(count("README.md") <= 700, "README.md: {}", count("README.md"));
    let pages = files(&[".md"]);
    let total: usize =
        pages.iter().filter(|file| file.starts_with("docs/")).map(|file| count(file)).sum();
    assert!(total <= 16_000, "docs: {total}");
}

#[test]
fn applications_images_the_api_and_the_change_log_have_the_version_of_the_crates() {
    let version = env!("CARGO_PKG_VERSION");
    for (file, line) in [
        ("spin.toml", format!("version = \"{version}\"")),
        ("spin.typescript.toml", format!("version = \"{version}\"")),
        ("docs/openapi.yaml", format!("  version: {version}")),
        ("loadtest/Dockerfile", format!("      org.opencontainers.image.version=\"{version}\" \\")),
    ] {
        assert!(read(file).lines().any(|found| found == line), "{file} has no line {line:?}");
    }
    let pages: String = files(&["kustomization.yaml"]).iter().map(|file| read(file)).collect();
    let mut tags = pages.lines().filter_map(|line| line.trim().strip_prefix("newTag: "));
    assert!(tags.clone().count() > 0 && tags.all(|tag| tag == version), "{pages}");
    let log = read("CHANGELOG.md");
    let newest = log.lines().find(|line| line.starts_with("## ")).unwrap();
    assert!(newest.starts_with(&format!("## [{version}]")), "{newest}");
}
