//! A headless Chromium, driven over its DevTools protocol by a pipe: no port, no driver program, no
//! client that has to know every message.
//!
//! Chromium has to be on the PATH: `cargo xtask test` installs it. It can reach the loopback
//! address and nothing else, and whatever a page asks for or complains of is kept.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};

/// A browser may be slow on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// One browser with one page.
pub(crate) struct Browser {
    child: Child,
    commands: ChildStdin,
    answers: Receiver<Value>,
    session: Option<String>,
    last_id: u64,
    /// Every address the page has asked for, with the method.
    pub(crate) requests: Vec<(String, String)>,
    /// What the browser complained of: errors of scripts, of the policy, of the console.
    pub(crate) complaints: Vec<String>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts a browser with an empty page.
    pub(crate) fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new("sh")
            // The browser reads commands from descriptor 3 and answers on 4.
            .args([
                "-c",
                "exec chromium \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null",
                "chromium",
            ])
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-dev-shm-usage",
            ])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--hide-scrollbars",
            ])
            .args([
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                "--remote-debugging-pipe",
                "--lang=en-GB",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = child.stdin.take().unwrap();
        let mut from_browser = BufReader::new(child.stdout.take().unwrap());
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while from_browser.read_until(0, &mut message).is_ok_and(|length| length > 0) {
                let value = serde_json::from_slice(message.strip_suffix(&[0]).unwrap_or(&message));
                if value.is_ok_and(|value| sender.send(value).is_err()) {
                    return;
                }
                message.clear();
            }
        });
        let mut browser = Self {
            child,
            commands,
            answers,
            session: None,
            last_id: 0,
            requests: Vec::new(),
            complaints: Vec::new(),
            _profile: profile,
        };
        let page = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attached = browser.call(
            "Target.attachToTarget",
            json!({ "targetId": page["targetId"], "flatten": true }),
        );
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Network", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Goes to an address and waits until the page is loaded.
    pub(crate) fn open(&mut self, url: &str) {
        let answer = self.call("Page.navigate", json!({ "url": url }));
        assert_eq!(answer.get("errorText"), None, "{url}: {answer}");
        self.wait_for(
            &format!("{url} is loaded"),
            "document.readyState === 'complete' && location.href !== 'about:blank'",
        );
    }

    /// The value of an expression in the page; a promise is waited for.
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let arguments =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", arguments);
        assert_eq!(answer.get("exceptionDetails"), None, "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// The text of the element that a selector finds first, as it is rendered.
    pub(crate) fn text(&mut self, selector: &str) -> String {
        let expression = format!("document.querySelector({selector:?})?.innerText ?? '(nothing)'");
        self.eval(&expression).as_str().unwrap().to_owned()
    }

    /// Waits until an expression is true.
    pub(crate) fn wait_for(&mut self, what: &str, expression: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.eval(expression) != true {
            if Instant::now() > deadline {
                let page = self.text("body");
                panic!("waited in vain until {what}; {:?}; the page:\n{page}", self.complaints);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Presses what a selector finds; it must be there, visible, and not disabled.
    pub(crate) fn click(&mut self, selector: &str) {
        let is_pressed = self.eval(&format!(
            "(() => {{ const one = document.querySelector({selector:?}); \
             const can = Boolean(one?.checkVisibility()) && !one.disabled; \
             if (can) one.click(); return can; }})()"
        ));
        assert_eq!(
            is_pressed,
            true,
            "{selector} cannot be pressed; the page:\n{}",
            self.text("body")
        );
    }

    /// Types into a field and sends its form by the Enter key.
    pub(crate) fn enter(&mut self, selector: &str, text: &str) {
        self.eval(&format!(
            "{{ const field = document.querySelector({selector:?}); field.focus(); field.select(); }}"
        ));
        self.call("Input.insertText", json!({ "text": text }));
        self.press("Enter", "\r");
    }

    /// Presses a key where the focus is.
    pub(crate) fn press(&mut self, key: &str, text: &str) {
        let code = match key {
            "Enter" => 13,
            "Tab" => 9,
            "Escape" => 27,
            other => panic!("no code for {other}"),
        };
        for kind in ["keyDown", "keyUp"] {
            let event = json!({
                "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code,
                "text": if kind == "keyDown" { text } else { "" },
            });
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Shows the page in a window of this width, in the light or dark that a reader has chosen.
    pub(crate) fn look(&mut self, width: u32, scheme: &str) {
        let metrics =
            json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", metrics);
        let media = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]});
        self.call("Emulation.setEmulatedMedia", media);
    }

    /// Takes a picture of the whole page.
    pub(crate) fn picture(&mut self, path: &Path) {
        let answer = self.call("Page.captureScreenshot", json!({ "captureBeyondViewport": true }));
        let bytes =
            base64::prelude::BASE64_STANDARD.decode(answer["data"].as_str().unwrap()).unwrap();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Sends a command and waits for its answer; what happens meanwhile is kept.
    #[allow(clippy::needless_pass_by_value, reason = "it is made for the call")]
    pub(crate) fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.last_id += 1;
        let mut command = json!({ "id": self.last_id, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            command["sessionId"] = json!(session);
        }
        let mut bytes = command.to_string().into_bytes();
        bytes.push(0);
        self.commands
            .write_all(&bytes)
            .expect("chromium is on the PATH: `cargo xtask test` installs it");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let message = match self
                .answers
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => {
                    panic!("waited in vain for the answer to {method}")
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!(
                        "the browser has ended; chromium is on the PATH: `cargo xtask test` installs it"
                    )
                }
            };
            if message["id"] == self.last_id {
                assert_eq!(message.get("error"), None, "{method}: {message}");
                return message["result"].clone();
            }
            self.keep(&message);
        }
    }

    fn keep(&mut self, event: &Value) {
        let about = &event["params"];
        match event["method"].as_str() {
            Some("Network.requestWillBeSent") => {
                let text =
                    |field: &str| about["request"][field].as_str().unwrap_or_default().to_owned();
                self.requests.push((text("method"), text("url")));
            }
            Some("Runtime.exceptionThrown") => {
                self.complaints.push(about["exceptionDetails"].to_string());
            }
            Some("Runtime.consoleAPICalled") => self.complaints.push(about["args"].to_string()),
            Some("Log.entryAdded") => self.complaints.push(about["entry"].to_string()),
            _ => {}
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Asked to close it takes its helpers with it; killed it might leave some behind.
        let _ = self.commands.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let deadline = Instant::now() + Duration::from_secs(10);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
