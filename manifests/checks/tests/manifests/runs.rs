//! What can be run of the manifests is run: Redis by its own start script and settings, and the scripts that use it.

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use manifest_checks::checks::Inputs;
use manifest_checks::object::{Object, containers};
use serde_json::Value;
use shared::queue::{Keys, QueueName, Stream};
use tempfile::TempDir;

use crate::support::{Secrets, base, inputs, manifests, object, repository};

/// The Redis of the manifests on a free port of this machine: its start script and its configuration, with other folders.
struct Redis {
    child: Child,
    port: u16,
    objects: Vec<Object>,
    secrets: Secrets,
    folder: TempDir,
}

impl Redis {
    fn start() -> Self {
        Self::start_as("base")
    }

    /// As the kustomization in this folder has it.
    fn start_as(folder: &str) -> Self {
        let Inputs { objects, secrets, .. } = inputs(&manifests().join(folder));
        let config = object(&objects, "ConfigMap/redis");
        let folder = tempfile::tempdir().unwrap();
        let port = private_redis::free_port().unwrap();
        let here = |text: &str| {
            let mut text = text.to_owned();
            for (there, name) in [("/data", "data"), ("/run/redis", "run"), ("/etc/redis", "etc")] {
                std::fs::create_dir_all(folder.path().join(name)).unwrap();
                text = text.replace(there, folder.path().join(name).to_str().unwrap());
            }
            text
        };
        let settings = here(config.text("/data/redis.conf"));
        let settings = format!("{settings}\nbind 127.0.0.1\nport {port}\n");
        std::fs::write(folder.path().join("etc/redis.conf"), settings).unwrap();
        std::fs::write(folder.path().join("etc/start.sh"), here(config.text("/data/start.sh")))
            .unwrap();
        let pod = object(&objects, "StatefulSet/redis").pods().unwrap().spec.unwrap();
        let container = containers(&pod).next().unwrap();
        let command: Vec<String> = container["command"]
            .as_array()
            .unwrap()
            .iter()
            .map(|word| here(word.as_str().unwrap()))
            .collect();
        let child = Command::new(&command[0])
            .args(&command[1..])
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap())
            .envs(environment(container, &objects, &secrets, port))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let redis = Self { child, port, objects, secrets, folder };
        let probe = container.pointer("/readinessProbe/exec/command").unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while !redis.probe(probe).status.success() {
            assert!(Instant::now() < deadline, "the readiness probe never succeeded");
            std::thread::yield_now();
        }
        redis
    }

    /// Runs a probe of the container, with its environment, against the port.
    fn probe(&self, command: &Value) -> Output {
        let words: Vec<&str> =
            command.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        let script = words[2].replace("redis-cli", &format!("redis-cli -p {}", self.port));
        let password = &self.secrets["redis"]["monitor-password"];
        Command::new(words[0])
            .args([words[1], &script])
            .env("MONITOR_PASSWORD", password)
            .output()
            .unwrap()
    }

    /// A URL of the Secret, on this machine.
    fn url(&self, key: &str) -> String {
        here(&self.secrets["redis"][key], &self.objects, self.port)
    }

    fn connection(&self, key: &str) -> redis::Connection {
        redis::Client::open(self.url(key)).unwrap().get_connection().unwrap()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A value with the server on this machine in the place of the one that the settings name.
fn here(value: &str, objects: &[Object], port: u16) -> String {
    let url = object(objects, "ConfigMap/settings").text("/data/redis_url");
    value.replace(url.strip_prefix("redis://").unwrap(), &format!("127.0.0.1:{port}"))
}

/// The environment of a container with its references resolved, and Redis where it is here.
fn environment(
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

/// Runs the one container of a Job here.
fn run_job(id: &str, redis: &Redis, program: &[&str]) -> Output {
    let pod = object(&redis.objects, id).pods().unwrap().spec.unwrap();
    let container = containers(&pod).next().unwrap().clone();
    let environment = environment(&container, &redis.objects, &redis.secrets, redis.port);
    let mut words: Vec<String> = program.iter().map(|&word| word.to_owned()).collect();
    for field in ["command", "args"] {
        for word in container[field].as_array().into_iter().flatten() {
            let mut word = word.as_str().unwrap().to_owned();
            for (name, value) in &environment {
                word = word.replace(&format!("$({name})"), value);
            }
            words.push(word);
        }
    }
    Command::new(&words[0]).args(&words[1..]).envs(environment).output().unwrap()
}

#[test]
fn redis_starts_by_its_script_with_settings_that_lose_no_order() {
    let redis = Redis::start();
    for (key, user) in [("pipeline-url", "pipeline"), ("loadtest-url", "loadtest")] {
        let answer: String = redis::cmd("PING").query(&mut redis.connection(key)).unwrap();
        assert_eq!(answer, "PONG", "{user}");
    }
    let stranger = redis::Client::open(format!("redis://127.0.0.1:{}", redis.port)).unwrap();
    let refused =
        stranger.get_connection().and_then(|mut stranger| redis::cmd("PING").exec(&mut stranger));
    assert!(refused.unwrap_err().to_string().contains("NOAUTH"));
    let info: redis::InfoDict =
        redis::cmd("INFO").query(&mut redis.connection("loadtest-url")).unwrap();
    assert_eq!(info.get::<String>("aof_enabled").unwrap(), "1");
    assert_eq!(info.get::<String>("maxmemory_policy").unwrap(), "noeviction");
    assert_eq!(info.get::<u64>("maxmemory").unwrap(), 1 << 30);
    assert!(redis.folder.path().join("data/appendonlydir").is_dir());
    assert!(!redis.folder.path().join("data/dump.rdb").exists());
}

#[test]
fn the_job_makes_every_group_and_may_be_run_again() {
    let redis = Redis::start();
    for _ in 0..2 {
        let output = run_job("Job/create-groups", &redis, &[]);
        assert!(output.status.success(), "{output:?}");
    }
    // A group that is there already refuses to be made: by its own name, on its own stream.
    let keys = Keys::new(QueueName::default());
    let mut pipeline = redis.connection("pipeline-url");
    for stream in Stream::ALL {
        let again = redis::cmd("XGROUP")
            .arg(&["CREATE", keys.stream(stream), stream.group(), "0"])
            .exec(&mut pipeline)
            .unwrap_err();
        assert!(again.to_string().contains("BUSYGROUP"), "{stream:?}: {again}");
    }
    drop(pipeline);
    let mut redis = redis;
    redis.secrets.get_mut("redis").unwrap().insert("pipeline-password".into(), "wrong".into());
    assert!(!run_job("Job/create-groups", &redis, &[]).status.success());
}

#[test]
fn the_redis_of_a_partition_has_its_streams_and_lets_its_users_at_no_others() {
    let redis = Redis::start_as("overlays/partitions/partition-1");
    let output = run_job("Job/create-groups", &redis, &[]);
    assert!(output.status.success(), "{output:?}");
    let mut pipeline = redis.connection("pipeline-url");
    let groups: Vec<redis::Value> = redis::cmd("XINFO")
        .arg(&["GROUPS", "{orders-1}:complex"])
        .query(&mut redis.connection("loadtest-url"))
        .unwrap();
    assert_eq!(groups.len(), 1);
    redis::cmd("PUBLISH").arg(&["orders-1.ingress", ""]).exec(&mut pipeline).unwrap();
    for refused in [&["XLEN", "{orders}:ingress"][..], &["PUBLISH", "orders.ingress", ""]] {
        let error = redis::cmd(refused[0]).arg(&refused[1..]).exec(&mut pipeline).unwrap_err();
        assert!(error.to_string().to_uppercase().contains("NOPERM"), "{refused:?}: {error}");
    }
}

#[test]
fn the_user_of_keda_and_the_probes_sees_lengths_and_nothing_else() {
    let redis = Redis::start();
    let password = &redis.secrets["redis"]["monitor-password"];
    let url = format!("redis://monitor:{password}@127.0.0.1:{}", redis.port);
    let mut monitor = redis::Client::open(url).unwrap().get_connection().unwrap();
    let keys = Keys::new(QueueName::default());
    for stream in Stream::ALL {
        // Neither of the two has to be there.
        for key in [keys.stream(stream), keys.pause(stream)] {
            let length: u64 = redis::cmd("XLEN").arg(key).query(&mut monitor).unwrap();
            assert_eq!(length, 0, "{key}");
        }
    }
    for refused in [
        &["XRANGE", "{orders}:ingress", "-", "+"][..],
        &["XLEN", "other"],
        &["INFO"],
        &["FLUSHALL"],
    ] {
        let error = redis::cmd(refused[0]).arg(&refused[1..]).exec(&mut monitor).unwrap_err();
        assert!(error.to_string().to_uppercase().contains("NOPERM"), "{refused:?}: {error}");
    }
}

#[test]
fn the_rights_in_the_manifests_are_those_of_the_documentation() {
    let page = std::fs::read_to_string(repository().join("docs/security.md")).unwrap();
    let (_, rest) = page.split_once("ACL SETUSER pipeline ").unwrap();
    let documented: Vec<&str> = rest.split_once("```").unwrap().0.split_whitespace().collect();
    let objects = base();
    let script = object(&objects, "ConfigMap/redis").text("/data/start.sh");
    let line = script.lines().find_map(|line| line.strip_prefix("user pipeline ")).unwrap();
    let rights: Vec<&str> = line.split(' ').collect();
    assert_eq!(rights[1], ">$PIPELINE_PASSWORD");
    assert_eq!(
        [&rights[..1], &rights[2..]].concat(),
        [&documented[..1], &documented[2..]].concat()
    );
}

/// A program of the workspace, which lies beside the tests' folder; `cargo xtask test` builds all of them first.
fn program(name: &str) -> String {
    let tests = std::env::current_exe().unwrap();
    let program = tests.parent().unwrap().parent().unwrap().join(name);
    assert!(
        program.exists(),
        "{} is not built: cargo build --release -p {name}",
        program.display()
    );
    program.to_str().unwrap().to_owned()
}

/// Killed when dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_burst_goes_through_with_the_users_and_the_arguments_of_the_manifests() {
    let redis = Redis::start();
    let url = redis.url("pipeline-url");
    let service =
        Command::new(program("conventional")).env("REDIS_URL", url).stdout(Stdio::null()).spawn();
    let _service = Killed(service.unwrap());
    let output = run_job("CronJob/loadtest", &redis, &[&program("loadtest")]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(text.contains("every order sent was found exactly once"), "{text}");
}
