//! Runs commands of `loadtest` with the programs, the app and the Redis that they need.
//!
//! The exit code is that of `loadtest`.

use std::ffi::OsString;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use private_redis::Options;
use supervise::Process;

use crate::stage::{self, Runtime, Stage};
use crate::{native, process, repository, setup, wasm};

/// Flags of a command that needs a running app.
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
pub(crate) fn run(shape: &str, arguments: &Arguments) -> Result<ExitCode> {
    if arguments.passed.loadtest.iter().any(|flag| flag == "--help" || flag == "-h") {
        return alone(shape, &arguments.passed);
    }
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, private_redis::free_port()?));
    let logs = repository::target().join("xtask");
    fs::create_dir_all(&logs).context("failed to make target/xtask")?;
    let log = logs.join(format!("{shape}-{}.log", std::process::id()));
    let redis = Options::default();
    let stage = Stage::start(&arguments.stage, &redis, listen, Some(&log), &[], &["loadtest"])?;
    stage.wait_until_ready()?;
    let (url, pid) = (format!("http://{listen}"), stage.app.id().to_string());
    let starts = format!("{url}/.well-known/local-runtime/instance-starts");
    let mut own = vec!["--redis-url", &stage.redis_url, "--http-url", &url, "--app-pid", &pid];
    if stage.runtime == Runtime::Local {
        own.extend(["--instance-starts-url", &starts]);
    }
    let code = loadtest(shape, &own, &arguments.passed, || stage.check())?;
    if code == 0 {
        let _ = fs::remove_file(&log);
    } else {
        eprintln!("the app's output is in {}", log.display());
    }
    Ok(code.into())
}

/// Runs a command of `loadtest` that starts apps and servers itself.
pub(crate) fn staged(name: &str, arguments: &Passed) -> Result<ExitCode> {
    setup::ensure_redis()?;
    wasm::build(&manifests(&arguments.loadtest))?;
    native::build(&["loadtest", "local-runtime", "conventional"])?;
    Ok(loadtest(name, &[], arguments, || Ok(()))?.into())
}

/// The repository's manifest, and those that flags of `loadtest` name.
fn manifests(flags: &[OsString]) -> Vec<PathBuf> {
    let words = flags.iter().filter_map(|flag| flag.to_str()?.rsplit('=').next());
    let named = words.map(PathBuf::from).filter(|path| path.extension() == Some("toml".as_ref()));
    std::iter::once(repository::spin_toml()).chain(named).collect()
}

/// Runs a command of `loadtest` that needs nothing else.
pub(crate) fn alone(name: &str, arguments: &Passed) -> Result<ExitCode> {
    native::build(&["loadtest"])?;
    Ok(loadtest(name, &[], arguments, || Ok(()))?.into())
}

fn loadtest(
    name: &str,
    own: &[&str],
    passed: &Passed,
    watch: impl Fn() -> Result<()>,
) -> Result<u8> {
    let mut command = Command::new(repository::program("loadtest"));
    command.arg(name).args(own).args(&passed.loadtest);
    process::wait_passing_on(Process::start("loadtest", command)?, watch)
}
