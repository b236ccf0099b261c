//! `cargo xtask burst` and `cargo xtask load SHAPE`: the app and a fresh private Redis, for as long
//! as one run of `loadtest SHAPE`. `cargo xtask loadtest`: any other command of `loadtest`, with
//! everything built that it may start.
//!
//! Flags of `xtask` and of `loadtest` may stand in any order; those of `loadtest` are handed on
//! word for word. The exit code is that of `loadtest`, which gets every Ctrl-C: what it then still
//! sends, waits for and verifies needs the app and Redis, so they run until it has ended.

use std::ffi::OsString;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::app::{self, Runtime};
use crate::process::{self, Running};
use crate::redis_keeper::PrivateRedis;
use crate::repository::Repository;
use crate::{native, setup, wasm};

/// How long the app may take to answer for the first time.
const READY_LIMIT: Duration = Duration::from_mins(1);
/// How much of the app's output is shown when it fails.
const LOG_LINES_SHOWN: usize = 40;

/// The shapes of `loadtest`.
const SHAPES: [&str; 6] = ["burst", "steady", "wave", "spikes", "soak", "replay"];

/// What was typed: the flags of `xtask`, and the others in their order.
#[derive(Debug, Default, PartialEq, Eq)]
struct Arguments {
    runtime: Option<Runtime>,
    redis_url: Option<String>,
    help: bool,
    loadtest: Vec<OsString>,
}

/// What a load is sent to.
#[derive(Clone, Copy)]
struct Stage<'a> {
    runtime: Runtime,
    redis_url: &'a str,
    listen: SocketAddr,
    app: &'a Running,
    /// None where the user has one.
    redis: Option<&'a PrivateRedis>,
}

/// Runs a burst and returns the exit code of `loadtest`.
///
/// # Errors
/// As [`load`].
pub(crate) fn burst(repository: &Repository, arguments: Vec<OsString>) -> Result<ExitCode> {
    run(repository, "burst", arguments)
}

/// Runs the shape that is the first argument, and returns the exit code of `loadtest`.
///
/// # Errors When something needed is missing or fails to build, or the app does not start or ends
/// during the run.
pub(crate) fn load(repository: &Repository, mut arguments: Vec<OsString>) -> Result<ExitCode> {
    let shapes = SHAPES.join(", ");
    if arguments.is_empty() {
        bail!("expected a shape: {shapes}");
    }
    let first = arguments.remove(0);
    match first.to_str() {
        Some(shape) if SHAPES.contains(&shape) => run(repository, shape, arguments),
        Some("--help" | "-h") => {
            println!("Usage: cargo xtask load <SHAPE> [OPTIONS], with one of the shapes {shapes}");
            Ok(ExitCode::SUCCESS)
        }
        _ => bail!("{}: expected a shape: {shapes}", first.display()),
    }
}

/// Builds all that `loadtest` may start, runs it with these arguments, and returns its exit code.
///
/// # Errors
/// When something needed is missing or fails to build.
pub(crate) fn any(repository: &Repository, arguments: &[OsString]) -> Result<ExitCode> {
    setup::ensure_redis()?;
    let toolchain = setup::ensure_wasm_toolchain(repository, None)?;
    wasm::build(repository, &toolchain)?;
    native::build(repository, &["loadtest", "local-runtime", "conventional"])?;
    let mut command = Command::new(repository.program("loadtest"));
    let loadtest = Running::start("loadtest", command.args(arguments))?;
    Ok(ExitCode::from(process::exit_code(loadtest.wait_passing_on(|| Ok(()))?)))
}

fn run(repository: &Repository, shape: &str, arguments: Vec<OsString>) -> Result<ExitCode> {
    let arguments = split(arguments)?;
    if arguments.help {
        return help(repository, shape);
    }
    let runtime = Runtime::choose(arguments.runtime)?;
    if arguments.redis_url.is_none() {
        setup::ensure_redis()?;
    }
    let toolchain = setup::ensure_wasm_toolchain(repository, None)?;
    wasm::build(repository, &toolchain)?;
    runtime.build_with(repository, &["loadtest"])?;

    // Declared before the app, so that it is stopped after it.
    let redis = match &arguments.redis_url {
        Some(_) => None,
        None => Some(PrivateRedis::start(None, None)?),
    };
    let redis_url = match (&arguments.redis_url, &redis) {
        (Some(url), _) => url.as_str(),
        (None, Some(redis)) => redis.url(),
        (None, None) => bail!("there is no redis"),
    };
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, private_redis::free_port()?));
    let log_path = repository.logs().join(format!("{shape}-{}.log", std::process::id()));
    let app = start_app(repository, runtime, redis_url, listen, &log_path)?;
    let result = wait_until_ready(&app, listen).and_then(|()| {
        let stage = Stage { runtime, redis_url, listen, app: &app, redis: redis.as_ref() };
        loadtest(repository, shape, &stage, &arguments)
    });
    match &result {
        Ok(0) => {
            let _ = fs::remove_file(&log_path);
        }
        Ok(_) => eprintln!("the app's output is in {}", log_path.display()),
        Err(_) => show_end_of(&log_path),
    }
    result.map(ExitCode::from)
}

