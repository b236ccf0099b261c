//! The two sides: which programs they are, how they are started, and how large they are.
//!
//! Both are started with the same settings, whatever stands in the environment of this program.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use orders::pipeline::STREAMS;
use queue::Keys;
use serde::Serialize;
use tempfile::TempDir;

use super::options::{Runtime, SidesOptions};
use crate::app::{App, Duties};
use crate::processes::{beside, check_manifest};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Side {
    Wasm,
    /// The always-on service.
    Conventional,
}

impl Side {
    pub(crate) const ALL: [Self; 2] = [Self::Wasm, Self::Conventional];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Wasm => "Wasm",
            Self::Conventional => "conventional",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Sides {
    runtime: Runtime,
    runtime_program: PathBuf,
    conventional_program: PathBuf,
    manifest: PathBuf,
    complexity_threshold: u32,
    cache: TempDir,
}

impl Sides {
    /// Errors name what is missing, and the command that builds it.
    pub(crate) fn find(options: &SidesOptions) -> Result<Self> {
        check_manifest(&options.manifest)?;
        check_components(&options.manifest)?;
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
            manifest: options.manifest.clone(),
            complexity_threshold: options.complexity_threshold,
            cache: tempfile::tempdir()
                .context("failed to make a folder for compiled components")?,
        })
    }

    pub(crate) fn runtime(&self) -> Runtime {
        self.runtime
    }

    pub(crate) fn start(&self, side: Side, redis_url: &str) -> Result<App> {
        let command = match side {
            Side::Wasm => self.wasm_command(redis_url)?,
            Side::Conventional => self.conventional_command(redis_url),
        };
        let keys = Keys::new(&orders::pipeline::settings());
        let duties = Duties {
            redis_url: redis_url.to_owned(),
            channels: STREAMS.map(|stream| keys.channel(stream).to_owned()).to_vec(),
            serves: side == Side::Wasm,
        };
        App::start(command, duties)
    }

    fn wasm_command(&self, redis_url: &str) -> Result<Command> {
        let mut command = supervise::app(&self.runtime_program);
        command.arg("up").arg("-f").arg(&self.manifest).arg("--quiet");
        match self.runtime {
            Runtime::Local => {
                command.args(["--listen", "127.0.0.1:0", "--cache-dir"]).arg(self.cache.path());
            }
            Runtime::Spin => {
                let port = private_redis::free_port()?;
                command.args(["--listen", &format!("127.0.0.1:{port}")]);
            }
        }
        command.env("SPIN_VARIABLE_REDIS_URL", redis_url);
        command.env("SPIN_VARIABLE_COMPLEXITY_THRESHOLD", self.complexity_threshold.to_string());
        Ok(command)
    }

    fn conventional_command(&self, redis_url: &str) -> Command {
        let mut command = supervise::app(&self.conventional_program);
        command.args(["--redis-url", redis_url]);
        command.args(["--complexity-threshold", &self.complexity_threshold.to_string()]);
        command
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

/// Errors name a Wasm file of the manifest that is not built.
fn check_components(manifest: &Path) -> Result<()> {
    let what = || format!("--manifest: failed to read {}", manifest.display());
    let text = std::fs::read_to_string(manifest).with_context(what)?;
    let table: toml::Table = text.parse().with_context(what)?;
    let components = table.get("component").and_then(toml::Value::as_table);
    let folder = manifest.parent().unwrap_or(Path::new(""));
    // A source may also be a table with a URL.
    let sources = components.into_iter().flat_map(toml::Table::values).filter_map(|component| {
        component.get("source")?.as_str().map(|source| folder.join(source))
    });
    match sources.into_iter().find(|file| !file.exists()) {
        Some(missing) => {
            bail!("--manifest: there is no {}; `cargo xtask build` builds it", missing.display())
        }
        None => Ok(()),
    }
}
