//! A made-up repository, and `xtask` running in it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::LIMIT;

/// A temporary repository with Wasm files, and a folder of stand-ins that comes first on the
/// `PATH`.
pub(crate) struct Fixture {
    folder: tempfile::TempDir,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let fixture = Self { folder: tempfile::tempdir().unwrap() };
        let wasm = fixture.root().join("target/wasm32-wasip1/release");
        for folder in [&wasm, &fixture.root().join("target/release"), &fixture.programs()] {
            fs::create_dir_all(folder).unwrap();
        }
        let mut manifest = "spin_manifest_version = 2\n".to_owned();
        for component in ["distributor", "receiver-simple", "receiver-complex", "orders-api"] {
            let file = component.replace('-', "_");
            fs::write(wasm.join(format!("{file}.wasm")), [0u8; 1500]).unwrap();
            manifest += &format!(
                "[component.{component}]\nsource = \"target/wasm32-wasip1/release/{file}.wasm\"\n"
            );
        }
        fs::write(fixture.root().join("spin.toml"), manifest).unwrap();
        for program in ["cargo", "rustc", "rustup", "spin", "chromium", "promtool", "kubectl"] {
            fixture.add_program(program);
        }
        fixture.add_fuzzer();
        for program in ["local-runtime", "loadtest"] {
            symlink(stand_in(), fixture.root().join("target/release").join(program)).unwrap();
        }
        let axe = fixture.axe();
        fs::create_dir_all(axe.parent().unwrap()).unwrap();
        fs::write(axe, "/*! axe v4.12.1").unwrap();
        fixture
    }

    /// The script that looks at the dashboard in tests.
    pub(crate) fn axe(&self) -> PathBuf {
        self.root().join("target/axe/axe_playwright_python/axe.min.js")
    }

    /// The versions that are wanted, and an environment that has them.
    fn add_fuzzer(&self) {
        let wanted = self.root().join("loadtest/tests/pipeline/fuzz");
        fs::create_dir_all(&wanted).unwrap();
        fs::create_dir_all(self.fuzzer().join("bin")).unwrap();
        for file in [wanted.join("requirements.txt"), self.fuzzer().join("installed.txt")] {
            fs::write(file, "schemathesis==1.2.3\n").unwrap();
        }
        symlink(stand_in(), self.fuzzer().join("bin/schemathesis")).unwrap();
    }

    /// The folder of the program that fuzzes the API.
    pub(crate) fn fuzzer(&self) -> PathBuf {
        self.root().join("target/schemathesis")
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    /// The folder of stand-ins.
    pub(crate) fn programs(&self) -> PathBuf {
        self.folder.path().join("programs")
    }

    pub(crate) fn add_program(&self, name: &str) {
        symlink(stand_in(), self.programs().join(name)).unwrap();
    }

    /// A server to go on with where nothing but stand-ins is on the `PATH`.
    pub(crate) fn add_redis(&self) {
        let path = std::env::var_os("PATH").unwrap();
        let redis = std::env::split_paths(&path)
            .map(|folder| folder.join("redis-server"))
            .find(|file| file.exists());
        symlink(redis.unwrap(), self.programs().join("redis-server")).unwrap();
    }

    pub(crate) fn remove_program(&self, name: &str) {
        fs::remove_file(self.programs().join(name)).unwrap();
    }

    /// A free address for the app.
    #[allow(clippy::unused_self, reason = "it reads as the rest does")]
    pub(crate) fn listen(&self) -> String {
        format!("127.0.0.1:{}", private_redis::free_port().unwrap())
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut path = self.programs().into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap());
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command
            .args(arguments)
            .stdin(Stdio::null())
            .current_dir(self.folder.path())
            .env("PATH", path)
            .env("CARGO_MANIFEST_DIR", self.root().join("xtask"))
            .env("CARGO", self.programs().join("cargo"))
            .env("RUSTC", self.programs().join("rustc"));
        command
    }

    /// Runs to the end; the exit code and all output.
    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, String) {
        finish(&mut self.command(arguments))
    }

    pub(crate) fn spawn(&self, arguments: &[&str]) -> Xtask {
        Xtask::spawn(&mut self.command(arguments))
    }
}