/// Takes the flags of `xtask` out of those of `loadtest`; what follows `--` is `loadtest`'s.
fn split(arguments: Vec<OsString>) -> Result<Arguments> {
    let mut split = Arguments::default();
    let mut rest = arguments.into_iter();
    while let Some(argument) = rest.next() {
        let text = argument.to_string_lossy();
        let (flag, inline) = match text.split_once('=') {
            Some((flag, value)) => (flag, Some(value.to_owned())),
            None => (text.as_ref(), None),
        };
        match flag {
            "--runtime" => {
                let value = value_of("--runtime", inline, &mut rest)?;
                let runtime = Runtime::from_str(&value, false);
                split.runtime =
                    Some(runtime.map_err(|_| anyhow::anyhow!("--runtime {value}: spin or local"))?);
            }
            "--redis-url" => split.redis_url = Some(value_of("--redis-url", inline, &mut rest)?),
            "--help" | "-h" => split.help = true,
            "--" => {
                split.loadtest.push(argument);
                split.loadtest.extend(rest);
                break;
            }
            _ => split.loadtest.push(argument),
        }
    }
    Ok(split)
}

fn value_of(
    flag: &str,
    inline: Option<String>,
    rest: &mut impl Iterator<Item = OsString>,
) -> Result<String> {
    let value = if let Some(value) = inline {
        value
    } else {
        let next = rest.next().with_context(|| format!("{flag} needs a value"))?;
        next.into_string().map_err(|_| anyhow::anyhow!("{flag}: the value is not UTF-8"))?
    };
    if value.is_empty() {
        bail!("{flag} needs a value");
    }
    Ok(value)
}

fn help(repository: &Repository, shape: &str) -> Result<ExitCode> {
    let usage = if shape == "burst" { "burst".to_owned() } else { format!("load {shape}") };
    println!(
        "\
Send orders through the app and account for each one

Starts the app with a fresh private Redis, runs `loadtest {shape}` against it and stops both.

Usage: cargo xtask {usage} [OPTIONS] [OPTIONS OF loadtest {shape}]

Options:
      --runtime <RUNTIME>  What runs the app: spin or local [default: spin if it is on the PATH, else local]
      --redis-url <URL>    Use this Redis instead of a fresh private one
  -h, --help               Print this help

All other options go to `loadtest {shape}`; --redis-url, --http-url, --app-pid and --instance-starts-url are given to it already.
"
    );
    native::build(repository, &["loadtest"])?;
    process::run("loadtest", Command::new(repository.program("loadtest")).args([shape, "--help"]))?;
    Ok(ExitCode::SUCCESS)
}

fn start_app(
    repository: &Repository,
    runtime: Runtime,
    redis_url: &str,
    listen: SocketAddr,
    log_path: &Path,
) -> Result<Running> {
    fs::create_dir_all(repository.logs())
        .with_context(|| format!("failed to make {}", repository.logs().display()))?;
    let log = File::create(log_path)
        .with_context(|| format!("failed to create {}", log_path.display()))?;
    let mut command = runtime.command(repository, redis_url, listen, &[]);
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone().context("failed to share the log file")?)
        .stderr(log);
    Running::start(runtime.name(), &mut command)
}

fn wait_until_ready(app: &Running, listen: SocketAddr) -> Result<()> {
    let deadline = Instant::now() + READY_LIMIT;
    while !app::is_ready(listen) {
        if process::stop_asked() {
            bail!("the run was interrupted");
        }
        if app.has_ended() {
            bail!("the app ({}) ended before it was ready", app.name());
        }
        if Instant::now() > deadline {
            bail!(
                "GET http://{listen}/healthz was not answered with 200 within {} s",
                READY_LIMIT.as_secs()
            );
        }
        std::thread::sleep(process::POLL);
    }
    Ok(())
}

