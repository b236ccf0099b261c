//! A running service, killed when a test ends.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use native::RedisConnection;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use private_redis::RedisServer;
use queue::{Keys, Queue, Stats, Stream};
use redis::Commands;

/// The longest that anything may take here; the machine may be busy with other tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Service {
    child: Child,
    output: Arc<Mutex<String>>,
}

/// The program, without the environment of whoever runs the tests.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conventional"));
    command.env_clear().stdin(Stdio::null());
    command
}

impl Service {
    pub(crate) fn start(server: &RedisServer, arguments: &[&str]) -> Self {
        let mut command = program();
        let mut child = command
            .args(["--redis-url", &server.url()])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = Arc::default();
        collect(child.stdout.take().unwrap(), Arc::clone(&output));
        collect(child.stderr.take().unwrap(), Arc::clone(&output));
        Self { child, output }
    }

    pub(crate) fn ready(server: &RedisServer, arguments: &[&str]) -> Self {
        let service = Self::start(server, arguments);
        poll_until("the service is ready", || {
            service.said().contains("conventional: ready as").then_some(())
        });
        service
    }

    pub(crate) fn said(&self) -> String {
        self.output.lock().unwrap().clone()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    /// Waits for the end; the time since `since` and the exit status.
    pub(crate) fn end(&mut self, since: Instant) -> (Duration, ExitStatus) {
        poll_until("the service ends", || {
            self.child.try_wait().unwrap().map(|status| (since.elapsed(), status))
        })
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn poll_until<T>(what: &str, mut check: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = check() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn collect(stream: impl Read + Send + 'static, output: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut output = output.lock().unwrap();
            output.push_str(&line);
            output.push('\n');
        }
    });
}

pub(crate) fn connect(server: &RedisServer) -> RedisConnection {
    RedisConnection::open(&server.url()).unwrap()
}

pub(crate) fn keys() -> Keys {
    Keys::new(&orders::pipeline::settings())
}

/// Adds simple orders as a foreign producer does, without ringing.
pub(crate) fn add(redis: &mut RedisConnection, stream: Stream, numbers: std::ops::Range<u32>) {
    let key = keys().stream(stream).to_owned();
    let mut pipeline = redis::pipe();
    for number in numbers {
        pipeline.xadd(&key, "*", &[("order", an_order(number))]).ignore();
    }
    let () = pipeline.query(redis.inner()).unwrap();
}

pub(crate) fn ring(redis: &mut RedisConnection, stream: Stream) {
    let () = redis.inner().publish(keys().channel(stream), "").unwrap();
}

pub(crate) fn stats(redis: &mut RedisConnection) -> Stats {
    Queue::new(redis, &orders::pipeline::settings()).stats().unwrap()
}

fn an_order(number: u32) -> String {
    format!(
        r#"{{"orderId":{number},"delivery":"Standard","items":[{{"orderItemId":1,"sku":"FRM-0001","quantity":2}}]}}"#
    )
}
