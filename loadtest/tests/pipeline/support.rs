//! The app of `spin.toml` on a private Redis and a free port, stopped when a test ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clap::Parser;
use loadtest::cli::{Arguments, Command as Subcommand, Load};
use loadtest::report::Report;
use loadtest::run::carry_out;
use native::RedisConnection;
use private_redis::RedisServer;
use queue::Keys;
use redis::Commands;
use serde_json::Value;

/// The longest that anything may take here; the machine may be busy with other tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A running app.
pub(crate) struct TestApp {
    pub(crate) server: RedisServer,
    pub(crate) base_url: String,
    pub(crate) output: Arc<Mutex<String>>,
    child: Child,
}

/// What a test asks for that most tests do not.
#[derive(Default)]
pub(crate) struct Setup<'a> {
    /// The variables to set.
    pub(crate) variables: &'a [(&'a str, &'a str)],
    /// Another address for the app than that of the server: a proxy.
    pub(crate) redis_url: Option<&'a str>,
    /// Another manifest than the repository's.
    pub(crate) manifest: Option<&'a Path>,
    /// Further arguments of the runtime.
    pub(crate) arguments: &'a [&'a str],
}

/// An answer of the API.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    headers: Vec<(String, String)>,
}

impl TestApp {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts the app with these variables set, and waits until it can take orders.
    pub(crate) fn start_with(variables: &[(&str, &str)]) -> Self {
        let mut app = Self::listen_with(variables);
        app.poll_until("the app answers", |app| {
            (app.try_get("/readyz")?.status == 200).then_some(())
        });
        app
    }

    /// Starts the app with these variables set, and waits until it listens.
    pub(crate) fn listen_with(variables: &[(&str, &str)]) -> Self {
        let server = RedisServer::start().expect("a private redis starts");
        Self::listen_on(server, &Setup { variables, ..Setup::default() })
    }

    /// Starts the app on this server, and waits until it listens.
    pub(crate) fn listen_on(server: RedisServer, setup: &Setup<'_>) -> Self {
        let mut command = Command::new(binary("local-runtime"));
        command
            .args(["up", "--listen", "127.0.0.1:0", "-f"])
            .arg(setup.manifest.unwrap_or(Path::new("spin.toml")))
            .args(setup.arguments)
            .current_dir(repository())
            .env("SPIN_VARIABLE_REDIS_URL", setup.redis_url.unwrap_or(&server.url()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (name, value) in setup.variables {
            command.env(format!("SPIN_VARIABLE_{}", name.to_uppercase()), value);
        }
        let mut child =
            command.spawn().expect("local-runtime is built: `cargo xtask test` does it");
        let output = Arc::new(Mutex::new(String::new()));
        collect(child.stdout.take().expect("stdout is piped"), Arc::clone(&output));
        collect(child.stderr.take().expect("stderr is piped"), Arc::clone(&output));
        let mut app = Self { server, base_url: String::new(), output, child };
        app.base_url = app.poll_until("the app says where it listens", |app| {
            assert!(
                app.child.try_wait().expect("the app can be watched").is_none(),
                "the app ended: {}",
                app.said()
            );
            app.said().lines().find_map(|line| {
                line.trim().strip_prefix("Serving ").map(|url| url.trim().to_owned())
            })
        });
        app
    }

    /// Everything the app has printed.
    pub(crate) fn said(&self) -> String {
        self.output.lock().expect("no reader panics").clone()
    }

    pub(crate) fn poll_until<T>(
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

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.try_get(path).expect("the API answers")
    }

    pub(crate) fn try_get(&self, path: &str) -> Option<Answer> {
        answer(agent().get(format!("{}{path}", self.base_url)).call())
    }

    pub(crate) fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        self.post_as(path, "application/json", body)
    }

    pub(crate) fn post_as(&self, path: &str, content_type: &str, body: impl AsRef<[u8]>) -> Answer {
        let request =
            agent().post(format!("{}{path}", self.base_url)).header("content-type", content_type);
        answer(request.send(body.as_ref())).expect("the API answers")
    }

    /// Posts a body without saying beforehand how long it is.
    pub(crate) fn post_in_chunks(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        let mut body = body.as_ref();
        let request = agent().post(format!("{}{path}", self.base_url));
        answer(request.send(ureq::SendBody::from_reader(&mut body))).expect("the API answers")
    }

    pub(crate) fn put(&self, path: &str, body: impl serde::Serialize) -> Answer {
        self.put_bytes(path, serde_json::to_vec(&body).expect("it is JSON"))
    }

    pub(crate) fn put_bytes(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        let request = agent()
            .put(format!("{}{path}", self.base_url))
            .header("content-type", "application/json");
        answer(request.send(body.as_ref())).expect("the API answers")
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        answer(agent().delete(format!("{}{path}", self.base_url)).call()).expect("the API answers")
    }

    /// Sends a request with these headers and no others that matter.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base_url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let agent = agent();
        let response = match body {
            "" => agent.run(request.body(()).expect("the request is valid")),
            body => agent.run(request.body(body).expect("the request is valid")),
        };
        answer(response).expect("the API answers")
    }

