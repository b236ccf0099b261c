//! What is measured, as a page that Prometheus reads: names, types, labels, and where each number comes from.
//!
//! Every number is kept in Redis, so it does not matter which instance answers, and none is lost with an instance. Names follow
//! Prometheus's conventions: base units, `_total` for counters. `docs/observability.md` has the same table; a test compares them.

mod text;

use std::collections::BTreeMap;

pub use text::Kind;
use text::Page;

use crate::queue::{BATCH_BOUNDS, Lane, Measures, Stream, WAIT_BOUNDS_MS};

/// The media type of [`render`]'s text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// One metric.
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// What it says.
    pub help: &'static str,
    /// Its labels.
    pub labels: &'static [&'static str],
    write: fn(&mut Page, &Family, &Measures),
}

/// All metrics, in the order of the page.
pub const FAMILIES: &[Family] = &[
    Family {
        name: "orders_stream_entries",
        kind: Kind::Gauge,
        help: "Entries in a stream: waiting, or pending with a drain that has claimed them.",
        labels: &["stream", "state"],
        write: entries,
    },
    Family {
        name: "orders_stream_oldest_age_seconds",
        kind: Kind::Gauge,
        help: "Age of the oldest entry in a stream, 0 when it is empty.",
        labels: &["stream"],
        write: oldest,
    },
    Family {
        name: "orders_stream_paused",
        kind: Kind::Gauge,
        help: "1 while a stream is paused, 0 otherwise.",
        labels: &["stream"],
        write: |page, family, measures| {
            for (stream, stats) in &measures.stats.streams {
                page.sample(family.name, &[("stream", stream)], u8::from(stats.paused.is_some()));
            }
        },
    },
    Family {
        name: "orders_stream_added_total",
        kind: Kind::Counter,
        help: "Entries added to a stream by anybody; in ingress these are the orders that arrived.",
        labels: &["stream"],
        write: |page, family, measures| {
            for (stream, stats) in &measures.stats.streams {
                page.sample(family.name, &[("stream", stream)], stats.added);
            }
        },
    },
    Family {
        name: "orders_applied_total",
        kind: Kind::Counter,
        help: "Entries taken out of a stream, by the program that did it.",
        labels: &["stream", "consumer"],
        write: |page, family, measures| {
            for (stream, shares) in measures.stats.shares() {
                for (consumer, count) in shares {
                    page.sample(family.name, &[("stream", stream), ("consumer", consumer)], count);
                }
            }
        },
    },
    Family {
        name: "orders_routed_total",
        kind: Kind::Counter,
        help: "Orders put into a lane.",
        labels: &["lane"],
        write: |page, family, measures| of_lanes(page, family, measures, "routed"),
    },
    Family {
        name: "orders_confirmed_total",
        kind: Kind::Counter,
        help: "Orders confirmed.",
        labels: &["lane"],
        write: |page, family, measures| of_lanes(page, family, measures, "confirmed"),
    },
    Family {
        name: "orders_dead_lettered_total",
        kind: Kind::Counter,
        help: "Entries set aside, by the stream they failed in and the reason.",
        labels: &["stream", "code"],
        write: dead_lettered,
    },
    Family {
        name: "orders_duplicates_total",
        kind: Kind::Counter,
        help: "Copies of orders that were dropped because the order had been routed before.",
        labels: &[],
        write: |page, family, measures| total(page, family, measures, "duplicates"),
    },
    Family {
        name: "orders_redriven_total",
        kind: Kind::Counter,
        help: "Dead letters put back to the stream they had failed in.",
        labels: &[],
        write: |page, family, measures| total(page, family, measures, "redriven"),
    },
    Family {
        name: "orders_discarded_total",
        kind: Kind::Counter,
        help: "Dead letters thrown away.",
        labels: &[],
        write: |page, family, measures| total(page, family, measures, "discarded"),
    },
    Family {
        name: "orders_redelivered_total",
        kind: Kind::Counter,
        help: "Deliveries of an entry after its first: a drain had died with it, or was too slow.",
        labels: &["stream"],
        write: |page, family, measures| of_streams(page, family, measures, "redelivered"),
    },
    Family {
        name: "orders_lapsed_total",
        kind: Kind::Counter,
        help: "Outcomes that were not applied because another drain had been faster with the entry.",
        labels: &["stream"],
        write: |page, family, measures| of_streams(page, family, measures, "lapsed"),
    },
    Family {
        name: "orders_vanished_total",
        kind: Kind::Counter,
        help: "Entries that somebody deleted while they were pending. It must stay 0.",
        labels: &["stream"],
        write: |page, family, measures| of_streams(page, family, measures, "vanished"),
    },
    Family {
        name: "orders_drains_total",
        kind: Kind::Counter,
        help: "Drains that found work.",
        labels: &["stream"],
        write: |page, family, measures| of_streams(page, family, measures, "drains"),
    },
    Family {
        name: "orders_drains_out_of_time_total",
        kind: Kind::Counter,
        help: "Drains that spent their time budget before the stream was empty, and rang for the next.",
        labels: &["stream"],
        write: |page, family, measures| of_streams(page, family, measures, "out_of_time"),
    },
    Family {
        name: "orders_batch_entries",
        kind: Kind::Histogram,
        help: "Entries of a committed batch.",
        labels: &["stream"],
        write: |page, family, measures| {
            for stream in Stream::ALL {
                histogram(page, family, measures, ("batch", stream), &BATCH_BOUNDS, 1.0);
            }
        },
    },
    Family {
        name: "orders_wait_seconds",
        kind: Kind::Histogram,
        help: "Time of an entry in its stream until its outcome was decided, whatever the outcome.",
        labels: &["stream"],
        write: |page, family, measures| {
            for stream in Stream::ALL {
                histogram(page, family, measures, ("wait", stream), &WAIT_BOUNDS_MS, 1e3);
            }
        },
    },
    Family {
        name: "orders_end_to_end_seconds",
        kind: Kind::Histogram,
        help: "Time of an order from ingress until it was decided to confirm it.",
        labels: &["lane"],
        write: |page, family, measures| {
            for lane in Lane::ALL {
                histogram(page, family, measures, ("done", lane.into()), &WAIT_BOUNDS_MS, 1e3);
            }
        },
    },
    Family {
        name: "orders_confirmations",
        kind: Kind::Gauge,
        help: "Confirmations that are kept.",
        labels: &[],
        write: |page, family, measures| page.sample(family.name, &[], measures.stats.confirmations),
    },
    Family {
        name: "orders_dead_letters",
        kind: Kind::Gauge,
        help: "Dead letters that wait to be dealt with.",
        labels: &[],
        write: |page, family, measures| page.sample(family.name, &[], measures.stats.dead_letters),
    },
];

