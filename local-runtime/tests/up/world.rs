//! What an instance can access, and where its output goes.

use std::net::TcpListener;

use crate::support::TestApp;

#[test]
fn an_instance_sees_the_manifests_environment_and_nothing_of_the_hosts() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let fields = format!(
        "environment = {{ COLOR = \"blue\" }}\nvariables = {{ port = \"{port}\" }}\n\
         allowed_outbound_hosts = [\"redis://127.0.0.1:{port}\", \"http://127.0.0.1:{port}\"]"
    );
    let app = TestApp::new()
        .component("environment", "environment", &fields)
        .http("/...", "environment")
        .env("HOST_SECRET", "hush");
    let before =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let text = app.start().get("/").1;
    let (clock, others): (Vec<_>, Vec<_>) =
        text.lines().partition(|line| line.starts_with("clock_s "));
    let expected = [
        "env COLOR=blue",
        "arguments 0",
        "folder false",
        "random true",
        "threads false",
        "connect refused",
    ];
    assert_eq!(others, expected);
    let clock: u64 = clock[0].trim_start_matches("clock_s ").parse().unwrap();
    assert!((before..before + 60).contains(&clock), "{clock}");
}

#[test]
fn output_is_printed_line_by_line_with_the_component_before_it_and_appended_to_its_log_files() {
    let app = TestApp::new().component("print", "print", "").http("/...", "print");
    std::fs::create_dir_all(app.folder().join(".spin/logs")).unwrap();
    std::fs::write(app.folder().join(".spin/logs/print_stdout.txt"), "earlier\n").unwrap();
    let mut running = app.start();
    assert_eq!(running.post("/", "one\ntwo").0, 200);
    running.wait_for("the unfinished line", |running| running.stdout().contains("[print] two\n"));
    assert!(running.stdout().contains("[print] one\n[print] two\n"), "{}", running.stdout());
    running.wait_for("the lines of stderr", |running| {
        running.stderr().contains("[print] error: one\n[print] two\n")
    });
    let log =
        |name: &str| std::fs::read_to_string(app.folder().join(".spin/logs").join(name)).unwrap();
    assert_eq!(log("print_stdout.txt"), "earlier\none\ntwo\n");
    assert_eq!(log("print_stderr.txt"), "error: one\ntwo\n");
}

#[test]
fn what_was_written_before_a_trap_is_kept_and_a_very_long_line_passes_in_pieces() {
    let app = TestApp::new().component("print", "print", "").http("/...", "print");
    let mut running = app.start();
    let long = "x".repeat(100_000);
    assert_eq!(running.post("/trap", &long).0, 500);
    let path = app.folder().join(".spin/logs/print_stdout.txt");
    running.wait_for("all of the line", |_| {
        let text = std::fs::read_to_string(&path).unwrap();
        text.matches('x').count() == long.len() && text.ends_with('\n')
    });
}

#[test]
fn quiet_keeps_the_components_output_off_the_terminal_but_not_out_of_the_log_files() {
    let app =
        TestApp::new().component("print", "print", "").http("/...", "print").flags(&["--quiet"]);
    let running = app.start();
    assert_eq!(running.post("/", "word\n").0, 200);
    assert_eq!(
        std::fs::read_to_string(app.folder().join(".spin/logs/print_stdout.txt")).unwrap(),
        "word\n"
    );
    let said = running.stdout() + &running.stderr();
    assert!(!said.contains("word") && said.contains("Serving http://"), "{said}");
}

#[test]
fn an_import_that_is_not_supported_may_be_declared_and_names_itself_when_it_is_called() {
    let app =
        TestApp::new().component("unsupported", "unsupported", "").http("/...", "unsupported");
    let mut running = app.start();
    assert_eq!(running.get("/fine"), (200, "fine".to_owned()));
    assert_eq!(running.get("/call").0, 500);
    running.wait_for("the import's name", |running| {
        running
            .stderr()
            .contains("fermyon:spin/key-value@2.0.0#[static]store.open is not supported")
    });
}
