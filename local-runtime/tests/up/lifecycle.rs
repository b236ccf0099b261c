//! Start, cache, figures and end.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use private_redis::RedisServer;

use crate::support::{Look, Running, TestApp, component, poll_until};

fn headers() -> TestApp {
    TestApp::new().component("headers", "headers", "").http("/...", "headers")
}

/// The processor time a program has used, user and system, in hundredths of a second.
fn cpu_ticks(running: &Running) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", running.pid())).unwrap();
    let fields = stat.rsplit(')').next().unwrap().split_whitespace();
    fields.skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum()
}

fn cache_files(app: &TestApp) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(app.folder().join(".spin/local-runtime")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_module_and_a_component_both_run() {
    let app = TestApp::new();
    std::fs::write(app.folder().join("ready.wasm"), component("headers")).unwrap();
    let running = app
        .component("module", "headers", "")
        .table("[component.ready]\nsource = \"ready.wasm\"")
        .http("/module", "module")
        .http("/ready", "ready")
        .start();
    for path in ["/module", "/ready"] {
        let (status, text) = running.get(path);
        assert!(
            status == 200 && text.contains(&format!("spin-matched-route: {path}\n")),
            "{status} {text}"
        );
    }
}

#[test]
fn the_manifest_is_found_in_the_current_folder_in_a_named_folder_and_by_its_own_name() {
    let app = headers();
    drop(app.start());
    let start = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_local-runtime"));
        command.args(["up", "--listen", "127.0.0.1:0"]).args(arguments).current_dir(app.folder());
        Running::start(command)
    };
    std::fs::copy(app.folder().join("spin.toml"), app.folder().join("other.toml")).unwrap();
    for arguments in [vec![], vec!["--from", "."], vec!["--file", "other.toml"]] {
        assert_eq!(start(&arguments).get("/").0, 200, "{arguments:?}");
    }
}

#[test]
fn a_second_start_takes_the_compiled_code_from_the_cache() {
    let app = headers();
    drop(app.start());
    let written = |app: &TestApp| {
        let files = cache_files(app);
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].metadata().unwrap().ino()
    };
    let first = written(&app);
    let running = app.start();
    assert_eq!(running.get("/").0, 200);
    assert_eq!(written(&app), first, "the file was written again");
    assert_eq!(running.stderr(), "");
}

#[test]
fn other_code_and_other_settings_have_cache_files_of_their_own() {
    let app = headers();
    drop(app.start());
    let app = app.flags(&["--invocation-timeout-ms", "1000"]);
    assert_eq!(app.start().get("/").0, 200);
    assert_eq!(cache_files(&app).len(), 2);
    let app = app.component("fails", "fails", "").http("/fails", "fails");
    assert_eq!(app.start().get("/").0, 200);
    assert_eq!(cache_files(&app).len(), 3);
}

#[test]
fn a_broken_cache_file_is_compiled_again() {
    let app = headers();
    drop(app.start());
    let file = cache_files(&app).remove(0);
    let whole = std::fs::read(&file).unwrap();
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    for broken in [&whole[..whole.len() / 2], &whole[..7], &[], changed.as_slice()] {
        std::fs::write(&file, broken).unwrap();
        let mut running = app.start();
        assert_eq!(running.get("/").0, 200);
        running.wait_for("the repair to be said", |running| {
            running.stderr().contains("compiling again")
        });
        assert!(std::fs::read(&file).unwrap().len() == whole.len(), "the file was not repaired");
    }
}

#[test]
fn starts_while_the_cache_file_is_replaced_again_and_again_all_serve() {
    let app = headers();
    drop(app.start());
    let file = cache_files(&app).remove(0);
    let whole = std::fs::read(&file).unwrap();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let replacing = scope.spawn(|| {
            let beside = file.with_extension("other");
            for length in [whole.len(), whole.len() / 2, whole.len(), 0].into_iter().cycle() {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                std::fs::write(&beside, &whole[..length]).unwrap();
                std::fs::rename(&beside, &file).unwrap();
            }
        });
        let starts = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..8 {
                assert_eq!(app.start().get("/").0, 200);
            }
        }));
        is_over.store(true, Ordering::Relaxed);
        replacing.join().unwrap();
        if let Err(panic) = starts {
            std::panic::resume_unwind(panic);
        }
    });
}

#[test]
fn a_running_program_keeps_its_code_when_the_cache_file_is_replaced_and_when_it_is_removed() {
    let app = headers();
    drop(app.start());
    let running = app.start();
    let file = cache_files(&app).remove(0);
    let beside = file.with_extension("other");
    std::fs::write(&beside, "broken").unwrap();
    std::fs::rename(&beside, &file).unwrap();
    assert_eq!(running.get("/").0, 200);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(running.get("/").0, 200);
}

