//! An application in a temporary folder, the program that runs it, and waits without fixed sleeps.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use redis::Commands;
use tempfile::TempDir;

/// Maximum duration of a wait in these tests.
const PATIENCE: Duration = Duration::from_secs(30);

/// An application: a manifest and the flags of its start.
pub(crate) struct TestApp {
    folder: TempDir,
    pub(crate) head: String,
    triggers: String,
    components: String,
    flags: Vec<String>,
    env: Vec<(String, String)>,
}

impl TestApp {
    pub(crate) fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            head:
                "spin_manifest_version = 2\n[application]\nname = \"test\"\nversion = \"1.2.3\"\n"
                    .to_owned(),
            triggers: String::new(),
            components: String::new(),
            flags: Vec::new(),
            env: Vec::new(),
        }
    }

    /// Text between `[application]` and the triggers, such as `[variables]`.
    pub(crate) fn head(mut self, toml: &str) -> Self {
        writeln!(self.head, "{toml}").unwrap();
        self
    }

    /// Any further table.
    pub(crate) fn table(mut self, toml: &str) -> Self {
        writeln!(self.triggers, "{toml}").unwrap();
        self
    }

    /// A component of a guest, with further fields.
    pub(crate) fn component(mut self, id: &str, guest: &str, fields: &str) -> Self {
        let source = wasm(guest);
        writeln!(self.components, "[component.{id}]\nsource = {source:?}\n{fields}").unwrap();
        self
    }

    /// A component that may reach one Redis server, named by its variable `redis`.
    pub(crate) fn redis_component(self, id: &str, guest: &str, url: &str) -> Self {
        let fields = format!(
            "allowed_outbound_hosts = [{url:?}]\nvariables = {{ redis = {url:?}, name = {id:?} }}"
        );
        self.component(id, guest, &fields)
    }

    pub(crate) fn http(self, route: &str, component: &str) -> Self {
        self.table(&format!("[[trigger.http]]\nroute = {route:?}\ncomponent = {component:?}"))
    }

    pub(crate) fn redis(self, address: &str, channel: &str, component: &str) -> Self {
        self.table(&format!(
            "[[trigger.redis]]\naddress = {address:?}\nchannel = {channel:?}\ncomponent = {component:?}"
        ))
    }

    pub(crate) fn flags(mut self, flags: &[&str]) -> Self {
        self.flags.extend(flags.iter().map(|flag| (*flag).to_owned()));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn manifest(&self) -> String {
        format!("{}\n{}\n{}", self.head, self.triggers, self.components)
    }

    /// The program with its arguments.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let program = env!("CARGO_BIN_EXE_local-runtime");
        let fixed = [program, "up", "--listen", "127.0.0.1:0", "-f"].map(OsString::from);
        let flags = self.flags.iter().map(OsString::from);
        fixed.into_iter().chain([self.folder().into()]).chain(flags).collect()
    }

    pub(crate) fn command(&self) -> Command {
        std::fs::write(self.folder().join("spin.toml"), self.manifest()).unwrap();
        let mut arguments = self.arguments().into_iter();
        let mut command = Command::new(arguments.next().unwrap());
        command.args(arguments);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command.env_remove("RUST_BACKTRACE");
        command
    }

    /// Starts the program and waits until it is ready.
    pub(crate) fn start(&self) -> Running {
        Running::start(self.command())
    }

    /// Starts the program, which must end with an error, and returns the error.
    pub(crate) fn refused(&self) -> String {
        let mut running = Running::spawn(self.command());
        let status = running.wait_for_end();
        assert!(!status.success(), "it was not refused:\n{}", self.manifest());
        assert!(!running.stdout().contains("Serving"), "it served before it refused");
        running.stderr()
    }
}

/// The path of a test guest's Wasm file.
pub(crate) fn wasm(guest: &str) -> PathBuf {
    built(
        &format!("wasm32-wasip1/release/examples/{guest}.wasm"),
        "cargo build --release --target wasm32-wasip1 -p guests --examples",
    )
}

/// A test guest as a component.
pub(crate) fn component(guest: &str) -> Vec<u8> {
    wit_component::ComponentEncoder::default()
        .module(&std::fs::read(wasm(guest)).unwrap())
        .unwrap()
        .adapter(
            wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
            wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
        )
        .unwrap()
        .encode()
        .unwrap()
}

/// A file in cargo's target folder.
pub(crate) fn built(file: &str, command: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_BIN_EXE_local-runtime")).ancestors().nth(2).unwrap();
    let path = target.join(file);
    assert!(path.exists(), "{} is missing: run `{command}`", path.display());
    path
}

