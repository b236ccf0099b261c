//! The users of Redis in the manifests: each may do what its programs do, and nothing else.
//!
//! The commands are collected from the scripts and the crate around them. Every script runs as the
//! pipeline's user, of the very file that the manifests write.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use e2e::an_order;
use native::RedisConnection;
use orders::order::Order;
use orders::pipeline::{COMPLEX, Distributor, Receiver, SIMPLE, STREAMS, settings};
use orders::{DEFAULT_COMPLEXITY_THRESHOLD, Lane};
use queue::{Enqueued, EntryId, Filter, GROUP, Keys, Queue, Redrive, Role, Settings, Tally, drain};

use crate::server::Redis;
use crate::support::{base, object, repository};

const DISTRIBUTOR: Distributor = Distributor { complexity_threshold: DEFAULT_COMPLEXITY_THRESHOLD };
const RECEIVER: Receiver = Receiver { lane: Lane::Simple };
const SCRIPTS: &str = "shared/queue/src/lua";

/// The line of a user in the ACL file.
fn rights_of(user: &str) -> Vec<String> {
    let objects = base();
    let script = object(&objects, "ConfigMap/redis").text("/data/start.sh").replace("\\\n", " ");
    let line = script.lines().find_map(|line| line.strip_prefix(&format!("user {user} "))).unwrap();
    line.split_whitespace().map(str::to_owned).collect()
}

/// The commands that a file names, with the subcommand where there is one.
fn commands_in(text: &str, known: &BTreeSet<String>) -> BTreeSet<String> {
    let words: Vec<&str> = text.split(['\'', '"']).collect();
    let mut found = BTreeSet::new();
    for (at, word) in words.iter().enumerate() {
        let is_upper = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase());
        let command = word.to_lowercase();
        let after = words.get(at + 2).copied().unwrap_or_default().to_lowercase();
        let with_sub = format!("{command}|{after}");
        if is_upper && known.contains(&with_sub) {
            found.insert(with_sub);
        } else if is_upper && known.contains(&command) {
            found.insert(command);
        }
    }
    found
}

fn commands_below(folder: &Path, known: &BTreeSet<String>, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            commands_below(&path, known, found);
        } else {
            found.extend(commands_in(&std::fs::read_to_string(path).unwrap(), known));
        }
    }
}

#[test]
fn the_pipeline_may_run_the_commands_of_its_scripts_and_programs_and_no_others() {
    let redis = Redis::start();
    let mut admin = redis.admin();
    let mut list = |filter: &[&str]| -> BTreeSet<String> {
        redis::cmd("COMMAND").arg("LIST").arg(filter).query(&mut admin).unwrap()
    };
    // Containers of subcommands are listed, their subcommands only by a pattern.
    let known = &list(&[]) | &list(&["FILTERBY", "PATTERN", "*|*"]);
    // Sent by Spin's trigger, and by clients that look whether Redis is there.
    let mut needed = BTreeSet::from(["subscribe", "ping"].map(str::to_owned));
    commands_below(&repository().join("shared/queue/src"), &known, &mut needed);
    // It is the code of an error as well.
    needed.remove("readonly");
    for expected in ["evalsha", "hincrby", "info", "rename", "xread", "xgroup|create", "unlink"] {
        assert!(needed.contains(expected), "{expected} of {needed:?}");
    }
    let rights = rights_of("pipeline");
    let allowed: BTreeSet<String> =
        rights.iter().filter_map(|right| right.strip_prefix('+')).map(str::to_owned).collect();
    assert_eq!(allowed, needed);
    let keys = Keys::new(&settings());
    let channels: BTreeSet<&str> = STREAMS.into_iter().map(|stream| keys.channel(stream)).collect();
    let listed: BTreeSet<&str> =
        rights.iter().filter_map(|right| right.strip_prefix('&')).collect();
    assert_eq!(listed, channels);
    let patterns = rights.iter().filter(|right| right.starts_with(['~', '%'])).collect::<Vec<_>>();
    assert_eq!(patterns, ["~{orders}:*"]);
    assert!(rights.contains(&"-@all".to_owned()), "{rights:?}");
}

