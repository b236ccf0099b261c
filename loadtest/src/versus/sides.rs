//! The two sides: which programs they are, and how they are started.
//!
//! Both are started with the same settings, whatever is in the environment of this program.

use std::path::PathBuf;

use anyhow::{Context, Result};
use orders::pipeline::STREAMS;
use queue::Keys;
use tempfile::TempDir;

use super::{Runtime, VersusOptions};
use crate::app::{App, program};

/// The name of the side that is the always-on service.
pub(super) const CONVENTIONAL: &str = "conventional";

#[derive(Debug)]
pub(super) struct Side {
    /// [`CONVENTIONAL`], or the file name of its manifest.
    pub(super) name: String,
    program: PathBuf,
    /// Of the Wasm components, if it is not the always-on service.
    manifest: Option<PathBuf>,
    /// Of the Wasm files, or of the service's program.
    pub(super) files_bytes: u64,
}

#[derive(Debug)]
pub(super) struct Sides<'a> {
    pub(super) options: &'a VersusOptions,
    pub(super) pair: [Side; 2],
    cache: TempDir,
}

impl Side {
    /// Errors name what is missing, and the command that builds it.
    fn find(options: &VersusOptions, flag: &str, given: &str) -> Result<Self> {
        if given == CONVENTIONAL {
            let given_program = options.conventional_program.as_deref();
            let program = program(given_program, CONVENTIONAL, "--conventional-program")?;
            let files_bytes = program.metadata().context("failed to read a file's size")?.len();
            return Ok(Self { name: given.to_owned(), program, manifest: None, files_bytes });
        }
        let manifest = PathBuf::from(given);
        let files_bytes = supervise::wasm_bytes(&manifest)
            .with_context(|| format!("{flag}: no app in {given}"))?;
        let given_program = options.runtime_program.as_deref();
        let program = match options.runtime {
            Runtime::Spin if given_program.is_none() => supervise::on_path("spin").context(
                "--runtime spin: `spin` is not on the PATH; install Spin 3 or 4, or use --runtime local",
            )?,
            _ => program(given_program, "local-runtime", "--runtime-program")?,
        };
        let name = manifest.file_name().unwrap_or_default().display().to_string();
        Ok(Self { name, program, manifest: Some(manifest), files_bytes })
    }

    pub(super) fn is_wasm(&self) -> bool {
        self.manifest.is_some()
    }
}

impl<'a> Sides<'a> {
    pub(super) fn find(options: &'a VersusOptions) -> Result<Self> {
        Ok(Self {
            options,
            pair: [
                Side::find(options, "--a", &options.a)?,
                Side::find(options, "--b", &options.b)?,
            ],
            cache: tempfile::tempdir()
                .context("failed to make a folder for compiled components")?,
        })
    }

    pub(super) fn start(&self, side: &Side, redis_url: &str) -> Result<App> {
        let mut command = supervise::app(&side.program);
        let threshold = self.options.complexity_threshold.to_string();
        if let Some(manifest) = &side.manifest {
            command.arg("up").arg("-f").arg(manifest).args(["--quiet", "--listen"]);
            match self.options.runtime {
                Runtime::Local => {
                    command.args(["127.0.0.1:0", "--cache-dir"]).arg(self.cache.path());
                }
                Runtime::Spin => {
                    command.arg(format!("127.0.0.1:{}", private_redis::free_port()?));
                }
            }
            command.env("SPIN_VARIABLE_REDIS_URL", redis_url);
            command.env("SPIN_VARIABLE_COMPLEXITY_THRESHOLD", threshold);
        } else {
            command.args(["--redis-url", redis_url, "--complexity-threshold", &threshold]);
        }
        let keys = Keys::new(&orders::pipeline::settings());
        let channels = STREAMS.map(|stream| keys.channel(stream).to_owned()).to_vec();
        App::start(&side.name, command, redis_url.to_owned(), channels, side.is_wasm())
    }
}
