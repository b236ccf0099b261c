//! A report for tests of other modules.

use serde_json::Value;

use super::Report;

/// 10,000 orders in 0.5 s; refused orders cost the app nothing.
pub(crate) fn a_report() -> Value {
    let mut report: Value = serde_json::from_str(REPORT).unwrap();
    report["report_version"] = Report::VERSION.into();
    for latency in ["latency_ms", "queue_latency_ms", "send_latency_ms"] {
        report[latency] = serde_json::json!({
            "p50": 1, "p90": 1, "p95": 1, "p99": 1, "p999": 1, "max": 1, "mean": 1
        });
    }
    report
}

const REPORT: &str = r#"{
    "loadtest_version": "0.1.0", "started_at": "2026-01-05T08:00:00Z",
    "shape": {"kind": "burst"},
    "via": {"door": "redis", "connections": 1, "batch": 1000}, "seed": 1, "run": 1,
    "file": null, "prescriptions": 0.3, "mutated": 0.0, "queue": "orders",
    "complexity_threshold": 50, "interrupted": false, "orders": 15000,
    "confirmed": 9000, "dead_lettered": 600, "refused": 5000, "rejected": [],
    "duplicate_deliveries": 400, "lost": 0, "late": 0, "confirmed_twice": 0, "wrong": 0,
    "failures": {"lost": [], "confirmed_twice": [], "wrong": []},
    "lanes": {"simple": 9000, "complex": 0}, "shares": [], "enqueue_s": 0.1,
    "total_s": 0.5, "orders_per_s": 20000.0, "latency_histogram": [],
    "cpu_s": {"app": 0.3, "redis": 0.4}, "rss_mib": {"app": 35.0, "redis": 40.0},
    "instance_start_us": null, "instance_starts": null, "tick_rings": 0,
    "backlog_before": 0, "clock": {"samples": 1, "drift_ms": 0.0},
    "timeline": {"interval_ms": 10, "intervals": []}, "samples": [],
    "redis_version": "7.0.15", "redis_settings": [], "cores": 2,
    "host": {"cpu": "A", "architecture": "x86_64", "memory_mib": 1, "kernel": "Linux 6"}
}"#;