    /// Sends bytes as they are and gives the whole answer as text; the request has to close its
    /// connection.
    pub(crate) fn raw(&self, request: impl AsRef<[u8]>) -> String {
        let address = self.base_url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("the app listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out can be set");
        // A server that has read enough may answer and close before it has read all.
        let _ = stream.write_all(request.as_ref());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Kills the app; Redis stays.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("the app can be killed");
        self.child.wait().expect("the app can be waited for");
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn redis(&self) -> RedisConnection {
        RedisConnection::open(&self.server.url()).expect("the private redis answers")
    }

    #[allow(clippy::unused_self, reason = "it reads as the rest does")]
    pub(crate) fn keys(&self) -> Keys {
        Keys::new(&orders::pipeline::settings())
    }

    /// Adds an order to ingress by plain XADD, without a ring; its entry id.
    pub(crate) fn xadd(&self, order: impl AsRef<[u8]>) -> String {
        let ingress = self.keys().stream(queue::Stream::Ingress).to_owned();
        let fields = [("order", order.as_ref())];
        self.redis().inner().xadd(ingress, "*", &fields).expect("XADD works")
    }

    /// A load on this app, with the shape and further arguments of the command line.
    pub(crate) fn load(&self, arguments: &[&str]) -> Load {
        self.load_on(&self.server.url(), arguments)
    }

    /// As [`Self::load`], with another address of Redis.
    pub(crate) fn load_on(&self, redis_url: &str, arguments: &[&str]) -> Load {
        let pid = self.child.id().to_string();
        let starts = format!("{}/.well-known/local-runtime/instance-starts", self.base_url);
        let fixed = [
            "--redis-url",
            redis_url,
            "--http-url",
            &self.base_url,
            "--app-pid",
            &pid,
            "--instance-starts-url",
            &starts,
        ];
        parse_load(&[arguments, &fixed].concat())
    }

    pub(crate) fn burst(&self, arguments: &[&str]) -> Report {
        self.run(&[&["burst"], arguments].concat())
    }

    /// Carries out a load, and finds every order where it must be.
    pub(crate) fn run(&self, arguments: &[&str]) -> Report {
        let report = carry_out(&self.load(arguments)).expect("the load runs to its end");
        assert!(report.is_clean(), "{}\nthe app said:\n{}", report.to_text(), self.said());
        report
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The status and the stable code.
    pub(crate) fn outcome(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }
}

/// A load as the command line says it.
pub(crate) fn parse_load(arguments: &[&str]) -> Load {
    let all = std::iter::once("loadtest").chain(arguments.iter().copied());
    match Arguments::try_parse_from(all).expect("the arguments are valid").command {
        Subcommand::Load(load) => load,
        _ => unreachable!("the subcommand is a shape"),
    }
}

/// A client that hands on answers of every status and never waits for ever.
fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .build()
        .into()
}

fn answer(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Option<Answer> {
    let mut response = response.ok()?;
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
        .collect();
    let text = response.body_mut().read_to_string().ok()?;
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Some(Answer { status: response.status().as_u16(), body, headers })
}

fn collect(stream: impl Read + Send + 'static, output: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut output = output.lock().expect("no reader panics");
            output.push_str(&line);
            output.push('\n');
        }
    });
}

/// The processes that a program has started itself.
pub(crate) fn children_of(parent: u32) -> Vec<i32> {
    let stats = procfs::process::all_processes()
        .expect("/proc can be read")
        .filter_map(|process| process.ok()?.stat().ok());
    stats.filter(|stat| u32::try_from(stat.ppid) == Ok(parent)).map(|stat| stat.pid).collect()
}

/// Ends a program by a signal once `has_started` says that it has started all it will; it must
/// fail, and leave none of that behind.
pub(crate) fn assert_a_signal_ends_all(mut program: Child, has_started: impl Fn(&[i32]) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    let started = loop {
        let started = children_of(program.id());
        if has_started(&started) {
            break started;
        }
        assert!(Instant::now() < deadline, "redis and the app did not start: {started:?}");
        std::thread::sleep(Duration::from_millis(5));
    };
    assert!(Command::new("kill").arg(program.id().to_string()).status().unwrap().success());
    assert_eq!(program.wait().unwrap().code(), Some(1));
    assert_all_ended(&started);
}

pub(crate) fn assert_all_ended(processes: &[i32]) {
    let left: Vec<_> =
        processes.iter().filter(|pid| Path::new(&format!("/proc/{pid}")).exists()).collect();
    assert!(left.is_empty(), "{left:?} still run");
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package has a parent folder")
        .to_owned()
}

/// A program built beside the tests: `target/<profile>/<name>`, the tests being in its `deps`.
pub(crate) fn binary(name: &str) -> PathBuf {
    let tests = std::env::current_exe().expect("the test has a path");
    let path = tests
        .parent()
        .and_then(Path::parent)
        .expect("tests are in target/<profile>/deps")
        .join(name);
    assert!(path.exists(), "{} is missing; `cargo xtask test` builds it", path.display());
    path
}

/// The repository's manifest with one change, in this folder.
pub(crate) fn changed_manifest(folder: &Path, from: &str, to: &str) -> PathBuf {
    let text = std::fs::read_to_string(repository().join("spin.toml")).expect("it can be read");
    assert!(text.contains(from), "{from}");
    let target = format!("\"{}/", repository().join("target").display());
    let path = folder.join("spin.toml");
    let text = text.replace(from, to).replace("\"target/", &target);
    std::fs::write(&path, text).expect("the folder can be written to");
    path
}

/// A simple order.
pub(crate) fn an_order(number: u32) -> String {
    format!(
        r#"{{"orderId":{number},"orderGuid":"00000000-0000-4000-8000-{number:012x}","description":"d","firstName":"Ada","lastName":"L","delivery":"Standard","items":[{{"orderItemId":1,"sku":"0b1c2d3e-4f50","quantity":2}}]}}"#
    )
}
