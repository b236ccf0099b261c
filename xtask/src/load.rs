//! Commands of `loadtest`, with what they need: programs, an app, a Redis.
//!
//! The exit code is that of `loadtest`.

use std::ffi::OsString;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Result;
use supervise::Process;

use crate::app::Runtime;
use crate::repository::Repository;
use crate::stage::{self, Prepared, Stage};
use crate::{native, process, setup, wasm};

/// Flags of a command that is given an app.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) stage: stage::Arguments,
    #[command(flatten)]
    pub(crate) passed: Passed,
}

/// Flags that are passed on.
#[derive(Debug, clap::Args)]
pub(crate) struct Passed {
    /// Flags of loadtest, after those above; `-- --help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "FLAGS OF LOADTEST")]
    pub(crate) loadtest: Vec<OsString>,
}

/// Starts the app with a fresh private Redis, runs `loadtest SHAPE` against it and stops both.
pub(crate) fn run(repository: &Repository, shape: &str, arguments: &Arguments) -> Result<ExitCode> {
    if arguments.passed.loadtest.iter().any(|flag| flag == "--help" || flag == "-h") {
        return alone(repository, shape, &arguments.passed);
    }
    let prepared = Prepared::new(repository, &arguments.stage, None, None, &["loadtest"])?;
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, private_redis::free_port()?));
    let url = format!("http://{listen}");
    let mut command = Command::new(repository.program("loadtest"));
    command.args([shape, "--redis-url", &prepared.redis_url, "--http-url", &url]);
    if prepared.runtime == Runtime::Local {
        let starts = format!("{url}/.well-known/local-runtime/instance-starts");
        command.args(["--instance-starts-url", &starts]);
    }
    let log = repository.logs().join(format!("{shape}-{}.log", std::process::id()));
    let stage = Stage::start(repository, prepared, listen, Some(&log), &[])?;
    stage.wait_until_ready()?;
    command.args(["--app-pid", &stage.app.id().to_string()]);
    command.args(&arguments.passed.loadtest);
    let loadtest = Process::start("loadtest", command)?;
    let code = process::wait_passing_on(loadtest, || stage.check())?;
    if code == 0 {
        let _ = fs::remove_file(&log);
    } else {
        eprintln!("the app's output is in {}", log.display());
    }
    Ok(code.into())
}

/// Runs a command of `loadtest` that starts apps and servers itself.
pub(crate) fn staged(repository: &Repository, name: &str, arguments: &Passed) -> Result<ExitCode> {
    setup::ensure_redis()?;
    wasm::build(repository, &manifests(repository, &arguments.loadtest))?;
    native::build(repository, &["loadtest", "local-runtime", "conventional"])?;
    loadtest(repository, name, arguments)
}

/// The repository's manifest, and those that flags of `loadtest` name.
fn manifests(repository: &Repository, flags: &[OsString]) -> Vec<PathBuf> {
    let words = flags.iter().filter_map(|flag| flag.to_str()?.rsplit('=').next());
    let named = words.map(PathBuf::from).filter(|path| path.extension() == Some("toml".as_ref()));
    std::iter::once(repository.spin_toml()).chain(named).collect()
}

/// Runs a command of `loadtest` that needs nothing else.
pub(crate) fn alone(repository: &Repository, name: &str, arguments: &Passed) -> Result<ExitCode> {
    native::build(repository, &["loadtest"])?;
    loadtest(repository, name, arguments)
}

fn loadtest(repository: &Repository, name: &str, arguments: &Passed) -> Result<ExitCode> {
    let mut command = Command::new(repository.program("loadtest"));
    command.arg(name).args(&arguments.loadtest);
    let loadtest = Process::start("loadtest", command)?;
    Ok(process::wait_passing_on(loadtest, || Ok(()))?.into())
}
