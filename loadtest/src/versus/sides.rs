//! The two sides: which programs they are, how they are started, and how large they are.
//!
//! Both are started with the same settings, whatever stands in the environment of this program.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use orders::pipeline::{STREAMS, component};
use queue::Keys;
use serde::Serialize;
use tempfile::TempDir;

use super::options::{Runtime, SidesOptions};
use crate::app::{App, Duties};
use crate::processes::{beside, check_manifest};

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The components of the manifest.
    Wasm,
    /// The always-on service.
    Conventional,
}

impl Side {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wasm => "Wasm",
            Self::Conventional => "conventional",
        }
    }
}

/// How the work is spread over processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// One process does all.
    OneProcess,
    /// One process for each worker, as the pods of a cluster.
    ProcessPerWorker,
}

/// What is run.
#[derive(Debug)]
pub struct Sides {
    runtime: Runtime,
    runtime_program: PathBuf,
    conventional_program: PathBuf,
    manifest: PathBuf,
    complexity_threshold: u32,
    wasm: Vec<PathBuf>,
    cache: TempDir,
}

/// A file and its size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Artifact {
    /// Its name.
    pub name: String,
    /// What it is.
    pub what: &'static str,
    /// Its size.
    pub bytes: u64,
}

impl Sides {
    /// Finds all that is needed.
    ///
    /// # Errors
    /// Names what is missing, with the command that builds it.
    pub fn find(options: &SidesOptions) -> Result<Self> {
        check_manifest(&options.manifest)?;
        let runtime_program = match (&options.runtime_program, options.runtime) {
            (Some(program), _) => existing(program, "--runtime-program", "local-runtime")?,
            (None, Runtime::Local) => beside("local-runtime", "--runtime-program")?,
            (None, Runtime::Spin) => supervise::on_path("spin").context(
                "--runtime spin: `spin` is not on the PATH; install Spin 3 or 4, or use --runtime local",
            )?,
        };
        let conventional_program = match &options.conventional_program {
            Some(program) => existing(program, "--conventional-program", "conventional")?,
            None => beside("conventional", "--conventional-program")?,
        };
        Ok(Self {
            runtime: options.runtime,
            runtime_program,
            conventional_program,
            wasm: wasm_of(&options.manifest)?,
            manifest: options.manifest.clone(),
            complexity_threshold: options.complexity_threshold,
            cache: tempfile::tempdir()
                .context("failed to make a folder for compiled components")?,
        })
    }

    /// What runs the Wasm components.
    pub fn runtime(&self) -> Runtime {
        self.runtime
    }

    /// Starts a side.
    ///
    /// # Errors
    /// When a process cannot be started.
    pub fn start(&self, side: Side, spread: Spread, redis_url: &str) -> Result<Vec<App>> {
        self.start_with_cache(side, spread, redis_url, self.cache.path())
    }

    /// As [`Self::start`], with another folder for compiled components. Spin has none.
    ///
    /// # Errors
    /// As there.
    pub fn start_with_cache(
        &self,
        side: Side,
        spread: Spread,
        redis_url: &str,
        cache: &Path,
    ) -> Result<Vec<App>> {
        let only: Vec<Option<&str>> = match spread {
            Spread::OneProcess => vec![None],
            Spread::ProcessPerWorker => {
                STREAMS.iter().map(|stream| Some(component(*stream))).collect()
            }
        };
        let command = |only| match side {
            Side::Wasm => self.wasm_command(redis_url, only, cache),
            Side::Conventional => Ok(self.conventional_command(redis_url, only)),
        };
        // The commands first: nothing but starts may lie between two starts.
        let commands = only.iter().copied().map(command).collect::<Result<Vec<_>>>()?;
        let apps = commands
            .into_iter()
            .zip(only)
            .map(|(command, only)| App::start(command, Self::duties(side, redis_url, only)));
        apps.collect()
    }

