//! Runs what can be run of the manifests: Redis with its start script, and a burst by the Job.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use e2e::binary;
use manifest_checks::object::containers;

use crate::server::{Redis, environment};
use crate::support::object;

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
    let mut service = Command::new(binary("conventional"));
    let mut service = Killed(service.env("REDIS_URL", url).stdout(Stdio::piped()).spawn().unwrap());
    let mut said = BufReader::new(service.0.stdout.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.starts_with("conventional: ready as"), "{line}");
    let output = run_job("CronJob/loadtest", &redis, &[binary("loadtest").to_str().unwrap()]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(text.contains("every order sent was found exactly once"), "{text}");
}
