//! The shipped app on a private Redis and a free port, for tests. Everything stops when the test
//! ends.
//!
//! `local-runtime` runs the app. With `E2E_RUNTIME=spin` in the environment an installed Spin does.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]
#![allow(missing_docs, reason = "the names of helpers say what they do")]

mod http;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use native::RedisConnection;
use orders::pipeline::STREAMS;
use private_redis::{RedisServer, free_port};
use queue::{Keys, Queue, Stats};
use redis::Commands;
use serde_json::Value;
use supervise::{Process, Signal};

pub use crate::http::Answer;

/// Time limit of every wait; the machine may be busy with other tests.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Time limit of the start: compiling a JavaScript engine takes up to a minute.
const START: Duration = Duration::from_mins(2);

/// A running app. Fields are dropped in their order: the app before its Redis.
pub struct TestApp {
    process: Process,
    pub server: RedisServer,
    pub base_url: String,
    pub output: Arc<Mutex<String>>,
}

/// Options that most tests leave at their defaults.
#[derive(Default)]
pub struct Setup<'a> {
    /// The variables to set.
    pub variables: &'a [(&'a str, &'a str)],
    /// Another address for the app than that of the server: a proxy.
    pub redis_url: Option<&'a str>,
    /// Another manifest than the repository's.
    pub manifest: Option<&'a Path>,
    /// Further arguments of the runtime.
    pub arguments: &'a [&'a str],
}

/// How a run of `loadtest` ended.
pub struct Load {
    pub code: Option<i32>,
    /// What it printed.
    pub text: String,
    /// Its report, if it came to one.
    pub report: Value,
}

impl TestApp {
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts the app with these variables set, and waits until it can take orders and hears its
    /// bells.
    pub fn start_with(variables: &[(&str, &str)]) -> Self {
        Self::start_as(&Setup { variables, ..Setup::default() })
    }

    /// The same as a test asks for it.
    pub fn start_as(setup: &Setup<'_>) -> Self {
        let server = RedisServer::start().expect("a private redis starts");
        let url = setup.redis_url.map_or_else(|| server.url(), str::to_owned);
        let mut app = Self::listen_on(server, setup);
        app.poll_until("the app answers", |app| {
            (app.try_get("/readyz")?.status == 200).then_some(())
        });
        let keys = app.keys();
        let channels = STREAMS.map(|stream| keys.channel(stream));
        app.poll_until("the app hears its bells", |_| {
            supervise::subscribed(&url, &channels).unwrap().then_some(())
        });
        app
    }

    /// Starts the app with these variables set, and waits until it listens.
    pub fn listen_with(variables: &[(&str, &str)]) -> Self {
        let server = RedisServer::start().expect("a private redis starts");
        Self::listen_on(server, &Setup { variables, ..Setup::default() })
    }

    /// Starts the app on this server, and waits until it listens.
    pub fn listen_on(server: RedisServer, setup: &Setup<'_>) -> Self {
        let (program, listen, cache) = runtime();
        let mut command = supervise::app(program);
        command
            .args(["up", "--listen", &listen, "-f"])
            .arg(setup.manifest.unwrap_or(Path::new("spin.toml")))
            .args(cache)
            .args(setup.arguments)
            .current_dir(repository())
            .env("SPIN_VARIABLE_REDIS_URL", setup.redis_url.unwrap_or(&server.url()));
        for (name, value) in setup.variables {
            command.env(format!("SPIN_VARIABLE_{}", name.to_uppercase()), value);
        }
        let output = Arc::new(Mutex::new(String::new()));
        let said = Arc::clone(&output);
        let on_line = move |line: &str| {
            let mut said = said.lock().expect("no reader panics");
            said.push_str(line);
            said.push('\n');
        };
        let process = Process::start_reading("the app", command, on_line).unwrap();
        let base_url = process.wait_for("address", START, || {
            let said = output.lock().expect("no reader panics");
            let urls = said.lines().filter_map(|line| line.trim().strip_prefix("Serving "));
            Ok(urls.map(|url| url.trim().to_owned()).next())
        });
        Self { process, server, base_url: base_url.unwrap(), output }
    }

    /// Everything the app has printed.
    pub fn said(&self) -> String {
        self.output.lock().expect("no reader panics").clone()
    }