#[test]
fn the_rights_in_the_manifests_are_those_of_the_documentation() {
    let page = std::fs::read_to_string(repository().join("docs/security.md")).unwrap();
    let (_, rest) = page.split_once("ACL SETUSER pipeline ").unwrap();
    let documented: Vec<&str> = rest.split_once("```").unwrap().0.split_whitespace().collect();
    let rights = rights_of("pipeline");
    assert_eq!(rights[1], ">$PIPELINE_PASSWORD");
    let without_password = [&rights[..1], &rights[2..]].concat();
    assert_eq!(without_password, [&documented[..1], &documented[2..]].concat());
    let default = rights_of("default").join(" ");
    assert!(page.contains(&format!("ACL SETUSER default {default}\n")), "{default}");
}

/// The pipeline's user at work.
struct Worker {
    redis: RedisConnection,
    settings: Settings,
}

impl Worker {
    fn new(redis: &Redis) -> Self {
        let settings = Settings { batch_size: 2, claim_idle_ms: 1, bell_ms: 1, ..settings() };
        Self { redis: RedisConnection::open(&redis.url("pipeline-url")).unwrap(), settings }
    }

    fn queue(&mut self) -> Queue<'_, RedisConnection> {
        Queue::new(&mut self.redis, &self.settings)
    }

    fn enqueue(&mut self, orders: &[String]) {
        let ids: Vec<String> =
            orders.iter().map(|it| Order::identity(it.as_bytes()).unwrap().to_string()).collect();
        let orders: Vec<(&str, &[u8])> =
            ids.iter().zip(orders).map(|(id, it)| (id.as_str(), it.as_bytes())).collect();
        let written = self.queue().enqueue(&orders, 1_000, None).unwrap();
        assert!(matches!(written, Enqueued::Written { .. }), "{written:?}");
    }

    fn drain(&mut self, role: &impl Role) -> Tally {
        let (tally, result) = drain(&mut self.queue(), role, &mut || Duration::ZERO);
        result.unwrap();
        tally
    }

    /// A drain that is out of time after its first batch.
    fn drain_a_batch(&mut self, role: &impl Role) -> Tally {
        let (tally, result) = drain(&mut self.queue(), role, &mut || Duration::from_mins(1));
        result.unwrap();
        tally
    }

    fn send(&mut self, command: &[&str]) -> redis::Value {
        redis::cmd(command[0]).arg(&command[1..]).query(self.redis.inner()).unwrap()
    }
}

