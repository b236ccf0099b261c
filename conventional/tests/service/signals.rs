//! Ready, stopped, and what is left behind.

use std::time::{Duration, Instant};

use private_redis::RedisServer;
use queue::Stream;
use supervise::Signal;

use crate::support::{Service, add, connect, poll_until, stats};

/// "Within a second or so".
const SOON: Duration = Duration::from_secs(2);

#[test]
fn a_signal_while_it_waits_for_a_bell_ends_it_at_once_with_success() {
    let server = RedisServer::start().unwrap();
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut service = Service::ready(&server, &[]);
        service.signal(signal);
        let (elapsed, status) = service.end(Instant::now());
        assert!(status.success() && elapsed < SOON, "{signal}: {status} after {elapsed:?}");
        poll_until("it says what was done", || {
            service
                .said()
                .contains("stopped; distributor applied 0 orders in 0 drains, ")
                .then_some(())
        });
    }
}

#[test]
fn a_signal_while_redis_is_unavailable_ends_it_at_once_with_success() {
    let mut server = RedisServer::start().unwrap();
    let mut service = Service::ready(&server, &[]);
    server.kill().unwrap();
    poll_until("it notices", || service.said().contains("failed to").then_some(()));
    service.signal(Signal::SIGTERM);
    let (elapsed, status) = service.end(Instant::now());
    assert!(status.success() && elapsed < SOON, "{status} after {elapsed:?}");
}

#[test]
fn a_signal_under_load_finishes_the_batch_in_hand_and_leaves_the_rest_to_others() {
    const ORDERS: u64 = 30_000;
    let server = RedisServer::start().unwrap();
    let mut redis = connect(&server);
    add(&mut redis, Stream::Ingress, 0..ORDERS as u32);
    let mut service = Service::start(&server, &["--role", "distributor", "--batch-size", "10"]);
    poll_until("it is at work", || (stats(&mut redis).streams["simple"].length > 0).then_some(()));
    service.signal(Signal::SIGTERM);
    let (elapsed, status) = service.end(Instant::now());
    assert!(status.success() && elapsed < SOON, "{status} after {elapsed:?}");
    let after = stats(&mut redis);
    let ingress = &after.streams["ingress"];
    let done = after.shares()["ingress"]["conventional"];
    assert!(ingress.length > 0, "the signal came too late: all {done} orders are routed");
    assert_eq!(ingress.pending, 0, "a batch was left in hand");
    assert_eq!((done + ingress.length, after.streams["simple"].messages), (ORDERS, done));
    poll_until("it says what was done", || {
        service
            .said()
            .contains(&format!("distributor applied {done} orders in 1 drains"))
            .then_some(())
    });
    // Long before anything could be overdue, the next one has done the rest.
    let _next = Service::ready(&server, &["--claim-idle-ms", "86400000"]);
    poll_until("the rest is done", || {
        (stats(&mut redis).totals.get("confirmed_simple") == Some(&ORDERS)).then_some(())
    });
}