/// The page of one queue, or of its partitions, each by the name it has there: a label `queue` in front tells them apart.
pub fn render(queues: &[(Option<String>, Measures)]) -> String {
    let mut page = Page::default();
    for family in FAMILIES {
        page.family(family.name, family.kind, family.help);
        for (name, measures) in queues {
            page.set_queue(name.as_deref());
            (family.write)(&mut page, family, measures);
        }
    }
    page.into_string()
}

fn entries(page: &mut Page, family: &Family, measures: &Measures) {
    for (stream, stats) in &measures.stats.streams {
        let waiting = stats.length.saturating_sub(stats.pending);
        page.sample(family.name, &[("stream", stream), ("state", "waiting")], waiting);
        page.sample(family.name, &[("stream", stream), ("state", "pending")], stats.pending);
    }
}

fn oldest(page: &mut Page, family: &Family, measures: &Measures) {
    for (stream, stats) in &measures.stats.streams {
        page.sample(family.name, &[("stream", stream)], stats.oldest_ms as f64 / 1e3);
    }
}

fn dead_lettered(page: &mut Page, family: &Family, measures: &Measures) {
    for (name, count) in &measures.counters {
        let mut parts = name.splitn(3, ':');
        if let (Some("dead"), Some(stream), Some(code)) = (parts.next(), parts.next(), parts.next())
        {
            page.sample(family.name, &[("stream", stream), ("code", code)], count);
        }
    }
}

/// A counter of `{orders}:totals`, 0 until it first rises.
fn total(page: &mut Page, family: &Family, measures: &Measures, name: &str) {
    page.sample(family.name, &[], get(&measures.stats.totals, name));
}

fn of_lanes(page: &mut Page, family: &Family, measures: &Measures, what: &str) {
    for lane in Lane::ALL {
        let value = get(&measures.stats.totals, &format!("{what}_{lane}"));
        page.sample(family.name, &[("lane", lane.as_str())], value);
    }
}

fn of_streams(page: &mut Page, family: &Family, measures: &Measures, what: &str) {
    for stream in Stream::ALL.map(Stream::as_str) {
        let value = get(&measures.counters, &format!("{what}:{stream}"));
        page.sample(family.name, &[("stream", stream)], value);
    }
}

/// The histogram that is kept as `<what>:<stream>:<bound>`; one of the page's units is `unit` of what is kept.
fn histogram(
    page: &mut Page,
    family: &Family,
    measures: &Measures,
    (what, stream): (&str, Stream),
    bounds: &[i64],
    unit: f64,
) {
    let stream = stream.as_str();
    let field = |which: &str| get(&measures.counters, &format!("{what}:{stream}:{which}"));
    let bounded =
        bounds.iter().map(|bound| (Some(*bound as f64 / unit), field(&bound.to_string())));
    let buckets = bounded.chain([(None, field("inf"))]);
    page.histogram(family.name, &[(family.labels[0], stream)], buckets, field("sum") as f64 / unit);
}

fn get(counters: &BTreeMap<String, u64>, name: &str) -> u64 {
    counters.get(name).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::Stats;

    fn stats(totals: BTreeMap<String, u64>) -> Stats {
        Stats { streams: BTreeMap::new(), confirmations: 0, dead_letters: 0, totals }
    }

    #[test]
    fn partitions_share_a_page_and_a_label_tells_them_apart() {
        let measures = |duplicates| Measures {
            stats: stats([("duplicates".to_owned(), duplicates)].into()),
            counters: BTreeMap::new(),
        };
        let queues =
            [(Some("orders".to_owned()), measures(2)), (Some("orders-p1".to_owned()), measures(3))];
        let page = render(&queues);
        let lines: Vec<&str> =
            page.lines().filter(|line| line.contains("orders_duplicates_total")).collect();
        assert_eq!(
            lines[1..],
            [
                "# TYPE orders_duplicates_total counter",
                "orders_duplicates_total{queue=\"orders\"} 2",
                "orders_duplicates_total{queue=\"orders-p1\"} 3",
            ]
        );
        assert!(
            page.contains("orders_routed_total{queue=\"orders-p1\",lane=\"complex\"} 0\n"),
            "{page}"
        );
        assert!(render(&[(None, measures(2))]).contains("orders_duplicates_total 2\n"));
    }
}
