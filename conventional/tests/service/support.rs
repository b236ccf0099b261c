//! A running service, killed when a test ends.

use std::process::{Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use native::RedisConnection;
use private_redis::RedisServer;
use queue::{Keys, Queue, Stats, Stream};
use redis::Commands;
use supervise::{Process, Signal};

/// The longest that anything may take here; the machine may be busy with other tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Service {
    process: Process,
    output: Arc<Mutex<String>>,
}

/// The program, without the settings in the environment of the tests.
pub(crate) fn program() -> Command {
    supervise::app(env!("CARGO_BIN_EXE_conventional"))
}

impl Service {
    pub(crate) fn start(server: &RedisServer, arguments: &[&str]) -> Self {
        let mut command = program();
        command.args(["--redis-url", &server.url()]).args(arguments);
        let output = Arc::<Mutex<String>>::default();
        let said = Arc::clone(&output);
        let on_line = move |line: &str| said.lock().unwrap().extend([line, "\n"]);
        let process = Process::start_reading("conventional", command, on_line).unwrap();
        Self { process, output }
    }

    pub(crate) fn ready(server: &RedisServer, arguments: &[&str]) -> Self {
        let service = Self::start(server, arguments);
        poll_until("the service is ready", || {
            service.process.check().unwrap();
            service.said().contains("conventional: ready as").then_some(())
        });
        service
    }

    /// A service whose stdout and stderr are closed pipes.
    pub(crate) fn start_unheard(server: &RedisServer) -> Self {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = program();
        command.args(["--redis-url", &server.url()]);
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        let process = Process::start("conventional", command).unwrap();
        Self { process, output: Arc::default() }
    }

    pub(crate) fn said(&self) -> String {
        self.output.lock().unwrap().clone()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Waits for the end; the time since `since` and the exit status.
    pub(crate) fn end(&mut self, since: Instant) -> (Duration, ExitStatus) {
        let status = self.process.ends_within(PATIENCE).expect("the service ends");
        (since.elapsed(), status)
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
        r#"{{"orderId":{number},"delivery":"Standard",
            "items":[{{"orderItemId":1,"sku":"FRM-0001","quantity":2}}]}}"#
    )
}
