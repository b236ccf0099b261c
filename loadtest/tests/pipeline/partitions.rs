//! A queue over several servers: one API in front of all, workers of their own behind each.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use conventional::connection::RedisConnection;
use loadtest::app::App;
use private_redis::{AppendFsync, Options, RedisServer};
use redis::Commands;
use redis::streams::StreamRangeReply;
use serde_json::Value;
use shared::complexity::Assessment;
use shared::confirmation::confirm;
use shared::order::Order;
use shared::queue::{Keys, QueueName, partition_of};
use shared::settings::DEFAULT_COMPLEXITY_THRESHOLD;
use uuid::Uuid;

use crate::support::{PATIENCE, Setup, TestApp, an_order, binary, repository};

/// The workers of one partition as a process of their own, which ends with its server as Spin does, and is started again then.
struct Workers {
    url: String,
    queue: String,
    app: App,
    restarts: u32,
}

impl Workers {
    fn start(url: &str, partition: usize) -> Self {
        let queue = QueueName::default().of_partition(partition).to_string();
        let mut app = Self::spawn(url, &queue);
        app.wait_until_ready(PATIENCE).expect("the workers start");
        Self { url: url.to_owned(), queue, app, restarts: 0 }
    }

    fn spawn(url: &str, queue: &str) -> App {
        let mut command = Command::new(binary("local-runtime"));
        command
            .args(["up", "--listen", "127.0.0.1:0", "-f", "spin.toml", "--no-reconnect"])
            .args(["-c", "distributor", "-c", "receiver-simple", "-c", "receiver-complex"])
            .current_dir(repository())
            .env("SPIN_VARIABLE_REDIS_URL", url)
            .env("SPIN_VARIABLE_QUEUE", queue)
            .env("SPIN_VARIABLE_CLAIM_IDLE_MS", "500")
            .stdin(Stdio::null());
        App::start(command).expect("local-runtime is built: `cargo xtask test` does it")
    }

    /// Starts it again if it has ended, as a cluster does.
    fn revive(&mut self) {
        if self.app.check().is_err() {
            self.app = Self::spawn(&self.url, &self.queue);
            self.restarts += 1;
        }
    }
}

fn id_of(number: u32) -> Uuid {
    Order::identity(an_order(number).as_bytes()).unwrap()
}

/// What became of orders that were sent through the API in one request.
fn post(api: &TestApp, numbers: &[u32]) -> (u16, BTreeSet<u32>) {
    let lines: Vec<String> = numbers.iter().map(|number| an_order(*number)).collect();
    let answer = api.post_as("/orders", "application/x-ndjson", lines.join("\n"));
    let mut unwritten = BTreeSet::new();
    for order in answer.body["unwritten"].as_array().into_iter().flatten() {
        let number = numbers[order["index"].as_u64().unwrap() as usize];
        assert_eq!(order["id"], id_of(number).to_string());
        assert_eq!(order["code"], "queue_unavailable");
        unwritten.insert(number);
    }
    if answer.status == 202 {
        assert_eq!(answer.body["accepted"], numbers.len() - unwritten.len());
        let ids: Vec<String> = numbers
            .iter()
            .filter(|number| !unwritten.contains(number))
            .map(|number| id_of(*number).to_string())
            .collect();
        assert_eq!(answer.body["ids"], serde_json::json!(ids));
    }
    (answer.status, unwritten)
}

/// How many orders each partition has confirmed; `None` for one that does not answer.
fn confirmed(stats: &Value) -> Vec<Option<u64>> {
    let count = |partition: &Value| {
        assert_eq!(
            partition.get("code").is_some(),
            partition.get("totals").is_none(),
            "{partition}"
        );
        let totals = partition.get("totals")?;
        let of = |lane: &str| totals[format!("confirmed_{lane}")].as_u64().unwrap_or(0);
        Some(of("simple") + of("complex"))
    };
    stats["partitions"].as_array().unwrap().iter().map(count).collect()
}