#[test]
fn every_script_runs_as_the_pipelines_user() {
    let redis = Redis::start();
    let mut admin = redis.admin();
    let mut worker = Worker::new(&redis);
    let keys = Keys::new(&worker.settings);
    for _ in 0..2 {
        worker.enqueue(&(1..=3).map(an_order).collect::<Vec<_>>());
        assert!(worker.drain_a_batch(&DISTRIBUTOR).out_of_time);
    }
    // A receiver dies with a batch, which is split.
    worker.drain(&RECEIVER);
    worker.enqueue(&[an_order(4), an_order(5)]);
    worker.drain(&DISTRIBUTOR);
    worker.send(&["XREADGROUP", "GROUP", GROUP, "dead", "STREAMS", keys.stream(SIMPLE), ">"]);
    let mut tally = worker.drain(&RECEIVER);
    while tally.split == 0 {
        tally = worker.drain(&RECEIVER);
    }
    worker.drain(&RECEIVER);
    assert_eq!(worker.queue().stats().unwrap().totals["confirmed_simple"], 5);

    for broken in ["broken", r#"{"orderId":6,"delivery":"Standard","items":[]}"#] {
        worker.send(&["XADD", keys.stream(STREAMS[0]), "*", "order", broken]);
    }
    for stream in STREAMS {
        let tick = worker.queue().tick(stream).unwrap();
        assert_eq!((tick.refused, tick.rung), (None, stream == STREAMS[0]), "{stream:?}");
    }
    assert_eq!(worker.drain(&DISTRIBUTOR).dead_lettered, 2);
    let letters = worker.queue().dead_letters(&Filter::default(), None, 10).unwrap().dead_letters;
    let letters: Vec<EntryId> =
        letters.iter().map(|letter| EntryId::parse(&letter.entry_id).unwrap()).collect();
    assert!(worker.queue().dead_letter(letters[0]).unwrap().is_some());
    assert!(matches!(worker.queue().redrive(letters[0]).unwrap(), Redrive::Redriven { .. }));
    assert!(worker.queue().discard(letters[1]).unwrap());

    worker.queue().pause(COMPLEX, "works").unwrap();
    assert!(worker.queue().tick(COMPLEX).unwrap().paused);
    assert_eq!(worker.queue().pause_of(COMPLEX).unwrap().unwrap().reason, "works");
    assert!(worker.queue().resume(COMPLEX).unwrap());
    let id = Order::identity(an_order(1).as_bytes()).unwrap().to_string();
    assert!(worker.queue().status(&id).unwrap().unwrap().result.is_some());
    assert!(worker.queue().recent(50).unwrap().len() > 5);
    assert!(worker.queue().counters().unwrap()["out_of_time:ingress"] > 0);
    assert_eq!(worker.queue().eviction_policy().as_deref(), Some("noeviction"));

    // Past retention, twice: the index is renamed, then dropped.
    worker.settings.retention_s = 0;
    for _ in 0..2 {
        let tick = worker.queue().tick(SIMPLE).unwrap();
        assert_eq!(tick.refused, None);
    }
    assert_eq!(worker.queue().stats().unwrap().results, 0);
    assert!(worker.queue().status(&id).unwrap().is_none());
    let bells: Vec<&str> = STREAMS.into_iter().map(|stream| keys.channel(stream)).collect();
    worker.send(&[&["SUBSCRIBE"], &bells[..1]].concat());

    // Each script was sent once, so each has run. Refusals that scripts ignore are logged as well.
    let scripts = std::fs::read_dir(repository().join(SCRIPTS)).unwrap();
    let is_script = |path: PathBuf| path.extension().is_some_and(|ending| ending == "lua");
    let scripts = scripts.filter(|entry| is_script(entry.as_ref().unwrap().path())).count();
    let info: redis::InfoDict = redis::cmd("INFO").arg("commandstats").query(&mut admin).unwrap();
    let sent: String = info.get("cmdstat_eval").unwrap();
    assert!(sent.starts_with(&format!("calls={scripts},")), "{scripts} scripts: {sent}");
    let log: Vec<redis::Value> = redis::cmd("ACL").arg("LOG").query(&mut admin).unwrap();
    // Clients try to set their name, and continue without it.
    let refused = log.iter().map(|entry| format!("{entry:?}"));
    let refused: Vec<_> = refused.filter(|it| !it.contains("client|setinfo")).collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn the_pipelines_user_reaches_no_other_key_channel_or_command() {
    let redis = Redis::start();
    let mut pipeline = redis.connection("pipeline-url");
    for refused in [
        &["XLEN", "other"][..],
        &["EVAL", "return redis.call('DEL', 'other')", "0"],
        &["PUBLISH", "orders.other", ""],
        &["FLUSHALL"],
        &["KEYS", "*"],
        &["CONFIG", "GET", "*"],
        &["ACL", "LIST"],
        &["SCRIPT", "FLUSH"],
        &["XGROUP", "DESTROY", "{orders}:ingress", "workers"],
    ] {
        let error = redis::cmd(refused[0]).arg(&refused[1..]).exec(&mut pipeline).unwrap_err();
        let text = error.to_string().to_lowercase();
        assert!(text.contains("perm") || text.contains("can't access"), "{refused:?}: {error}");
    }
}

#[test]
fn the_user_of_keda_and_the_probes_sees_lengths_and_nothing_else() {
    let redis = Redis::start();
    let password = &redis.secrets["redis"]["monitor-password"];
    let url = format!("redis://monitor:{password}@127.0.0.1:{}", redis.port);
    let mut monitor = redis::Client::open(url).unwrap().get_connection().unwrap();
    let _: String = redis::cmd("PING").query(&mut monitor).unwrap();
    let keys = Keys::new(&settings());
    for stream in STREAMS {
        // Streams exist from the first order on. KEDA scales nothing until then.
        let length: u64 = redis::cmd("XLEN").arg(keys.stream(stream)).query(&mut monitor).unwrap();
        assert_eq!(length, 0, "{stream:?}");
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

/// Every key with what it holds; those that expire are left out.
fn everything(redis: &Redis) -> BTreeMap<String, String> {
    let mut admin = redis.admin();
    let mut ask = |words: &[&str]| -> redis::Value {
        redis::cmd(words[0]).arg(&words[1..]).query(&mut admin).unwrap()
    };
    let keys: Vec<String> = redis::from_redis_value(ask(&["KEYS", "*"])).unwrap();
    let mut found = BTreeMap::new();
    for key in keys {
        let kind: String = redis::from_redis_value(ask(&["TYPE", &key])).unwrap();
        let value = match kind.as_str() {
            "stream" => format!("{:?}", ask(&["XRANGE", &key, "-", "+"])),
            "hash" => {
                let fields = redis::from_redis_value(ask(&["HGETALL", &key])).unwrap();
                format!("{:?}", BTreeMap::<String, String>::from_iter::<Vec<_>>(fields))
            }
            _ => format!("{:?}", ask(&["GET", &key])),
        };
        if ask(&["PTTL", &key]) == redis::Value::Int(-1) {
            found.insert(key, value);
        }
    }
    found
}

#[test]
fn a_restart_of_redis_loses_nothing_that_was_acknowledged() {
    let mut redis = Redis::start();
    write_at_once(&redis);
    for (round, signal) in [(0, "-KILL"), (1, "-TERM")] {
        let mut worker = Worker::new(&redis);
        let number = |of: u32| 100 * round + of;
        worker.enqueue(&(number(1)..number(6)).map(an_order).collect::<Vec<_>>());
        worker.drain(&DISTRIBUTOR);
        worker.drain(&RECEIVER);
        worker.enqueue(&(number(6)..number(9)).map(an_order).collect::<Vec<_>>());
        worker.drain(&DISTRIBUTOR);
        worker.enqueue(&[an_order(number(9))]);
        worker.queue().pause(COMPLEX, "works").unwrap();
        let stats = worker.queue().stats().unwrap();
        assert_eq!(stats.results, u64::from(9 * round + 5));
        drop(worker);
        let before = everything(&redis);
        assert!(before.contains_key("{orders}:index"), "{:?}", before.keys());

        redis.restart(signal);
        let after = everything(&redis);
        assert_eq!(before, after, "{signal}");
        let mut stats_after = Worker::new(&redis).queue().stats().unwrap();
        for (name, stream) in &mut stats_after.streams {
            stream.oldest_ms = stats.streams[name].oldest_ms;
        }
        assert_eq!(stats, stats_after, "{signal}");
        // The next round begins without the orders of this one.
        let mut worker = Worker::new(&redis);
        assert!(worker.queue().resume(COMPLEX).unwrap());
        worker.drain(&DISTRIBUTOR);
        worker.drain(&RECEIVER);
        assert_eq!(worker.queue().stats().unwrap().results, u64::from(9 * round + 9), "{signal}");
    }
}

/// With `everysec`, Redis puts a write to the file off while the disk is busy.
fn write_at_once(redis: &Redis) {
    let always = ["SET", "appendfsync", "always"];
    redis::cmd("CONFIG").arg(&always).exec(&mut redis.admin()).unwrap();
}

/// `kill -9` can cut the file anywhere in its last transaction.
#[test]
fn a_torn_append_only_file_is_repaired_before_redis_starts() {
    let mut redis = Redis::start();
    write_at_once(&redis);
    let mut worker = Worker::new(&redis);
    // A bell that expires is one more entry of the file.
    worker.settings.bell_ms = 60_000;
    worker.enqueue(&[an_order(1)]);
    worker.drain(&DISTRIBUTOR);
    let whole = std::fs::read(redis.appended()).unwrap().len();
    let before = everything(&redis);
    worker.enqueue(&[an_order(2)]);
    drop(worker);
    redis.stop("-KILL");
    let torn = std::fs::read(redis.appended()).unwrap();
    assert!(torn.ends_with(b"EXEC\r\n"));
    let last = torn.len() - whole;
    for cut in (1..40).chain((40..last).step_by(31)) {
        std::fs::write(redis.appended(), &torn[..torn.len() - cut]).unwrap();
        let (is_done, said) = redis.repair();
        assert!(is_done, "{cut}: {said}");
        assert_eq!(std::fs::read(redis.appended()).unwrap().len(), whole, "{cut}: {said}");
    }
    for _ in 0..2 {
        redis.start_again();
        assert_eq!(everything(&redis), before);
        redis.stop("-KILL");
    }
}

#[test]
fn damage_inside_the_append_only_file_is_left_to_an_operator() {
    let mut redis = Redis::start();
    write_at_once(&redis);
    let mut worker = Worker::new(&redis);
    for number in 1..4 {
        worker.enqueue(&[an_order(number)]);
    }
    drop(worker);
    redis.stop("-KILL");
    let mut file = std::fs::read(redis.appended()).unwrap();
    let at = file.windows(4).position(|word| word == b"XADD").unwrap();
    file[at - 3] = b'9';
    std::fs::write(redis.appended(), &file).unwrap();
    let (is_done, said) = redis.repair();
    assert!(is_done && said.contains("is not valid"), "{said}");
    assert_eq!(std::fs::read(redis.appended()).unwrap(), file);
}