#[test]
fn the_files_that_were_used_least_recently_leave_the_cache() {
    let app = headers();
    drop(app.start());
    let folder = app.folder().join(".spin/local-runtime");
    let file = |name: &str, age: u64| {
        let file = File::options().create(true).append(true).open(folder.join(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
    };
    let own = cache_files(&app).remove(0).file_name().unwrap().to_str().unwrap().to_owned();
    file(&own, 1000);
    file("of somebody else", 1000);
    file("killed-2.cwasm.tmp", 500);
    (1..=33).for_each(|age| file(&format!("{age}-2.cwasm"), age));
    assert_eq!(app.start().get("/").0, 200);
    let mut expected: Vec<_> = (1..=31).map(|age| format!("{age}-2.cwasm")).collect();
    expected.extend([own, "of somebody else".to_owned()]);
    expected.sort_unstable();
    let mut left: Vec<_> = cache_files(&app)
        .iter()
        .map(|file| file.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    left.sort_unstable();
    assert_eq!(left, expected);
}

#[test]
fn the_cache_may_be_elsewhere_and_a_folder_that_cant_be_written_is_an_error() {
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = elsewhere.path().join("a/b");
    let app = headers().flags(&["--cache-dir", folder.to_str().unwrap()]);
    drop(app.start());
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    let file = elsewhere.path().join("file");
    std::fs::write(&file, "").unwrap();
    let said = headers().flags(&["--cache-dir", file.to_str().unwrap()]).refused();
    assert!(said.contains("cache folder"), "{said}");
}

#[test]
fn a_signal_ends_it_at_once_with_running_handlers_and_prints_the_figures() {
    let redis = RedisServer::start().unwrap();
    let url = redis.url();
    for signal in ["-TERM", "-INT"] {
        let app =
            TestApp::new().redis_component("record", "record", &url).redis(&url, "ding", "record");
        let mut running = app.start();
        let mut look = Look::at(&url);
        let before = look.list("events").len();
        look.publish("ding", "wait:60000");
        look.wait_for("events", before + 1);
        let begin = Instant::now();
        running.signal(signal);
        let status = running.wait_for_end();
        assert_eq!(status.code(), Some(0), "{signal}");
        assert!(begin.elapsed() < Duration::from_secs(5), "{signal}");
        let stdout = running.stdout();
        assert!(stdout.contains("Instance starts:\n  all: 1, p50 "), "{stdout}");
        assert!(stdout.contains("\n  record: 1, p50 "), "{stdout}");
    }
}

#[test]
fn a_signal_ends_it_even_when_every_thread_computes() {
    let app = TestApp::new().component("spins", "spins", "").http("/...", "spins");
    let mut running = app.start();
    let mut clients = Vec::new();
    for _ in 0..16 {
        let mut client = TcpStream::connect(running.address()).unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        clients.push(client);
    }
    let before = cpu_ticks(&running);
    running.wait_for("the handlers to compute", |running| cpu_ticks(running) > before + 30);
    running.signal("-TERM");
    assert_eq!(running.wait_for_end().code(), Some(0));
}

#[test]
fn a_signal_ends_it_within_a_second_when_the_reader_of_stdout_has_stalled_or_gone() {
    for is_gone in [false, true] {
        let app = TestApp::new().component("print", "print", "").http("/...", "print");
        let mut command = app.command();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("Serving http://") {
            line.clear();
            assert!(stdout.read_line(&mut line).unwrap() > 0, "it ended before it served");
        }
        let reader = (!is_gone).then_some(stdout);
        let address = line.trim().trim_start_matches("Serving http://");
        let mut client = TcpStream::connect(address).unwrap();
        let body = "more than a pipe holds\n".repeat(10_000);
        let head = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
        client.write_all((head + &body).as_bytes()).unwrap();
        let patience = Duration::from_millis(if is_gone { 30_000 } else { 500 });
        client.set_read_timeout(Some(patience)).unwrap();
        assert_eq!(client.read(&mut [0]).is_ok(), is_gone, "only a full pipe holds up the handler");
        let begin = Instant::now();
        let kill = Command::new("kill").arg(child.id().to_string()).status().unwrap();
        assert!(kill.success());
        let mut status = None;
        poll_until("its end", || {
            status = child.try_wait().unwrap();
            status.is_some()
        });
        assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
        assert_eq!(status.unwrap().code(), Some(0));
        drop(reader);
    }
}

#[test]
fn a_taken_port_is_an_error_that_names_the_flag() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let app = headers();
    std::fs::write(app.folder().join("spin.toml"), app.manifest()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_local-runtime"))
        .args(["up", "--listen", &address, "-f"])
        .arg(app.folder())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && said.contains("--listen") && said.contains(&address),
        "{said}"
    );
}

#[test]
fn starts_are_counted_by_component_and_forgotten_on_delete() {
    const PATH: &str = "/.well-known/local-runtime/instance-starts";
    let app = headers().component("fails", "fails", "").http("/fails", "fails");
    let running = app.start();
    for path in ["/a", "/b", "/fails"] {
        assert_eq!(running.get(path).0, 200);
    }
    let figures = |running: &Running| -> serde_json::Value {
        let (status, text) = running.get(PATH);
        assert_eq!(status, 200);
        serde_json::from_str(&text).unwrap()
    };
    let report = figures(&running);
    assert_eq!(report["all"]["starts"], 3);
    assert_eq!(report["components"]["headers"]["starts"], 2);
    assert_eq!(report["components"]["fails"]["starts"], 1);
    let of = |field: &str| report["all"][field].as_u64().unwrap();
    assert!(
        0 < of("p50_us") && of("p50_us") <= of("p99_us") && of("p99_us") <= of("max_us"),
        "{report}"
    );
    assert_eq!(running.request("DELETE", PATH, &[], "").0, 204);
    assert_eq!(figures(&running)["all"]["starts"], 0);
    assert_eq!(running.request("PUT", PATH, &[], "").0, 405);
}

#[test]
fn a_start_is_counted_from_the_turn_of_its_event_under_both_triggers() {
    const WAIT: Duration = Duration::from_millis(300);
    let redis = RedisServer::start().unwrap();
    let url = redis.url();
    let app = TestApp::new()
        .redis_component("record", "record", &url)
        .redis(&url, "ding", "record")
        .component("waits", "waits", "")
        .http("/...", "waits");
    let running = app.start();
    let mut look = Look::at(&url);
    for _ in 0..3 {
        look.publish("ding", &format!("wait:{}", WAIT.as_millis()));
    }
    assert_eq!(running.get(&format!("/{}", WAIT.as_millis())).0, 200);
    look.wait_for("events", 6);
    let text = running.get("/.well-known/local-runtime/instance-starts").1;
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["components"]["record"]["starts"], 3);
    assert_eq!(report["components"]["waits"]["starts"], 1);
    assert!(u128::from(report["all"]["max_us"].as_u64().unwrap()) < WAIT.as_micros(), "{report}");
}

#[test]
fn an_app_without_http_triggers_still_answers_health_and_the_figures() {
    let redis = RedisServer::start().unwrap();
    let url = redis.url();
    let app = TestApp::new().redis_component("fails", "fails", &url).redis(&url, "ding", "fails");
    let running = app.start();
    assert_eq!(running.get("/.well-known/spin/health"), (200, "OK".to_owned()));
    let mut look = Look::at(&url);
    look.publish("ding", "a");
    look.wait_for("handled", 1);
    let text = running.get("/.well-known/local-runtime/instance-starts").1;
    assert!(text.contains("\"fails\":{\"starts\":1,"), "{text}");
    assert_eq!(running.get("/").0, 404);
    assert!(!running.stdout().contains("Available Routes"), "{}", running.stdout());
}

#[test]
fn an_idle_program_uses_no_processor_time_and_little_memory() {
    let redis = RedisServer::start().unwrap();
    let url = redis.url();
    let app = TestApp::new()
        .redis_component("fails", "fails", &url)
        .redis(&url, "ding", "fails")
        .http("/...", "fails");
    drop(app.start());
    let running = app.start();
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.pid())).unwrap();
    let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let rss_kib: u64 = rss.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(rss_kib < 40 * 1024, "{rss_kib} KiB");
    let (mut before, mut begin) = (cpu_ticks(&running), Instant::now());
    poll_until("the start is over", || {
        let ticks = cpu_ticks(&running);
        if ticks > before {
            (before, begin) = (ticks, Instant::now());
        }
        begin.elapsed() > Duration::from_millis(300)
    });
    std::thread::sleep(Duration::from_secs(2));
    assert!(cpu_ticks(&running) <= before + 1, "it works");
}

#[test]
fn the_routes_and_their_descriptions_are_printed() {
    let app = TestApp::new()
        .component("headers", "headers", "description = \"Says what it hears\"")
        .http("/all/...", "headers")
        .http("/one", "headers");
    let running = app.start();
    let base = format!("http://{}", running.address());
    let expected = format!(
        "Serving {base}\nAvailable Routes:\n  headers: {base}/all (wildcard)\n    Says what it hears\n  \
         headers: {base}/one\n    Says what it hears\n"
    );
    // A program is ready when it serves, and its last lines may not have arrived yet.
    poll_until("the routes are printed with their descriptions", || {
        running.stdout().contains(&expected)
    });
}
