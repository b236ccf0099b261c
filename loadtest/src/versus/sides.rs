//! The two sides: which programs they are, and how they are started.
//!
//! Both are started with the same settings, whatever is in the environment of this program.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use orders::pipeline::STREAMS;
use queue::Keys;
use serde::Serialize;
use tempfile::TempDir;

use super::{Runtime, VersusOptions};
use crate::app::{App, Duties, program};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Side {
    Wasm,
    /// The always-on service.
    Conventional,
}

impl Side {
    pub(super) const ALL: [Self; 2] = [Self::Wasm, Self::Conventional];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Wasm => "Wasm",
            Self::Conventional => "conventional",
        }
    }
}

#[derive(Debug)]
pub(super) struct Sides {
    runtime: Runtime,
    runtime_program: PathBuf,
    conventional_program: PathBuf,
    manifest: PathBuf,
    complexity_threshold: u32,
    cache: TempDir,
}

impl Sides {
    /// Errors name what is missing, and the command that builds it.
    pub(super) fn find(options: &VersusOptions) -> Result<Self> {
        check_components(&options.manifest)?;
        let given = options.runtime_program.as_deref();
        let runtime_program = match options.runtime {
            Runtime::Spin if given.is_none() => supervise::on_path("spin").context(
                "--runtime spin: `spin` is not on the PATH; install Spin 3 or 4, or use --runtime local",
            )?,
            _ => program(given, "local-runtime", "--runtime-program")?,
        };
        let given = options.conventional_program.as_deref();
        Ok(Self {
            runtime: options.runtime,
            runtime_program,
            conventional_program: program(given, "conventional", "--conventional-program")?,
            manifest: options.manifest.clone(),
            complexity_threshold: options.complexity_threshold,
            cache: tempfile::tempdir()
                .context("failed to make a folder for compiled components")?,
        })
    }

    pub(super) fn start(&self, side: Side, redis_url: &str) -> Result<App> {
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
        App::start(side.name(), command, duties)
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

/// Errors name a Wasm file of the manifest that is not built.
fn check_components(manifest: &Path) -> Result<()> {
    let what = || format!("--manifest: failed to read {}", manifest.display());
    let text = std::fs::read_to_string(manifest).with_context(what)?;
    let table: toml::Table = text.parse().with_context(what)?;
    let components = table.get("component").and_then(toml::Value::as_table);
    for component in components.into_iter().flat_map(toml::Table::values) {
        // A source may also be a table with a URL.
        let Some(source) = component.get("source").and_then(toml::Value::as_str) else { continue };
        let file = manifest.with_file_name("").join(source);
        if !file.exists() {
            bail!("--manifest: there is no {}; `cargo xtask build` builds it", file.display());
        }
    }
    Ok(())
}