/// Every order must be confirmed once, in its partition, with the bytes that are made natively.
fn assert_confirmed_once(urls: &[String], numbers: impl Iterator<Item = u32>) {
    let mut expected = vec![BTreeMap::new(); urls.len()];
    for number in numbers {
        expected[partition_of(id_of(number), urls.len())].insert(id_of(number).to_string(), number);
    }
    for (partition, url) in urls.iter().enumerate() {
        let keys = Keys::new(QueueName::default().of_partition(partition));
        let mut redis = RedisConnection::open(url).unwrap();
        let found: StreamRangeReply = redis.inner().xrange_all(keys.confirmations()).unwrap();
        let mut seen = BTreeSet::new();
        for entry in &found.ids {
            let id: String = entry.get("order_id").unwrap();
            let number = expected[partition]
                .get(&id)
                .unwrap_or_else(|| panic!("{id} is not of {partition}"));
            let ingress: String =
                redis.inner().hget(keys.state(Uuid::try_parse(&id).unwrap()), "ingress").unwrap();
            let queued_at_ms: i64 = ingress.split_once('-').unwrap().0.parse().unwrap();
            let json = an_order(*number);
            let order = Order::parse(json.as_bytes()).unwrap();
            let lane = Assessment::of(&order).lane(DEFAULT_COMPLEXITY_THRESHOLD);
            let native = confirm(&order, lane, queued_at_ms).to_json();
            assert_eq!(entry.get::<Vec<u8>>("confirmation").unwrap(), native);
            assert!(seen.insert(id.clone()), "{id} is confirmed twice");
        }
        assert_eq!(
            seen.len(),
            expected[partition].len(),
            "partition {partition} has confirmed all of its own"
        );
    }
}

