//! The page for people with assistive programs, while nobody looks, and as files.

use e2e::{TestApp, repository};
use serde_json::json;

use super::{opened_live, with_letters};
use crate::browser::Browser;

/// The script that finds what keeps people with assistive programs out.
fn axe_core() -> String {
    let libraries = std::fs::read_dir(repository().join("target/python/lib")).unwrap();
    let scripts = libraries.map(|python| {
        python.unwrap().path().join("site-packages/axe_playwright_python/axe.min.js")
    });
    let mut found = scripts.filter_map(|script| std::fs::read_to_string(script).ok());
    found.next().expect("axe-core is in target/python: `cargo xtask test` installs it")
}

#[test]
fn a_program_that_reads_pages_aloud_finds_nothing_to_complain_of_and_the_keyboard_is_enough() {
    let mut app = TestApp::start();
    with_letters(&mut app, &["not json", r#"{"orderId":1,"delivery":"Later","items":[]}"#]);
    let mut browser = opened_live(&app);
    browser.wait_for(
        "the dead letters are shown",
        "document.querySelectorAll('#letters > li').length === 2",
    );
    browser.press("Tab", "");
    assert_eq!(
        browser.eval("document.activeElement.className"),
        "skip",
        "the first stop of the Tab key"
    );
    browser.enter("#demo-orders", "10");
    browser.wait_for(
        "an order is shown",
        "document.querySelector('#order-title')?.innerText.includes('confirmed')",
    );
    browser.click("#control-complex");
    browser.enter("#ask-input", "the oven is cleaned");
    browser.wait_for(
        "it is paused",
        "document.querySelector('#control-complex').innerText === 'Resume'",
    );
    browser.eval(&format!("{};0", axe_core()));
    for (width, scheme) in [(1280, "light"), (360, "dark")] {
        browser.look(width, scheme);
        for dialog in ["", "document.querySelector('#ask').showModal()"] {
            browser.eval(dialog);
            let found = browser.eval(
                "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => \
                 `${id}: ${nodes.map((node) => node.html + ' ' + node.failureSummary).join('; ')}`))",
            );
            assert_eq!(found, json!([]), "{width} {scheme} {dialog}");
        }
        browser.eval("document.querySelector('#ask').close()");
    }
    let found = "document.body.append(document.createElement('input')), \
         axe.run().then(({ violations }) => violations.some(({ id }) => id === 'label'))";
    assert_eq!(browser.eval(found), true, "it finds what is there to be found");
}

#[test]
fn it_looks_seldom_while_nothing_moves_never_while_hidden_and_says_when_the_api_is_unavailable() {
    let mut app = TestApp::start();
    let mut browser = opened_live(&app);
    let looks = |browser: &mut Browser| {
        browser.eval("0");
        browser.requests.iter().filter(|(_, url)| url.ends_with("/stats")).count()
    };
    let hide = |hidden: bool| {
        format!(
            "Object.defineProperty(document, 'hidden', {{ value: {hidden}, configurable: true }}); \
             document.dispatchEvent(new Event('visibilitychange'))"
        )
    };
    browser.eval(&hide(true));
    browser.eval("new Promise((done) => setTimeout(done, 300))");
    let before = looks(&mut browser);
    // Longer than the pause between two looks at a page that has just been opened.
    browser.eval("new Promise((done) => setTimeout(done, 2000))");
    assert_eq!(looks(&mut browser), before, "nobody looks");
    browser.eval(&hide(false));
    browser
        .wait_for("it looks again", "document.querySelector('#health').dataset.state === 'live'");

    app.server.kill().unwrap();
    browser.wait_for("it says so", "document.querySelector('#trouble').checkVisibility()");
    assert!(browser.text("#health").contains("next try in"), "{}", browser.text("#health"));
    let said = browser.text("#trouble");
    app.kill();
    browser.wait_for(
        "it waits longer and longer",
        "document.querySelector('#health').innerText.includes('4 sec')",
    );
    assert_eq!(browser.text("#trouble"), said, "it is read out once");
}

#[test]
fn the_files_are_small_locked_up_by_their_policy_and_sent_once() {
    let app = TestApp::start();
    let folder = repository().join("orders-api/dashboard");
    let mut total = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        let path = if name == "index.html" { "/".to_owned() } else { format!("/dashboard/{name}") };
        let text = std::fs::read_to_string(file.path()).unwrap();
        total += text.len();
        let answer = app.get(&path);
        assert_eq!((answer.status, answer.body.as_str()), (200, Some(text.as_str())), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-cache"), "{path}");
    }
    assert!(total <= 48 * 1024, "{total} bytes are part of every instance of the API");
    for path in ["/dashboard", "/dashboard/none.js", "/dashboard/../Cargo.toml", "/index.html"] {
        assert_eq!(app.get(path).status, 404, "{path}");
    }
    let answer = app.post("/", "");
    assert_eq!(
        (answer.outcome(), answer.header("allow")),
        ((405, "method_not_allowed"), Some("GET, HEAD, OPTIONS"))
    );
}
