//! `cargo xtask publish REF`: pushes a Spin application to a registry, and prints or writes the
//! lines of the manifests that name it.
//!
//! Only `spin` can push a Spin application, so nothing is built where it is missing. The manifests
//! name images only in kustomizations. The application's image is named by digest if the registry
//! returned one, because a tag can be moved. The other images, which CI pushes for a tag, get the
//! same registry, owner and tag.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use supervise::Process;

use crate::{process, repository, wasm};

/// A Spin application, and where the manifests name it.
#[derive(Debug, Clone, Copy)]
struct Application {
    manifest: &'static str,
    /// The placeholder in `manifests` that kustomize replaces by the image's name.
    image: &'static str,
    kustomization: &'static str,
}

const RUST: Application = Application {
    manifest: "spin.toml",
    image: "order-pipeline",
    kustomization: "manifests/base/kustomization.yaml",
};
const TYPESCRIPT: Application = Application {
    manifest: "spin.typescript.toml",
    image: "order-pipeline-typescript",
    kustomization: "manifests/overlays/typescript/kustomization.yaml",
};

/// Flags of `cargo xtask publish`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Destination as registry/name:tag, such as ghcr.io/you/order-pipeline:0.2.0
    #[arg(value_name = "REF")]
    reference: String,
    /// Publish spin.typescript.toml, which has the receiver in TypeScript
    #[arg(long)]
    typescript: bool,
    /// Write name and digest into the manifests, and registry, owner and tag of the other images
    #[arg(long)]
    set: bool,
    /// Allow a registry without TLS, or with a self-signed certificate
    #[arg(long)]
    insecure: bool,
}

/// A parsed image reference.
#[derive(Debug, PartialEq, Eq)]
struct Reference<'a> {
    name: &'a str,
    tag: &'a str,
}

impl<'a> Reference<'a> {
    /// Requires registry, name and tag, because `spin` and the cluster have different defaults.
    fn parse(text: &'a str) -> Result<Self> {
        let is_tag = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        // A registry refuses capitals. The host may have a port.
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-:".contains(c);
        let is_part = |part: &str| !part.is_empty() && part.chars().all(is_name);
        let (name, tag) = text.rsplit_once(':').unwrap_or_default();
        let has_name = name.contains('/') && name.split('/').all(is_part);
        ensure!(
            has_name && !tag.is_empty() && tag.chars().all(is_tag),
            "REF: expected registry/name:tag in lower case and without a digest, such as \
             ghcr.io/you/order-pipeline:0.2.0"
        );
        Ok(Self { name, tag })
    }
}

/// Builds, pushes, and prints what the manifests have to name.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let reference = Reference::parse(&arguments.reference)?;
    let application = if arguments.typescript { TYPESCRIPT } else { RUST };
    let Application { image, kustomization, .. } = application;
    let manifest = repository::root().join(application.manifest);
    supervise::on_path("spin").context(
        "`spin` is not on the PATH, and only it can push a Spin application; install Spin 3 or 4",
    )?;
    let text = read(kustomization)?;
    if arguments.set {
        // Checked before the push, so that a failure leaves nothing half done.
        application.rename(&text, &lines(&reference, None))?;
    }
    wasm::build(std::slice::from_ref(&manifest))?;
    let digest = push(&manifest, arguments)?;

    if digest.is_none() {
        println!("the registry returned no digest; the manifests name the tag, which can be moved");
    }
    let lines = lines(&reference, digest.as_deref());
    let image_before = application.present_name(&text).unwrap_or_default();
    let old = owner(image_before);
    // The variant has its own overlay and none of the other images.
    let others =
        if arguments.typescript { BTreeSet::new() } else { overlays_with(&format!("{old}/")) };
    if arguments.set {
        let mut changed = application.rename(&text, &lines)?;
        if !arguments.typescript {
            changed = rename_others(&changed, image_before, &reference);
        }
        write(kustomization, &changed)?;
        for other in &others {
            write(other, &rename_others(&read(other)?, image_before, &reference))?;
        }
        println!("{kustomization} now says");
    } else {
        println!("for {kustomization}, or run with --set:");
    }
    println!("  - name: {image}\n    {}\n    {}", lines[0], lines[1]);
    for other in others {
        let said = if arguments.set { "was changed too" } else { "names the old owner too" };
        println!("{other} {said}");
    }
    Ok(())
}

/// An image without its last part.
fn owner(image: &str) -> &str {
    image.rsplit_once('/').unwrap_or_default().0
}

