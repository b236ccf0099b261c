//! Plays other programs for the tests of `xtask`, by the name it is started under.
//!
//! `spin` and `local-runtime` answer HTTP on `--listen`, `spin registry` prints; `loadtest` prints
//! its arguments; `cargo`, `rustc`, `rustup` and `apt-get` do nothing or fail, as environment
//! variables `STAND_IN_...` say.

use std::env;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, exit};
use std::time::Duration;

fn main() -> ExitCode {
    let mut arguments = env::args();
    let name = arguments.next().unwrap_or_default();
    let name = Path::new(&name).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let arguments: Vec<String> = arguments.collect();
    let mut code = code_from("STAND_IN_EXIT", 0);
    match name.as_str() {
        "spin" if arguments.first().is_some_and(|argument| argument == "registry") => {
            registry(&arguments);
        }
        "spin" | "local-runtime" => serve(&name, &arguments),
        "loadtest" => {
            loadtest(&arguments);
            code = code_from("STAND_IN_EXIT_OF_LOADTEST", 0);
        }
        "cargo" => cargo(&arguments),
        "rustc" => rustc(),
        "kubectl" => println!("Client Version: v1.33.0\nKustomize Version: v5.6.0"),
        "rustup" => {
            println!("error: could not download");
            code = 1;
        }
        _ => {}
    }
    ExitCode::from(code)
}

/// Answers `GET /healthz` with 200 and ends with 3 at `GET /die`; prints the Redis it was given.
fn serve(name: &str, arguments: &[String]) {
    let url = env::var("SPIN_VARIABLE_REDIS_URL").unwrap_or_default();
    println!("{name} pid {} redis {url} arguments {}", std::process::id(), arguments.join(" "));
    if env::var_os("STAND_IN_APP_FAILS").is_some() {
        println!("no such component");
        exit(4);
    }
    let listen = value_after(arguments, "--listen").unwrap_or_default();
    let listener = TcpListener::bind(listen).unwrap_or_else(|error| {
        println!("failed to listen: {error}");
        exit(5)
    });
    for stream in listener.incoming().flatten() {
        answer(stream);
    }
}

/// Prints its arguments and what `STAND_IN_PUSHED` holds.
fn registry(arguments: &[String]) {
    println!("spin arguments {}", arguments.join(" "));
    println!("{}", env::var("STAND_IN_PUSHED").unwrap_or_default());
}

fn answer(mut stream: TcpStream) {
    let mut request = [0u8; 512];
    let length = stream.read(&mut request).unwrap_or(0);
    let request = String::from_utf8_lossy(&request[..length]);
    if request.starts_with("GET /die ") {
        exit(3);
    }
    let status = if request.starts_with("GET /healthz ") { "200 OK" } else { "404 Not Found" };
    let response = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
    let _ = stream.write_all(response.as_bytes());
}

/// Prints its arguments and current folder; `--hang` waits, `--kill-app` makes the app end,
/// `--json` writes, `--interrupts N` counts Ctrl-C up to N and then waits for the file of
/// `--until`.
fn loadtest(arguments: &[String]) {
    println!("loadtest arguments {}", arguments.join(" "));
    println!("loadtest folder {}", env::current_dir().unwrap_or_default().display());
    if let Some(file) = value_after(arguments, "--json")
        && let Err(error) = std::fs::write(file, "{}")
    {
        println!("failed to write {file}: {error}");
        exit(6);
    }
    if arguments.iter().any(|argument| argument == "--kill-app") {
        let app = value_after(arguments, "--app-pid").and_then(|pid| pid.parse().ok()).unwrap_or(0);
        if app > 0 {
            // SAFETY: kill() has no memory of ours; the process is the app this run of xtask has
            // started.
            unsafe { libc::kill(app, libc::SIGKILL) };
        }
    }
    if let Some(count) = value_after(arguments, "--interrupts").and_then(|count| count.parse().ok())
    {
        await_interrupts(count);
        let until = value_after(arguments, "--until").map(Path::new);
        while until.is_some_and(|file| !file.exists()) {
            std::thread::sleep(Duration::from_millis(5));
        }
        println!("loadtest reports");
    }
    if arguments.iter().any(|argument| argument == "--hang" || argument == "--kill-app") {
        std::thread::sleep(Duration::from_mins(10));
    }
}

/// Prints each Ctrl-C, and returns after so many.
fn await_interrupts(count: usize) {
    let signals = signal_hook::iterator::Signals::new([signal_hook::consts::SIGINT]);
    let mut signals = signals.unwrap_or_else(|error| {
        println!("failed to listen for SIGINT: {error}");
        exit(7)
    });
    println!("loadtest listens");
    for (number, _) in signals.forever().take(count).enumerate() {
        println!("loadtest interrupt {}", number + 1);
    }
}

/// Prints its arguments; for `cargo test` also what `STAND_IN_TEST_OUTPUT` holds, and ends as
/// asked.
fn cargo(arguments: &[String]) {
    println!("cargo arguments {}", arguments.join(" "));
    if arguments.first().is_some_and(|argument| argument == "fmt") {
        exit(code_from("STAND_IN_FMT_EXIT", 0).into());
    }
    if arguments.first().is_some_and(|argument| argument == "test") {
        println!("{}", env::var("STAND_IN_TEST_OUTPUT").unwrap_or_default());
        exit(code_from("STAND_IN_TEST_EXIT", 0).into());
    }
}

/// Names a folder that exists, unless the target shall be missing.
fn rustc() {
    let is_missing = env::var_os("STAND_IN_TARGET_MISSING").is_some();
    let folder = if is_missing { PathBuf::from("/nowhere") } else { env::temp_dir() };
    println!("{}", folder.display());
}

fn value_after<'a>(arguments: &'a [String], flag: &str) -> Option<&'a str> {
    let at = arguments.iter().position(|argument| argument == flag)?;
    arguments.get(at + 1).map(String::as_str)
}

fn code_from(variable: &str, otherwise: u8) -> u8 {
    env::var(variable).ok().and_then(|code| code.parse().ok()).unwrap_or(otherwise)
}
