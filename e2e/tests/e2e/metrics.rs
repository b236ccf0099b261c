//! `GET /metrics`: Prometheus can read it, and its numbers add up to the sent orders even after
//! crashes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use private_redis::RedisServer;
use redis::Commands;

use e2e::{Setup, TestApp, an_order, repository};

/// Debian's promtool, which `cargo xtask test` gets; one on the PATH is as good.
fn promtool() -> Command {
    let own = repository().join("target/promtool/usr/bin/promtool");
    Command::new(if own.exists() { own } else { PathBuf::from("promtool") })
}

/// A page taken apart: types by family, values by name with labels.
struct Page {
    types: BTreeMap<String, String>,
    values: BTreeMap<String, f64>,
}

/// A name with its labels sorted.
fn canonical(name: &str) -> String {
    let Some((name, labels)) = name.split_once('{') else { return name.to_owned() };
    let mut labels: Vec<&str> = labels.trim_end_matches('}').split(',').collect();
    labels.sort_unstable();
    format!("{name}{{{}}}", labels.join(","))
}

impl Page {
    fn read(text: &str) -> Self {
        let mut page = Self { types: BTreeMap::new(), values: BTreeMap::new() };
        for line in text.lines() {
            if let Some(words) = line.strip_prefix("# TYPE ") {
                let (name, kind) = words.split_once(' ').unwrap();
                assert!(
                    page.types.insert(name.into(), kind.into()).is_none(),
                    "{name} is there twice"
                );
            } else if !line.starts_with('#') {
                let (name, value) = line.rsplit_once(' ').unwrap();
                let value: f64 = value.parse().unwrap();
                assert!(value >= 0.0, "{line}");
                assert!(
                    page.values.insert(canonical(name), value).is_none(),
                    "{name} is there twice"
                );
            }
        }
        page
    }

    fn of(app: &TestApp) -> Self {
        let answer = app.get("/metrics");
        assert_eq!(answer.status, 200);
        let content_type = answer.header("content-type").unwrap();
        assert!(content_type.starts_with("text/plain; version=0.0.4"), "{content_type}");
        Self::read(answer.body.as_str().unwrap())
    }

    fn get(&self, name: &str) -> f64 {
        *self.values.get(&canonical(name)).unwrap_or_else(|| panic!("there is no {name}"))
    }

    /// The sum over all labels.
    fn sum(&self, name: &str) -> f64 {
        let of_it = |(found, _): &(&String, &f64)| found.split('{').next() == Some(name);
        self.values.iter().filter(of_it).map(|(_, value)| value).sum()
    }

    /// The upper bounds and counts of a histogram, in the order of the bounds.
    fn buckets(&self, name: &str, label: &str) -> Vec<(f64, f64)> {
        let prefix = format!("{name}_bucket{{");
        let of_it = self.values.iter().filter_map(|(found, count)| {
            let labels = found.strip_prefix(&prefix)?.strip_suffix('}')?;
            let (bounds, others): (Vec<_>, Vec<_>) =
                labels.split(',').partition(|found| found.starts_with("le="));
            let bound = bounds.first()?.trim_start_matches("le=").trim_matches('"');
            (others == [label]).then(|| (bound.replace('+', "").parse().unwrap(), *count))
        });
        let mut buckets: Vec<(f64, f64)> = of_it.collect();
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        buckets
    }
}

/// Buckets rise, the last is the count, and the sum fits what the buckets say.
fn assert_histogram(page: &Page, name: &str, label: &str) {
    let buckets = page.buckets(name, label);
    let count = page.get(&format!("{name}_count{{{label}}}"));
    let sum = page.get(&format!("{name}_sum{{{label}}}"));
    assert!(buckets.is_sorted_by(|a, b| a.1 <= b.1), "{name} {label}: {buckets:?}");
    assert_eq!(buckets.last(), Some(&(f64::INFINITY, count)), "{name} {label}");
    let (mut least, mut most, mut below) = (0.0, 0.0, (0.0, 0.0));
    for (bound, cumulative) in buckets {
        let alone = cumulative - below.1;
        least += alone * below.0;
        // A value of 0 is in the first bucket; an empty one without a bound must not make a NaN.
        most += if alone > 0.0 { alone * bound } else { 0.0 };
        below = (bound, cumulative);
    }
    assert!(least <= sum && sum <= most, "{name} {label}: {least} to {most}, found {sum}");
}

