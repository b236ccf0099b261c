//! The scripts, run with fakes of the programs that they start.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::support::{manifests, repository};

/// Notes each call in the file `calls`, and answers as the programs of a working cluster do.
const STAND_IN: &str = r#"#!/bin/sh
folder=${0%/*}
name=${0##*/}
echo "$name $*" >> "$folder/calls"
case "$name $*" in
  "$FAILS"*) [ -n "$FAILS" ] && exit 1 ;;
esac
case "$name $*" in
  *--from-env-file=/dev/stdin) cat > /dev/null ;;
  'kubectl kustomize '*) exec "$KUBECTL" "$@" ;;
  'kubectl '*'get secret'*'jsonpath={.data.api-token}'*) echo aHVzaA== ;;
  'kubectl '*'get secret'*) [ -n "$SECRETS" ] ;;
  *'xlen {orders}:confirmations'*) [ -f "$folder/posted" ] && echo 5000 || echo 0 ;;
  *' xlen '*) echo 0 ;;
  'k3d cluster list '*) [ -n "$CLUSTER" ] ;;
  'k3d kubeconfig write '*) echo "$folder/kubeconfig" ;;
  'docker build '*) echo sha256:0123456789abcdef ;;
  'curl '*) cat > "$folder/posted" ;;
esac
"#;

/// A copy of the files that the scripts read, and a folder of fakes.
struct Dry(TempDir);

impl Dry {
    fn new() -> Self {
        let dry = Self(tempfile::tempdir().unwrap());
        let copy = |from: &Path, to: &Path| {
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            let copied = Command::new("cp").arg("-r").arg(from).arg(to).status().unwrap();
            assert!(copied.success());
        };
        for name in ["base", "overlays", "versions.env", "create-secrets.sh", "apply.sh"] {
            copy(&manifests().join(name), &dry.root().join("manifests").join(name));
        }
        copy(&repository().join("spin.toml"), &dry.root().join("spin.toml"));
        let wasm = dry.root().join("target/wasm32-wasip1/release/distributor.wasm");
        std::fs::create_dir_all(wasm.parent().unwrap()).unwrap();
        std::fs::write(wasm, "wasm").unwrap();
        std::fs::create_dir_all(dry.programs()).unwrap();
        for name in ["docker", "k3d", "kubectl", "helm", "spin", "curl"] {
            let program = dry.programs().join(name);
            std::fs::write(&program, STAND_IN).unwrap();
            std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        }
        dry
    }

    fn root(&self) -> PathBuf {
        self.0.path().join("repository")
    }

    fn programs(&self) -> PathBuf {
        self.0.path().join("programs")
    }

    /// Runs a script with these variables for the fakes. Also returns the calls.
    fn run(&self, words: &[&str], variables: &[(&str, &str)]) -> (Output, Vec<String>) {
        let _ = std::fs::remove_file(self.programs().join("posted"));
        let path = std::env::var("PATH").unwrap();
        let output = Command::new(self.root().join(words[0]))
            .args(&words[1..])
            .current_dir(self.root())
            .env("PATH", format!("{}:{path}", self.programs().display()))
            .env("KUBECTL", kubectl())
            .envs([("SECRETS", ""), ("CLUSTER", ""), ("FAILS", "")])
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let calls = self.programs().join("calls");
        let text = std::fs::read_to_string(&calls).unwrap_or_default();
        let _ = std::fs::remove_file(calls);
        (output, text.lines().map(str::to_owned).collect())
    }
}

/// The real program, which the fake hides.
fn kubectl() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let mut folders = std::env::split_paths(&path).map(|folder| folder.join("kubectl"));
    let own = PathBuf::from(manifest_checks::render::kubectl());
    if own.is_absolute() { own } else { folders.find(|file| file.exists()).unwrap() }
}

fn position(calls: &[String], part: &str) -> usize {
    let found = calls.iter().position(|call| call.contains(part));
    found.unwrap_or_else(|| panic!("no call with {part:?} in {calls:#?}"))
}