/// Runs `loadtest SHAPE` in the user's current directory, and returns its exit code.
fn loadtest(
    repository: &Repository,
    shape: &str,
    stage: &Stage<'_>,
    arguments: &Arguments,
) -> Result<u8> {
    let Stage { runtime, redis_url, listen, app, redis } = *stage;
    let mut command = Command::new(repository.program("loadtest"));
    command.args([shape, "--redis-url", redis_url, "--http-url", &format!("http://{listen}")]);
    command.args(["--app-pid", &app.id().to_string()]);
    if runtime == Runtime::Local {
        let url = format!("http://{listen}/.well-known/local-runtime/instance-starts");
        command.args(["--instance-starts-url", &url]);
    }
    command.args(&arguments.loadtest);
    let loadtest = Running::start("loadtest", &mut command)?;
    let status = loadtest.wait_passing_on(|| {
        if app.has_ended() {
            bail!("the app ({}) ended by itself during the run", app.name());
        }
        if redis.is_some_and(|redis| redis.process().has_ended()) {
            bail!("the private Redis ended by itself during the run");
        }
        Ok(())
    })?;
    Ok(process::exit_code(status))
}

/// Prints the last lines of the app's output, and where all of it is.
fn show_end_of(log_path: &Path) {
    let log = fs::read(log_path).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let lines: Vec<&str> = log.lines().collect();
    for line in &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..] {
        eprintln!("  {line}");
    }
    eprintln!("the app's output is in {}", log_path.display());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split_words(words: &str) -> Result<Arguments> {
        split(words.split_whitespace().map(OsString::from).collect())
    }

    fn loadtest_words(words: &str) -> Vec<OsString> {
        words.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn the_flags_of_xtask_are_taken_out_wherever_they_stand() {
        let expected = Arguments {
            runtime: Some(Runtime::Local),
            redis_url: Some("redis://127.0.0.1:1".to_owned()),
            help: false,
            loadtest: loadtest_words("--orders 500 --json r.json --quiet"),
        };
        for words in [
            "--runtime local --redis-url redis://127.0.0.1:1 --orders 500 --json r.json --quiet",
            "--orders 500 --runtime=local --json r.json --redis-url redis://127.0.0.1:1 --quiet",
            "--orders 500 --json r.json --quiet --redis-url=redis://127.0.0.1:1 --runtime local",
        ] {
            assert_eq!(split_words(words).unwrap(), expected, "{words}");
        }
    }

    #[test]
    fn other_flags_keep_their_order_and_their_equals_signs() {
        let words = "--seed=7 --orders 10 -v --json a=b.json";
        assert_eq!(split_words(words).unwrap().loadtest, loadtest_words(words));
    }

    #[test]
    fn what_follows_two_dashes_belongs_to_loadtest() {
        let split = split_words("--orders 1 -- --runtime spin --help").unwrap();
        assert_eq!(split.loadtest, loadtest_words("--orders 1 -- --runtime spin --help"));
        assert_eq!((split.runtime, split.help), (None, false));
    }

    #[test]
    fn a_url_with_an_equals_sign_is_kept_whole() {
        let split = split_words("--redis-url=redis://h/?a=b").unwrap();
        assert_eq!(split.redis_url.as_deref(), Some("redis://h/?a=b"));
    }

    #[test]
    fn help_is_seen_in_both_spellings() {
        assert!(split_words("--orders 5 --help").unwrap().help);
        assert!(split_words("-h").unwrap().help);
        assert!(!split_words("--orders 5").unwrap().help);
    }

    #[test]
    fn a_missing_or_unknown_value_is_refused_with_the_name_of_its_flag() {
        for (words, flag) in [
            ("--runtime", "--runtime"),
            ("--runtime docker", "--runtime"),
            ("--redis-url", "--redis-url"),
            ("--redis-url=", "--redis-url"),
        ] {
            let error = split_words(words).unwrap_err();
            assert!(error.to_string().contains(flag), "{error:#}");
        }
    }

    #[test]
    fn an_argument_that_is_not_utf_8_is_handed_on_unchanged() {
        let odd = <OsString as std::os::unix::ffi::OsStringExt>::from_vec(b"caf\xe9.json".to_vec());
        assert_eq!(split(vec![odd.clone()]).unwrap().loadtest, [odd]);
    }
}
