//! The Redis of the manifests, run here: its start script, its settings, its users.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

use manifest_checks::checks::Inputs;
use manifest_checks::object::{Object, list};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Secrets, inputs, manifests, object};

/// The Redis of the manifests on a free port, with its start script and configuration.
pub(crate) struct Redis {
    child: Child,
    pub(crate) port: u16,
    pub(crate) objects: Vec<Object>,
    pub(crate) secrets: Secrets,
    pub(crate) folder: TempDir,
}

/// The file with what the server printed.
const SAID: &str = "said";
/// A user that the tests add, to look at what other users did.
const ADMIN: &str = "user admin on >admin ~* &* +@all";

impl Redis {
    /// Another program may take a free port before the server does.
    pub(crate) fn start() -> Self {
        (0..5).find_map(|_| Self::try_to_start()).expect("redis starts")
    }

    fn try_to_start() -> Option<Self> {
        let Inputs { objects, secrets, .. } = inputs(&manifests().join("base"));
        let config = object(&objects, "ConfigMap/redis");
        let folder = tempfile::tempdir().unwrap();
        let port = private_redis::free_port().unwrap();
        for name in ["data", "run", "etc"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let settings = in_folder(config.text("/data/redis.conf"), folder.path());
        let settings = format!("{settings}\nbind 127.0.0.1\nport {port}\n");
        std::fs::write(folder.path().join("etc/redis.conf"), settings).unwrap();
        let script = in_folder(config.text("/data/start.sh"), folder.path());
        let script = script.replacen("\nUSERS\n", &format!("\n{ADMIN}\nUSERS\n"), 1);
        assert!(script.contains(ADMIN));
        std::fs::write(folder.path().join("etc/start.sh"), script).unwrap();
        let repair = in_folder(config.text("/data/repair.sh"), folder.path());
        std::fs::write(folder.path().join("etc/repair.sh"), repair).unwrap();
        let child = spawn(&objects, &secrets, port, folder.path());
        let mut redis = Self { child, port, objects, secrets, folder };
        if redis.becomes_ready() {
            return Some(redis);
        }
        let said = std::fs::read_to_string(redis.folder.path().join(SAID)).unwrap();
        assert!(said.contains("Address already in use"), "{said}");
        None
    }

    /// Ends the server by this signal, and starts it again with the same data.
    pub(crate) fn restart(&mut self, signal: &str) {
        self.stop(signal);
        self.start_again();
    }

    pub(crate) fn stop(&mut self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        self.child.wait().unwrap();
    }

    /// Starts a stopped server as the pod does: first the init container.
    pub(crate) fn start_again(&mut self) {
        let (status, said) = self.repair();
        assert!(status, "{said}");
        self.child = spawn(&self.objects, &self.secrets, self.port, self.folder.path());
        assert!(self.becomes_ready(), "redis ended");
    }

    /// Runs the init container here: whether it succeeds, and what it prints.
    pub(crate) fn repair(&self) -> (bool, String) {
        let pod = object(&self.objects, "StatefulSet/redis").pods().unwrap().spec.unwrap();
        let output = command(&list(&pod, "/initContainers")[0], self.folder.path()).output();
        let output = output.unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The last file of the append-only file.
    pub(crate) fn appended(&self) -> PathBuf {
        let files = std::fs::read_dir(self.folder.path().join("data/appendonlydir")).unwrap();
        let mut files = files.map(|file| file.unwrap().path());
        files.find(|file| file.to_string_lossy().ends_with(".incr.aof")).unwrap()
    }

    /// `false` when it ends.
    fn becomes_ready(&mut self) -> bool {
        let pod = object(&self.objects, "StatefulSet/redis").pods().unwrap().spec.unwrap();
        let container = &list(&pod, "/containers")[0];
        let probe = container.pointer("/readinessProbe/exec/command").unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.child.try_wait().unwrap().is_none() {
            if self.probe(probe).status.success() {
                return true;
            }
            assert!(Instant::now() < deadline, "the readiness probe never succeeded");
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    /// Runs a probe of the container, with its environment, against the port.
    fn probe(&self, command: &Value) -> Output {
        let words: Vec<&str> =
            command.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        let script = words[2].replace("redis-cli", &format!("redis-cli -p {}", self.port));
        let password = &self.secrets["redis"]["monitor-password"];
        // Whatever else has the port may never answer.
        Command::new("timeout")
            .args(["5", words[0], words[1], &script])
            .env("MONITOR_PASSWORD", password)
            .output()
            .unwrap()
    }

    /// A URL of the Secret, on this machine.
    pub(crate) fn url(&self, key: &str) -> String {
        here(&self.secrets["redis"][key], &self.objects, self.port)
    }

    pub(crate) fn connection(&self, key: &str) -> redis::Connection {
        redis::Client::open(self.url(key)).unwrap().get_connection().unwrap()
    }

    pub(crate) fn admin(&self) -> redis::Connection {
        let url = format!("redis://admin:admin@127.0.0.1:{}", self.port);
        redis::Client::open(url).unwrap().get_connection().unwrap()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command of a container, with its folders below `folder`.
fn command(container: &Value, folder: &Path) -> Command {
    let words = container["command"].as_array().unwrap().iter();
    let words: Vec<String> = words.map(|word| in_folder(word.as_str().unwrap(), folder)).collect();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env_clear().env("PATH", std::env::var("PATH").unwrap());
    command
}

/// Starts the server's container here.
fn spawn(objects: &[Object], secrets: &Secrets, port: u16, folder: &Path) -> Child {
    let pod = object(objects, "StatefulSet/redis").pods().unwrap().spec.unwrap();
    let container = &list(&pod, "/containers")[0];
    command(container, folder)
        .envs(environment(container, objects, secrets, port))
        .stdout(File::create(folder.join(SAID)).unwrap())
        .spawn()
        .unwrap()
}

/// A text with the container's folders replaced by those below `folder`.
fn in_folder(text: &str, folder: &Path) -> String {
    let folders = [("/data", "data"), ("/run/redis", "run"), ("/etc/redis", "etc")];
    folders.iter().fold(text.to_owned(), |text, (there, name)| {
        text.replace(there, folder.join(name).to_str().unwrap())
    })
}

/// A value with the address in the settings replaced by the one on this machine.
fn here(value: &str, objects: &[Object], port: u16) -> String {
    let url = object(objects, "ConfigMap/settings").text("/data/redis_url");
    value.replace(url.strip_prefix("redis://").unwrap(), &format!("127.0.0.1:{port}"))
}

/// The environment of a container, with its references resolved and Redis on this machine.
pub(crate) fn environment(
    container: &Value,
    objects: &[Object],
    secrets: &Secrets,
    port: u16,
) -> Vec<(String, String)> {
    let variables = container["env"].as_array().unwrap();
    let value = |variable: &Value| {
        let text = |pointer: &str| variable.pointer(pointer).and_then(Value::as_str);
        let value =
            match (text("/valueFrom/secretKeyRef/name"), text("/valueFrom/configMapKeyRef/name")) {
                (Some(name), _) => {
                    secrets[name][text("/valueFrom/secretKeyRef/key").unwrap()].clone()
                }
                (_, Some(name)) => {
                    let key = text("/valueFrom/configMapKeyRef/key").unwrap();
                    object(objects, &format!("ConfigMap/{name}"))
                        .text(&format!("/data/{key}"))
                        .to_owned()
                }
                _ => text("/value").unwrap().to_owned(),
            };
        here(&value, objects, port)
    };
    variables
        .iter()
        .map(|variable| (variable["name"].as_str().unwrap().to_owned(), value(variable)))
        .collect()
}