/// A kustomization with the new name where it has that of the application's image, and with registry
/// and owner of its other images replaced, and their tags.
fn rename_others(text: &str, image_before: &str, reference: &Reference<'_>) -> String {
    let (old, new) = (owner(image_before), owner(reference.name));
    let mut was_renamed = false;
    let mut changed = Vec::new();
    for line in text.lines() {
        let is_tag = was_renamed && line.trim_start().starts_with("newTag: ");
        was_renamed = line.contains(&format!("newName: {old}/"));
        let indent = line.len() - line.trim_start().len();
        changed.push(match line.split_once(&format!(" {old}/")) {
            Some((before, _)) if line.ends_with(&format!(" {image_before}")) => {
                format!("{before} {}", reference.name)
            }
            Some((before, name)) => format!("{before} {new}/{name}"),
            None if is_tag => format!("{:indent$}newTag: \"{}\"", "", reference.tag),
            None => line.to_owned(),
        });
    }
    changed.join("\n") + "\n"
}

/// The YAML files of overlays that hold `text`, in order.
fn overlays_with(text: &str) -> BTreeSet<String> {
    let mut grep = Command::new("grep");
    grep.args(["-rlF", "--include=*.yaml", "--", text, "manifests/overlays"]);
    let files = process::answer(grep.current_dir(repository::root())).unwrap_or_default();
    files.lines().map(str::to_owned).collect()
}

/// Pushes what was built; the digest if the registry returned one.
fn push(manifest: &Path, arguments: &Arguments) -> Result<Option<String>> {
    let mut command = Command::new("spin");
    command.args(["registry", "push", "-f"]).arg(manifest);
    if arguments.insecure {
        command.arg("--insecure");
    }
    command.arg(&arguments.reference);
    let mut spin =
        Process::start_reading("spin registry push", command, |line| println!("{line}"))?;
    if let Err(error) = process::wait(&mut spin) {
        bail!("{error}; `spin registry login HOST` logs in");
    }
    Ok(spin.last_lines().lines().rev().find_map(digest_in))
}

fn digest_in(line: &str) -> Option<String> {
    let digest = line.split_once("Pushed with digest ")?.1.trim();
    let hex = digest.strip_prefix("sha256:")?;
    (hex.len() == 64 && hex.chars().all(|c| c.is_ascii_hexdigit())).then(|| digest.to_owned())
}

fn write(file: &str, text: &str) -> Result<()> {
    fs::write(repository::root().join(file), text)
        .with_context(|| format!("failed to write {file}"))
}

fn read(file: &str) -> Result<String> {
    fs::read_to_string(repository::root().join(file))
        .with_context(|| format!("failed to read {file}"))
}

/// The two lines of the image's entry.
fn lines(reference: &Reference<'_>, digest: Option<&str>) -> [String; 2] {
    let version = match digest {
        Some(digest) => format!("digest: {digest}"),
        // Quoted: a tag such as 1.0 would be a number.
        None => format!("newTag: \"{}\"", reference.tag),
    };
    [format!("newName: {}", reference.name), version]
}

impl Application {
    /// What the kustomization calls the application's image now.
    fn present_name<'a>(&self, kustomization: &'a str) -> Option<&'a str> {
        let (_, entry) = kustomization.split_once(&format!("- name: {}\n", self.image))?;
        entry.lines().next()?.trim_start().strip_prefix("newName: ")
    }

    /// The kustomization with another name and version of the application's image. It is edited by
    /// lines to keep comments.
    fn rename(&self, text: &str, lines: &[String; 2]) -> Result<String> {
        let Self { image, kustomization, .. } = self;
        let entry = format!("- name: {image}\n");
        let [before, after] = text.split(&entry).collect::<Vec<_>>()[..] else {
            let count = text.matches(&entry).count();
            bail!("{kustomization} has {count} lines `- name: {image}` and should have one");
        };
        let mut old = after.splitn(3, '\n');
        let mut changed = before.to_owned() + &entry;
        let known = [&["newName: "][..], &["newTag: ", "digest: "]];
        for (keys, new) in known.into_iter().zip(lines) {
            let line = old.next().unwrap_or_default();
            let field = line.trim_start();
            if !keys.iter().any(|key| field.starts_with(key)) {
                let keys = keys.join("or ");
                bail!("{kustomization}: `{field}` under `- name: {image}` is not {keys}");
            }
            changed.extend([&line[..line.len() - field.len()], new, "\n"]);
        }
        Ok(changed + old.next().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