/// Runs a command to its end; the exit code and all output.
pub(crate) fn finish(command: &mut Command) -> (i32, String) {
    let mut xtask = Xtask::spawn(command);
    (xtask.exit_code(), xtask.text())
}

/// A running `xtask`, killed on drop.
pub(crate) struct Xtask {
    child: Child,
    output: Arc<Mutex<Vec<u8>>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Xtask {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        // One pipe for both, so that the order of the lines is that of a terminal.
        let (mut reading, writing) = std::io::pipe().unwrap();
        command.stdout(writing.try_clone().unwrap()).stderr(writing);
        let child = command.spawn().unwrap();
        // The command holds the writing ends, which would keep the pipe open.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let output = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&output);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0u8; 4096];
            while let Ok(length) = reading.read(&mut buffer)
                && length > 0
            {
                shared.lock().unwrap().extend_from_slice(&buffer[..length]);
            }
        });
        Self { child, output, reader: Some(reader) }
    }

    /// What it said so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.output.lock().unwrap()).into_owned()
    }

    pub(crate) fn wait_for(&mut self, text: &str) {
        assert!(self.becomes(text), "xtask ended without saying {text:?}:\n{}", self.text());
    }

    /// Whether it says `text` before it ends.
    pub(crate) fn becomes(&mut self, text: &str) -> bool {
        let mut has_ended = false;
        poll_until(&format!("xtask says {text:?}"), || {
            has_ended = self.child.try_wait().unwrap().is_some();
            has_ended || self.text().contains(text)
        });
        self.text().contains(text)
    }

    /// The port of the private Redis of `up`.
    pub(crate) fn redis_port(&mut self) -> u16 {
        self.wait_for("redis    redis://127.0.0.1:");
        self.number_after("redis    redis://127.0.0.1:")
    }

    /// The process id of the app that `up` runs.
    pub(crate) fn app_pid(&mut self) -> u32 {
        self.wait_for(" pid ");
        self.number_after(" pid ")
    }

    /// The number that stands behind `text` in what it said.
    pub(crate) fn number_after<N: std::str::FromStr>(&self, text: &str) -> N {
        let said = self.text();
        let rest = said.split_once(text).unwrap().1;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or_else(|_| panic!("no number after {text:?} in {said}"))
    }

    pub(crate) fn signal(&self, signal: libc::c_int) {
        // SAFETY: kill touches no memory; the child is not reaped before `exit_code`.
        assert_eq!(unsafe { libc::kill(self.child.id() as libc::pid_t, signal) }, 0);
    }

    /// Sends to the whole process group that this `xtask` leads.
    pub(crate) fn signal_group(&self, signal: libc::c_int) {
        // SAFETY: as above.
        assert_eq!(unsafe { libc::kill(-(self.child.id() as libc::pid_t), signal) }, 0);
    }

    /// Waits for the end, and for the end of all output: whoever held the pipe has ended, too.
    pub(crate) fn exit_code(&mut self) -> i32 {
        let mut status: Option<ExitStatus> = None;
        poll_until("xtask ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let reader = self.reader.take().unwrap();
        poll_until("the output of xtask and of all it started ends", || reader.is_finished());
        status.unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Xtask {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until `check` holds; panics with `what` when it takes too long.
pub(crate) fn poll_until(what: &str, mut check: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !check() {
        assert!(Instant::now() < deadline, "not within {} s: {what}", LIMIT.as_secs());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process with this id runs; one that has ended and is not reaped yet does not.
pub(crate) fn is_alive(id: u32) -> bool {
    match fs::read_to_string(format!("/proc/{id}/stat")) {
        Ok(stat) => !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'),
        // SAFETY: signal 0 is only checked, never sent. For systems without /proc.
        Err(_) => unsafe { libc::kill(id as libc::pid_t, 0) == 0 },
    }
}

/// Sends one inline command and returns what comes back, at most one buffer.
pub(crate) fn redis_command(port: u16, command: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    write!(stream, "{command}\r\n").unwrap();
    let mut reply = [0u8; 64];
    let length = stream.read(&mut reply).unwrap_or(0);
    String::from_utf8_lossy(&reply[..length]).into_owned()
}

fn stand_in() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_xtask-stand-in"))
}