    fn duties(side: Side, redis_url: &str, only: Option<&str>) -> Duties {
        let keys = Keys::new(&orders::pipeline::settings());
        let streams =
            STREAMS.into_iter().filter(|stream| only.is_none_or(|only| only == component(*stream)));
        Duties {
            redis_url: redis_url.to_owned(),
            channels: streams.map(|stream| keys.channel(stream).to_owned()).collect(),
            serves: side == Side::Wasm,
        }
    }

    fn wasm_command(&self, redis_url: &str, only: Option<&str>, cache: &Path) -> Result<Command> {
        let mut command = supervise::app(&self.runtime_program);
        command.arg("up").arg("-f").arg(&self.manifest).arg("--quiet");
        match self.runtime {
            Runtime::Local => {
                command.args(["--listen", "127.0.0.1:0", "--cache-dir"]).arg(cache);
            }
            Runtime::Spin => {
                let port = private_redis::free_port()?;
                command.args(["--listen", &format!("127.0.0.1:{port}")]);
            }
        }
        if let Some(component) = only {
            command.args(["--component-id", component]);
        }
        command.env("SPIN_VARIABLE_REDIS_URL", redis_url);
        command.env("SPIN_VARIABLE_COMPLEXITY_THRESHOLD", self.complexity_threshold.to_string());
        Ok(command)
    }

    fn conventional_command(&self, redis_url: &str, only: Option<&str>) -> Command {
        let mut command = supervise::app(&self.conventional_program);
        command.args(["--redis-url", redis_url]);
        command.args(["--complexity-threshold", &self.complexity_threshold.to_string()]);
        if let Some(role) = only {
            command.args(["--role", role]);
        }
        command
    }

    /// The files that are shipped or needed to run, and their sizes. Compiled code is there after
    /// the first start.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn artifacts(&self) -> Result<Vec<Artifact>> {
        let mut artifacts = Vec::new();
        for file in &self.wasm {
            artifacts.push(Artifact::of(file, "Wasm, for every platform")?);
        }
        let compiled =
            std::fs::read_dir(self.cache.path()).context("failed to list compiled components")?;
        let files: Vec<PathBuf> = compiled.filter_map(|entry| Some(entry.ok()?.path())).collect();
        if !files.is_empty() {
            let sizes = files.iter().map(|file| Ok(Artifact::of(file, "")?.bytes));
            let bytes = sizes.sum::<Result<u64>>()?;
            let name = format!("{} files .cwasm", files.len());
            artifacts.push(Artifact { name, what: "the same, compiled for this machine", bytes });
        }
        artifacts.push(Artifact::of(&self.runtime_program, "what runs the Wasm")?);
        artifacts.push(Artifact::of(&self.conventional_program, "the service, for one platform")?);
        Ok(artifacts)
    }
}

impl Artifact {
    fn of(file: &Path, what: &'static str) -> Result<Self> {
        let bytes =
            file.metadata().with_context(|| format!("failed to look at {}", file.display()))?.len();
        let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
        Ok(Self { name, what, bytes })
    }
}

fn existing(program: &Path, flag: &str, package: &str) -> Result<PathBuf> {
    if !program.exists() {
        bail!(
            "{flag}: there is no {}; `cargo build --release -p {package}` builds one",
            program.display()
        );
    }
    Ok(program.to_owned())
}

/// The Wasm files of an application, each once.
fn wasm_of(manifest: &Path) -> Result<Vec<PathBuf>> {
    let what = || format!("--manifest: failed to read {}", manifest.display());
    let text = std::fs::read_to_string(manifest).with_context(what)?;
    let table: toml::Table = text.parse().with_context(what)?;
    let components = table.get("component").and_then(toml::Value::as_table);
    let sources = components.into_iter().flat_map(toml::Table::values).filter_map(|component| {
        // A source may be elsewhere, by URL: then there is no file to look at.
        component.get("source")?.as_str()
    });
    let folder = manifest.parent().unwrap_or(Path::new(""));
    let mut files: Vec<PathBuf> = sources.map(|source| folder.join(source)).collect();
    files.sort();
    files.dedup();
    if let Some(missing) = files.iter().find(|file| !file.exists()) {
        bail!("--manifest: there is no {}; `cargo xtask build` builds it", missing.display());
    }
    Ok(files)
}
