//! `GET /metrics`: its numbers add up to the sent orders even after crashes.

use std::collections::BTreeMap;

use private_redis::RedisServer;
use redis::Commands;

use e2e::{Setup, TestApp, an_order};

/// The values of a page by name with labels.
struct Page(BTreeMap<String, f64>);

/// A name with its labels sorted.
fn canonical(name: &str) -> String {
    let Some((name, labels)) = name.split_once('{') else { return name.to_owned() };
    let mut labels: Vec<&str> = labels.trim_end_matches('}').split(',').collect();
    labels.sort_unstable();
    format!("{name}{{{}}}", labels.join(","))
}

impl Page {
    fn read(text: &str) -> Self {
        let mut values = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            let value: f64 = value.parse().unwrap();
            assert!(value >= 0.0, "{line}");
            assert!(values.insert(canonical(name), value).is_none(), "{name} is there twice");
        }
        Self(values)
    }

    fn of(app: &TestApp) -> Self {
        let answer = app.get("/metrics");
        assert_eq!(answer.status, 200);
        let content_type = answer.header("content-type").unwrap();
        assert!(content_type.starts_with("text/plain; version=0.0.4"), "{content_type}");
        Self::read(answer.body.as_str().unwrap())
    }

    fn get(&self, name: &str) -> f64 {
        *self.0.get(&canonical(name)).unwrap_or_else(|| panic!("there is no {name}"))
    }

    /// The sum over all labels.
    fn sum(&self, name: &str) -> f64 {
        let of_it = |(found, _): &(&String, &f64)| found.split('{').next() == Some(name);
        self.0.iter().filter(of_it).map(|(_, value)| value).sum()
    }

    /// The upper bounds and counts of a histogram, in the order of the bounds.
    fn buckets(&self, name: &str, label: &str) -> Vec<(f64, f64)> {
        let prefix = format!("{name}_bucket{{");
        let of_it = self.0.iter().filter_map(|(found, count)| {
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
    let variables = [("claim_idle_ms", "2000"), ("bell_ms", "100"), ("batch_size", "50")];
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
        assert_histogram(&page, "orders_batch_size", &label);
        let committed = page.get(&format!("orders_batch_size_sum{{{label}}}"));
        assert_eq!(committed, page.get(&format!("orders_wait_seconds_count{{{label}}}")));
        assert!(page.get(&format!("orders_drains_total{{{label}}}")) >= 1.0);
    }
    assert_histogram(&page, "orders_end_to_end_seconds", "lane=\"simple\"");
    // An order is in its lane before it is confirmed, and in ingress before that.
    let (end_to_end, lane) = (
        "orders_end_to_end_seconds_sum{lane=\"simple\"}",
        "orders_wait_seconds_sum{stream=\"simple\"}",
    );
    assert!(page.get(end_to_end) >= page.get(lane));
    assert_eq!(page.buckets("orders_batch_size", ingress).len(), 11);
}