#[test]
fn scripts_are_good_shell() {
    let mut git = Command::new("git");
    let files = git.args(["ls-files", "*.sh", ".ci/run"]).current_dir(repository()).output();
    let files = String::from_utf8(files.unwrap().stdout).unwrap();
    assert!(files.lines().count() > 4, "{files}");
    for script in files.lines().filter(|script| script.starts_with("manifests/")) {
        for shell in ["sh", "bash"] {
            let mut parse = Command::new(shell);
            parse.args(["-n", script]).current_dir(repository());
            assert!(parse.status().unwrap().success(), "{shell} {script}");
        }
    }
    let mut shellcheck = Command::new("shellcheck");
    let output = shellcheck.args(files.lines()).current_dir(repository()).output();
    let output = output.expect("shellcheck is there: `cargo xtask test` gets it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn images_that_nobody_published_are_refused_with_what_to_do() {
    let dry = Dry::new();
    let (output, calls) = dry.run(&["manifests/apply.sh"], &[("SECRETS", "1")]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains("ghcr.io/OWNER") && said.contains("cargo xtask publish"), "{said}");
    assert!(calls.iter().all(|call| call.starts_with("kubectl kustomize")), "{calls:?}");
}

#[test]
fn apply_waits_for_redis_before_it_applies_what_connects_to_it() {
    let dry = Dry::new();
    let k3d = ["manifests/apply.sh", "manifests/overlays/k3d"];
    let (output, calls) = dry.run(&k3d, &[("SECRETS", "1")]);
    assert!(output.status.success(), "{output:?}");
    let first = position(&calls, "--selector order-pipeline/after-redis!=true");
    let ready = position(&calls, "--namespace order-pipeline rollout status statefulset/redis");
    assert!(first < ready && ready + 1 == calls.len() - 1, "{calls:#?}");
    assert!(calls[ready + 1].starts_with("kubectl apply --kustomize"), "{calls:#?}");

    let (output, calls) = dry.run(&k3d, &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("create-secrets.sh"), "{said}");
    assert!(!calls.iter().any(|call| call.contains(" apply ")), "{calls:?}");
}

#[test]
fn burst_goes_from_nothing_to_a_second_verified_burst() {
    let dry = Dry::new();
    let burst = ["manifests/overlays/k3d/burst.sh"];
    let (output, calls) = dry.run(&burst, &[("SECRETS", "1")]);
    assert!(output.status.success(), "{output:?} {calls:#?}");
    let mut last = 0;
    for part in [
        "k3d cluster create",
        "cert-manager.yaml",
        "helm upgrade --install keda",
        "helm upgrade --install spin-operator",
        "spin build",
        "spin registry push",
        "docker push",
        "apply -f manifests/base/namespace.yaml",
        "apply --kustomize target/k3d",
        "create job",
        "kubectl --namespace order-pipeline delete pod --force",
        "logs --follow",
        "--for=condition=Complete",
        "curl ",
        "delete pod redis-0",
        "{.spec.replicas}'=0",
    ] {
        let part = part.replace('\'', "");
        last += position(&calls[last..], &part) + 1;
    }
    assert!(calls[last..].iter().any(|call| call.contains("create job")), "{calls:#?}");
    let app = |root: &Path| {
        let text = std::fs::read_to_string(root.join("target/k3d/kustomization.yaml")).unwrap();
        text.lines().find(|line| line.contains("/order-pipeline,")).unwrap().to_owned()
    };
    let before = app(&dry.root());
    std::fs::write(dry.root().join("target/wasm32-wasip1/release/distributor.wasm"), "new")
        .unwrap();
    let (output, calls) = dry.run(&burst, &[("SECRETS", "1"), ("CLUSTER", "1")]);
    assert!(output.status.success(), "{output:?}");
    assert!(!calls.iter().any(|call| call.contains("cluster create")), "{calls:#?}");
    assert_ne!(before, app(&dry.root()), "another content is another tag");
}

#[test]
fn burst_fails_if_its_job_or_a_program_does() {
    let job = "kubectl --namespace order-pipeline wait --for=condition=Complete";
    for fails in [job, "spin registry push", "helm upgrade --install keda"] {
        let (output, _) = Dry::new()
            .run(&["manifests/overlays/k3d/burst.sh"], &[("SECRETS", "1"), ("FAILS", fails)]);
        assert!(!output.status.success(), "{fails}");
    }
    let dry = Dry::new();
    std::fs::remove_file(dry.programs().join("k3d")).unwrap();
    let (output, calls) = dry.run(&["manifests/overlays/k3d/burst.sh"], &[]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("k3d is not on the PATH"), "{said}");
    assert!(calls.is_empty(), "{calls:?}");
}