/// The running program. Dropping it kills the program and prints its output.
pub(crate) struct Running {
    child: Child,
    base: String,
    stdout: Arc<Mutex<Vec<u8>>>,
    stderr: Arc<Mutex<Vec<u8>>>,
    readers: Vec<std::thread::JoinHandle<()>>,
}

impl Running {
    fn spawn(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (stdout, stderr) = (Arc::default(), Arc::default());
        let readers = vec![
            read(child.stdout.take().unwrap(), &stdout),
            read(child.stderr.take().unwrap(), &stderr),
        ];
        Self { child, base: String::new(), stdout, stderr, readers }
    }

    /// Starts a command and waits for the line with its address.
    pub(crate) fn start(command: Command) -> Self {
        let mut running = Self::spawn(command);
        running.wait_for("the program to be ready", |running| {
            running.stdout().contains("Serving http://")
        });
        let stdout = running.stdout();
        let line = stdout.lines().find_map(|line| line.strip_prefix("Serving ")).unwrap();
        running.base = line.to_owned();
        running
    }

    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout.lock().unwrap()).into_owned()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr.lock().unwrap()).into_owned()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `127.0.0.1:<port>`.
    pub(crate) fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let (status, _, body) = self.request("GET", path, &[], "");
        (status, body)
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> (u16, String) {
        let (status, _, body) = self.request("POST", path, &[], body);
        (status, body)
    }

    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (u16, ureq::http::HeaderMap, String) {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .build()
            .new_agent();
        let url = format!("http://{}{path}", self.address());
        let mut request = ureq::http::Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = agent.run(request.body(body.to_owned()).unwrap()).unwrap();
        let text =
            response.body_mut().with_config().limit(64 * 1024 * 1024).read_to_string().unwrap();
        (response.status().as_u16(), response.headers().clone(), text)
    }

    /// Waits until a check of the program holds.
    pub(crate) fn wait_for(&mut self, what: &str, check: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !check(self) {
            let ended = self.child.try_wait().unwrap();
            // Its last output may not have arrived yet.
            assert!(
                ended.is_none() || self.ended_and_checked(&check),
                "it ended ({ended:?}) before {what}"
            );
            assert!(Instant::now() < deadline, "waited in vain for {what}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn ended_and_checked(&mut self, check: &impl Fn(&Self) -> bool) -> bool {
        self.readers.drain(..).for_each(|reader| reader.join().unwrap());
        check(self)
    }

    pub(crate) fn signal(&self, signal: &str) {
        assert!(
            Command::new("kill")
                .args([signal, &self.pid().to_string()])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits until the program has ended and all its output has arrived.
    pub(crate) fn wait_for_end(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.readers.drain(..).for_each(|reader| reader.join().unwrap());
                return status;
            }
            assert!(Instant::now() < deadline, "it did not end");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- stdout\n{}--- stderr\n{}---", self.stdout(), self.stderr());
        }
    }
}

/// Collects the output of a pipe as it arrives.
fn read(
    mut pipe: impl Read + Send + 'static,
    into: &Arc<Mutex<Vec<u8>>>,
) -> std::thread::JoinHandle<()> {
    let into = into.clone();
    std::thread::spawn(move || {
        let mut bytes = [0; 64 * 1024];
        while let Ok(length @ 1..) = pipe.read(&mut bytes) {
            into.lock().unwrap().extend_from_slice(&bytes[..length]);
        }
    })
}

/// Waits until a check holds.
pub(crate) fn poll_until(what: &str, mut check: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !check() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A test's own connection to a Redis server.
pub(crate) struct Look(redis::Connection);

impl Look {
    pub(crate) fn at(url: &str) -> Self {
        Self(redis::Client::open(url).unwrap().get_connection().unwrap())
    }

    pub(crate) fn list(&mut self, key: &str) -> Vec<String> {
        self.0.lrange(key, 0, -1).unwrap()
    }

    /// Waits until a list has this number of entries, and returns it.
    pub(crate) fn wait_for(&mut self, key: &str, length: usize) -> Vec<String> {
        poll_until(&format!("{length} entries of {key}"), || self.list(key).len() >= length);
        self.list(key)
    }

    /// Publishes a message and returns the number of its receivers.
    pub(crate) fn publish(&mut self, channel: &str, message: &str) -> u32 {
        self.0.publish(channel, message).unwrap()
    }

    /// A number out of `INFO`.
    pub(crate) fn info(&mut self, field: &str) -> u64 {
        let info: String = redis::cmd("INFO").query(&mut self.0).unwrap();
        let value = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        value.unwrap().trim().parse().unwrap()
    }
}