#[test]
fn while_one_of_three_servers_is_away_the_orders_of_the_others_flow_on() {
    const AWAY: usize = 1;
    let options = Options { append_fsync: AppendFsync::Always, ..Options::default() };
    let mut servers: Vec<RedisServer> =
        (0..3).map(|_| RedisServer::start_with(&options).unwrap()).collect();
    let urls: Vec<String> = servers.iter().map(RedisServer::url).collect();
    let variables = [
        ("partitions", "3"),
        ("redis_url_p1", urls[1].as_str()),
        ("redis_url_p2", urls[2].as_str()),
    ];
    let setup =
        Setup { variables: &variables, arguments: &["-c", "orders-api"], ..Setup::default() };
    let mut api = TestApp::listen_on(servers.remove(0), &setup);
    let mut workers: Vec<Workers> =
        urls.iter().enumerate().map(|(partition, url)| Workers::start(url, partition)).collect();
    assert_eq!(api.get("/healthz").body, serde_json::json!({ "status": "ok" }));

    let batches: Vec<Vec<u32>> =
        (0..40).map(|batch| (batch * 50 + 1..=batch * 50 + 50).collect()).collect();
    let mut to_send_again = BTreeSet::new();
    for batch in &batches[..15] {
        assert_eq!(post(&api, batch), (202, BTreeSet::new()));
    }
    // In the middle: orders of this partition wait, are in flight and are confirmed.
    servers[AWAY - 1].kill().unwrap();
    for batch in &batches[15..] {
        let (status, unwritten) = post(&api, batch);
        let expected: BTreeSet<u32> = batch
            .iter()
            .copied()
            .filter(|number| partition_of(id_of(*number), 3) == AWAY)
            .collect();
        assert!((status, &unwritten) == (202, &expected), "{status} {unwritten:?}");
        to_send_again.extend(unwritten);
    }
    let all: Vec<u32> = batches.concat();
    let expected = |partition| {
        Some(all.iter().filter(|number| partition_of(id_of(**number), 3) == partition).count()
            as u64)
    };
    api.poll_until("the other partitions have confirmed all of theirs", |api| {
        let stats = api.get("/stats");
        assert_eq!(stats.status, 200);
        assert_eq!(stats.body["partitions"][AWAY]["code"], "queue_unavailable");
        assert_eq!(stats.body["partitions"][AWAY]["queue"], "orders-1");
        (confirmed(&stats.body) == [expected(0), None, expected(2)]).then_some(())
    });
    assert_eq!(
        api.get("/healthz").body,
        serde_json::json!({ "status": "degraded", "unavailable": [AWAY] })
    );
    assert_eq!(api.get("/control/simple").body["paused"], false);
    // Whoever pauses has to know that it holds everywhere.
    let pause = r#"{"paused": true, "reason": "maintenance"}"#;
    assert_eq!(api.put_bytes("/control/complex", pause).outcome(), (503, "queue_unavailable"));
    assert_eq!(api.get("/control/complex").body["paused"], true);
    assert_eq!(
        api.put_bytes("/control/complex", r#"{"paused": false}"#).outcome(),
        (503, "queue_unavailable")
    );
    assert_eq!(api.get("/control/complex").body["paused"], false);
    let (lost, kept) =
        (*to_send_again.first().unwrap(), all.iter().find(|n| expected_in(**n, 0)).unwrap());
    assert_eq!(api.post("/orders", an_order(lost)).outcome(), (503, "queue_unavailable"));
    assert_eq!(api.get(&format!("/orders/{}", id_of(lost))).outcome(), (503, "queue_unavailable"));
    assert_eq!(api.get(&format!("/orders/{}", id_of(*kept))).body["state"], "confirmed");
    let deadline = Instant::now() + PATIENCE;
    while workers[AWAY].app.check().is_ok() {
        assert!(Instant::now() < deadline, "the workers of the killed server end with it");
        std::thread::sleep(Duration::from_millis(10));
    }

    servers[AWAY - 1].restart(&options).unwrap();
    let again: Vec<u32> = to_send_again.into_iter().collect();
    assert_eq!(post(&api, &again), (202, BTreeSet::new()));
    api.poll_until("all partitions have confirmed all of theirs", |api| {
        workers.iter_mut().for_each(Workers::revive);
        (confirmed(&api.get("/stats").body) == [expected(0), expected(1), expected(2)])
            .then_some(())
    });
    assert!(workers[AWAY].restarts > 0);
    assert_eq!((workers[0].restarts, workers[2].restarts), (0, 0), "the others' workers ran on");
    assert_confirmed_once(&urls, all.into_iter());
}

fn expected_in(number: u32, partition: usize) -> bool {
    partition_of(id_of(number), 3) == partition
}

#[test]
fn partitions_on_one_server_are_told_apart_by_the_queues_name_and_so_are_their_dead_letters() {
    let server = RedisServer::start().unwrap();
    let url = server.url();
    let variables = [("partitions", "2"), ("redis_url_p1", url.as_str())];
    let setup =
        Setup { variables: &variables, arguments: &["-c", "orders-api"], ..Setup::default() };
    let mut api = TestApp::listen_on(server, &setup);
    let _workers: Vec<Workers> = (0..2).map(|partition| Workers::start(&url, partition)).collect();
    let numbers: Vec<u32> = (1..=20).collect();
    assert_eq!(post(&api, &numbers), (202, BTreeSet::new()));
    // Broken ones are added by a producer that knows the rule, two to each partition.
    let broken: Vec<String> =
        numbers.iter().map(|n| an_order(n + 100).replace("Standard", "Soon")).collect();
    let mut redis = api.redis();
    for partition in 0..2 {
        let own = broken.iter().filter(|order| {
            partition_of(Order::identity(order.as_bytes()).unwrap(), 2) == partition
        });
        let keys = Keys::new(QueueName::default().of_partition(partition));
        for order in own.take(2) {
            let ingress = keys.stream(shared::queue::Stream::Ingress);
            let _: String = redis.inner().xadd(ingress, "*", &[("order", order)]).unwrap();
        }
    }
    api.poll_until("all are confirmed or dead-lettered", |api| {
        let stats = api.get("/stats").body;
        let done: u64 = confirmed(&stats).into_iter().flatten().sum();
        (done == 20 && stats["deadLetters"] == 4).then_some(())
    });
    assert_confirmed_once(&[url.clone(), url], numbers.into_iter());

    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("/dead-letters?limit=1&cursor={cursor}"));
        assert_eq!(page.status, 200);
        let letters = page.body["deadLetters"].as_array().unwrap();
        ids.extend(letters.iter().map(|letter| letter["id"].as_str().unwrap().to_owned()));
        match page.body["next"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    let in_second = ids.iter().filter(|id| id.starts_with("p1.")).count();
    assert_eq!((ids.len(), in_second), (4, 2), "{ids:?}");
    for id in &ids {
        let letter = api.get(&format!("/dead-letters/{id}")).body;
        assert_eq!(
            (&letter["id"], &letter["code"]),
            (&Value::from(id.as_str()), &"unknown_value".into())
        );
        let order = letter["orderId"].as_str().unwrap();
        assert_eq!(api.get(&format!("/orders/{order}")).body["deadLetter"], id.as_str());
        assert_eq!(api.delete(&format!("/dead-letters/{id}")).status, 200);
        assert_eq!(
            api.delete(&format!("/dead-letters/{id}")).outcome(),
            (404, "dead_letter_not_found")
        );
    }
    for wrong in ["p2.1-0", "p0.1-0", "p1.", "p1"] {
        assert_eq!(
            api.get(&format!("/dead-letters/{wrong}")).outcome(),
            (400, "invalid_id"),
            "{wrong}"
        );
        let list = api.get(&format!("/dead-letters?cursor={wrong}"));
        assert_eq!(list.outcome(), (400, "invalid_query"), "{wrong}");
    }
}

#[test]
fn a_full_partition_refuses_its_own_orders_and_no_others() {
    let server = RedisServer::start().unwrap();
    let url = server.url();
    let variables = [("partitions", "2"), ("redis_url_p1", url.as_str()), ("max_backlog", "3")];
    let setup =
        Setup { variables: &variables, arguments: &["-c", "orders-api"], ..Setup::default() };
    let api = TestApp::listen_on(server, &setup);
    let of = |partition: usize| -> Vec<String> {
        let own = (1..100).filter(|number| partition_of(id_of(*number), 2) == partition);
        own.take(4).map(an_order).collect()
    };
    let (first, second) = (of(0), of(1));
    assert_eq!(api.post_as("/orders", "application/x-ndjson", first[..3].join("\n")).status, 202);
    let both = [first[3].clone(), "{}".into(), second[0].clone()].join("\n");
    let answer = api.post_as("/orders", "application/x-ndjson", both);
    assert_eq!(
        (answer.status, &answer.body["accepted"], &answer.body["refused"]),
        (202, &1.into(), &1.into())
    );
    assert_eq!(answer.body["errors"][0]["index"], 1);
    let unwritten = answer.body["unwritten"].as_array().unwrap();
    assert_eq!(unwritten.len(), 1);
    assert_eq!(
        (&unwritten[0]["index"], &unwritten[0]["code"]),
        (&0.into(), &"backlog_full".into())
    );
    assert_eq!(answer.header("location"), None, "the answer is not about one order");
    assert_eq!(api.post("/orders", &first[3]).outcome(), (429, "backlog_full"));
}

#[test]
fn an_api_that_is_not_told_where_a_partition_is_takes_nothing_in_and_says_so() {
    let mut api = TestApp::listen_with(&[("partitions", "2")]);
    for answer in [api.post("/orders", an_order(1)), api.get("/stats"), api.get("/healthz")] {
        assert_eq!(answer.outcome(), (500, "misconfigured"));
    }
    api.poll_until("the log names the variable", |api| {
        api.said().contains("variable redis_url_p1: expected the address of a server").then_some(())
    });
}
