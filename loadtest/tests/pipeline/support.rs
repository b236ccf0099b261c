//! Loads on a running app, and programs that have to leave nothing behind.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use loadtest::options::Load;
use loadtest::report::Report;
use loadtest::run::carry_out;
use native::RedisConnection;
use queue::{Keys, Stream};

pub(crate) use e2e::{PATIENCE, TestApp, an_order, binary, repository};

/// What loads do with an app.
pub(crate) trait Loads {
    /// A load on this app, with the shape and further arguments of the command line.
    fn load(&self, arguments: &[&str]) -> Load;

    /// Carries out a load, and finds every order as expected.
    fn run(&self, arguments: &[&str]) -> Report;
}

impl Loads for TestApp {
    fn load(&self, arguments: &[&str]) -> Load {
        let pid = self.pid().to_string();
        let starts = format!("{}/.well-known/local-runtime/instance-starts", self.base_url);
        let fixed = [
            "--redis-url",
            &self.server.url(),
            "--http-url",
            &self.base_url,
            "--app-pid",
            &pid,
            "--instance-starts-url",
            &starts,
        ];
        Load::parse([arguments, &fixed].concat()).expect("the arguments are valid")
    }

    fn run(&self, arguments: &[&str]) -> Report {
        let report = carry_out(&self.load(arguments)).expect("the load runs to its end");
        assert!(report.is_clean(), "{}\nthe app said:\n{}", report.to_text(), self.said());
        report
    }
}

/// A command that starts apps itself. The settings of an app in its environment must not reach
/// those.
pub(crate) fn loadtest(command: &str, arguments: &[&str]) -> Command {
    let mut loadtest = Command::new(binary("loadtest"));
    loadtest.arg(command).args(arguments).current_dir(repository()).stdin(Stdio::null());
    loadtest.env("SPIN_VARIABLE_API_TOKEN", "wrong").env("SPIN_VARIABLE_QUEUE", "other");
    loadtest
}

/// Orders in ingress.
pub(crate) fn waiting(redis: &mut RedisConnection) -> u64 {
    let keys = Keys::new(&orders::pipeline::settings());
    redis::cmd("XLEN").arg(keys.stream(Stream::Ingress)).query(redis.inner()).unwrap()
}

pub(crate) fn wait_until_waiting(redis: &mut RedisConnection, count: u64) {
    let deadline = Instant::now() + PATIENCE;
    while waiting(redis) < count {
        assert!(Instant::now() < deadline, "waited in vain for {count} orders");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The processes that a program has started itself.
pub(crate) fn children_of(parent: u32) -> Vec<i32> {
    let stats = procfs::process::all_processes()
        .expect("/proc can be read")
        .filter_map(|process| process.ok()?.stat().ok());
    stats.filter(|stat| u32::try_from(stat.ppid) == Ok(parent)).map(|stat| stat.pid).collect()
}

pub(crate) fn assert_all_ended(processes: &[i32]) {
    let left: Vec<_> =
        processes.iter().filter(|pid| Path::new(&format!("/proc/{pid}")).exists()).collect();
    assert!(left.is_empty(), "{left:?} still run");
}