    pub fn poll_until<T>(
        &mut self,
        what: &str,
        mut check: impl FnMut(&mut Self) -> Option<T>,
    ) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(value) = check(self) {
                return value;
            }
            assert!(
                Instant::now() < deadline,
                "waited in vain until {what}; the app said:\n{}",
                self.said()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Kills the app; Redis stays.
    pub fn kill(&mut self) {
        self.process.kill().expect("the app can be killed");
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    pub fn redis(&self) -> RedisConnection {
        RedisConnection::open(&self.server.url()).expect("the private redis answers")
    }

    #[allow(clippy::unused_self, reason = "it reads as the rest does")]
    pub fn keys(&self) -> Keys {
        Keys::new(&orders::pipeline::settings())
    }

    /// Adds an order to ingress by plain XADD, without a ring; its entry id.
    pub fn xadd(&self, order: impl AsRef<[u8]>) -> String {
        let ingress = self.keys().stream(queue::Stream::Ingress).to_owned();
        let fields = [("order", order.as_ref())];
        self.redis().inner().xadd(ingress, "*", &fields).expect("XADD works")
    }

    /// Sends a burst by `loadtest`, which must find every order as expected; its report.
    pub fn burst(&self, arguments: &[&str]) -> Value {
        let load = self.burst_on(&self.server.url(), arguments);
        assert_eq!(load.code, Some(0), "{}\nthe app said:\n{}", load.text, self.said());
        load.report
    }

    /// Sends a burst by `loadtest` through this address of Redis.
    pub fn burst_on(&self, redis_url: &str, arguments: &[&str]) -> Load {
        let folder = tempfile::tempdir().unwrap();
        let json = folder.path().join("report.json");
        let output = supervise::app(binary("loadtest"))
            .args(["burst", "--redis-url", redis_url, "--http-url", &self.base_url, "--json"])
            .arg(&json)
            .args(arguments)
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        Load {
            code: output.status.code(),
            text: String::from_utf8_lossy(&text).into_owned(),
            report: std::fs::read(&json)
                .ok()
                .and_then(|bytes| serde_json::from_slice(&bytes).ok())
                .unwrap_or_default(),
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // A graceful stop takes time, and the state of the app no longer matters.
        let _ = self.process.kill();
    }
}

/// The program that runs the app, where it is to listen, and flags for one cache for all manifests:
/// compiling the components takes longer than most tests.
fn runtime() -> (PathBuf, String, &'static [&'static str]) {
    match std::env::var("E2E_RUNTIME").as_deref() {
        Ok("spin") => ("spin".into(), format!("127.0.0.1:{}", free_port().unwrap()), &[]),
        Err(_) | Ok("local") => {
            (binary("local-runtime"), "127.0.0.1:0".into(), &["--cache-dir", ".spin/local-runtime"])
        }
        Ok(other) => panic!("E2E_RUNTIME is {other:?}: spin or local"),
    }
}

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package has a parent folder")
        .to_owned()
}

/// A program built beside the tests: `target/<profile>/<name>`, the tests being in its `deps`.
pub fn binary(name: &str) -> PathBuf {
    let tests = std::env::current_exe().expect("the test has a path");
    let path = tests
        .parent()
        .and_then(Path::parent)
        .expect("tests are in target/<profile>/deps")
        .join(name);
    assert!(path.exists(), "{} is missing; `cargo xtask test` builds it", path.display());
    path
}

/// A program of the Python environment that `cargo xtask test` makes.
pub fn python(name: &str) -> Command {
    let program = repository().join("target/python/bin").join(name);
    assert!(program.exists(), "{} is missing; `cargo xtask test` installs it", program.display());
    Command::new(program)
}

/// A manifest of the repository with one change, in this folder.
pub fn changed_manifest(folder: &Path, manifest: &str, from: &str, to: &str) -> PathBuf {
    let text = std::fs::read_to_string(repository().join(manifest)).expect("it can be read");
    assert!(text.contains(from), "{from}");
    let mut text = text.replace(from, to);
    for top in ["target", "typescript"] {
        let absolute = format!("\"{}/", repository().join(top).display());
        text = text.replace(&format!("\"{top}/"), &absolute);
    }
    let path = folder.join("spin.toml");
    std::fs::write(&path, text).expect("the folder can be written to");
    path
}

/// The state of the queue, read without a tick.
pub fn stats(redis: &mut RedisConnection) -> Stats {
    Queue::new(redis, &orders::pipeline::settings()).stats().unwrap()
}

/// A simple order.
pub fn an_order(number: u32) -> String {
    format!(
        concat!(
            r#"{{"orderId":{0},"orderGuid":"00000000-0000-4000-8000-{0:012x}","description":"d","#,
            r#""firstName":"Ada","lastName":"L","delivery":"Standard","#,
            r#""items":[{{"orderItemId":1,"sku":"0b1c2d3e-4f50","quantity":2}}]}}"#
        ),
        number
    )
}