#[test]
fn the_numbers_of_a_burst_add_up_to_its_orders_although_the_app_died_in_its_midst() {
    const ORDERS: u32 = 3_000;
    let variables = [("claim_idle_ms", "500"), ("bell_ms", "100"), ("batch_size", "50")];
    let mut first = TestApp::start_with(&variables);
    let mut redis = first.redis();
    let keys = first.keys();
    for number in 1..=ORDERS {
        let order = an_order(number);
        let order = if number % 100 == 0 { order.replace("Standard", "Soon") } else { order };
        let _: String = redis
            .inner()
            .xadd(keys.stream(queue::Stream::Ingress), "*", &[("order", &order)])
            .unwrap();
    }
    assert_eq!(first.get("/distributor/tick").status, 200);
    first.poll_until("some are confirmed", |_| {
        let confirmed: Option<u64> = redis.inner().hget(keys.totals(), "confirmed_simple").unwrap();
        confirmed.filter(|count| *count > 0)
    });
    first.kill();

    let url = first.server.url();
    let setup = Setup { variables: &variables, redis_url: Some(&url), ..Setup::default() };
    let mut app = TestApp::listen_on(RedisServer::start().unwrap(), &setup);
    let broken = f64::from(ORDERS / 100);
    let good = f64::from(ORDERS) - broken;
    let page = app.poll_until("every order is accounted for", |app| {
        // It ticks; /metrics does not.
        app.get("/stats");
        let page = Page::of(app);
        (page.sum("orders_confirmed_total") + page.sum("orders_dead_lettered_total")
            >= f64::from(ORDERS))
        .then_some(page)
    });
    let ingress = "stream=\"ingress\"";
    for (name, expected) in [
        ("orders_stream_added_total{stream=\"ingress\"}", f64::from(ORDERS)),
        ("orders_routed_total{lane=\"simple\"}", good),
        ("orders_confirmed_total{lane=\"simple\"}", good),
        ("orders_end_to_end_seconds_count{lane=\"simple\"}", good),
        ("orders_wait_seconds_count{stream=\"simple\"}", good),
        ("orders_wait_seconds_count{stream=\"ingress\"}", f64::from(ORDERS)),
        ("orders_applied_total{stream=\"ingress\",consumer=\"spin\"}", f64::from(ORDERS)),
        ("orders_dead_lettered_total{stream=\"ingress\",code=\"unknown_value\"}", broken),
        ("orders_dead_letters", broken),
        ("orders_duplicates_total", 0.0),
        ("orders_vanished_total{stream=\"ingress\"}", 0.0),
        ("orders_stream_entries{stream=\"ingress\",state=\"waiting\"}", 0.0),
        ("orders_stream_entries{stream=\"simple\",state=\"pending\"}", 0.0),
    ] {
        assert_eq!(page.get(name), expected, "{name}");
    }
    for stream in ["ingress", "simple"] {
        let label = format!("stream=\"{stream}\"");
        assert_histogram(&page, "orders_wait_seconds", &label);
        assert_histogram(&page, "orders_batch_entries", &label);
        let superseded = page.get(&format!("orders_superseded_total{{{label}}}"));
        let committed = page.get(&format!("orders_batch_entries_sum{{{label}}}"));
        assert_eq!(
            committed,
            page.get(&format!("orders_wait_seconds_count{{{label}}}")) + superseded
        );
        assert!(page.get(&format!("orders_drains_total{{{label}}}")) >= 1.0);
    }
    assert_histogram(&page, "orders_end_to_end_seconds", "lane=\"simple\"");
    // An order is in its lane before it is confirmed, and in ingress before that.
    let (end_to_end, lane) = (
        "orders_end_to_end_seconds_sum{lane=\"simple\"}",
        "orders_wait_seconds_sum{stream=\"simple\"}",
    );
    assert!(page.get(end_to_end) >= page.get(lane));
    assert_eq!(page.buckets("orders_batch_entries", ingress).len(), 11);
}

#[test]
fn promtool_finds_nothing_to_blame() {
    let mut app = TestApp::start();
    assert_eq!(app.post("/orders", an_order(1)).status, 202);
    app.post_as("/orders", "application/json", "{}");
    app.xadd("{}");
    app.poll_until("both are done", |app| {
        app.get("/stats");
        let page = Page::of(app);
        (page.sum("orders_confirmed_total") + page.sum("orders_dead_lettered_total") == 2.0)
            .then_some(())
    });
    let text = app.get("/metrics").body;
    let mut tool = promtool()
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is there: `cargo xtask test` gets it");
    tool.stdin.take().unwrap().write_all(text.as_str().unwrap().as_bytes()).unwrap();
    let output = tool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success() && said.is_empty(), "{}", String::from_utf8_lossy(&said));
}

#[test]
fn the_table_in_the_docs_is_that_of_the_page() {
    let app = TestApp::start();
    let page = Page::of(&app);
    let docs = std::fs::read_to_string(repository().join("docs/operate.md")).unwrap();
    let rows: Vec<Vec<&str>> = docs
        .lines()
        .filter(|line| line.starts_with("| `orders_"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let documented: BTreeSet<(String, String)> =
        rows.iter().map(|row| (row[0].trim_matches('`').to_owned(), row[1].to_owned())).collect();
    assert_eq!(documented.len(), rows.len(), "no metric is there twice");
    let served: BTreeSet<(String, String)> = page.types.clone().into_iter().collect();
    assert_eq!(documented, served);
}

#[test]
fn a_scrape_rings_no_bell_and_reads_what_it_is_asked_for_only() {
    let app = TestApp::start();
    // An entry without a ring: a tick would start a drain.
    app.xadd("broken");
    for _ in 0..5 {
        let page = Page::of(&app);
        assert_eq!(page.get("orders_stream_entries{stream=\"ingress\",state=\"waiting\"}"), 1.0);
    }
    let rung: bool = app.redis().inner().exists(app.keys().bell(queue::Stream::Ingress)).unwrap();
    assert!(!rung);
    assert_eq!(app.post("/metrics", "").outcome(), (405, "method_not_allowed"));
}
