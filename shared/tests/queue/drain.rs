//! What becomes of entries, good and bad.

use redis::Commands;
use shared::order::MAX_ORDER_BYTES;
use shared::queue::{Drain, Step, Stream};
use shared::settings::QueueSettings;

use crate::support::{
    COMPLEX, DISTRIBUTOR, SIMPLE, TestQueue, a_complex_order, an_order, orders,
    route_with_a_broken_copy,
};

#[test]
fn every_order_is_confirmed_once_in_its_lane_with_the_bytes_made_natively() {
    let mut queue = TestQueue::new();
    let orders = orders(1_000);
    for order in &orders {
        queue.add(Stream::Ingress, order);
    }
    let routed = queue.drain(&DISTRIBUTOR);
    assert_eq!((routed.commits.routed_simple, routed.commits.routed_complex), (666, 334));
    assert_eq!(queue.drain(&SIMPLE).commits.confirmed, 666);
    assert_eq!(queue.drain(&COMPLEX).commits.confirmed, 334);
    queue.assert_confirmed(&orders);
    let totals = queue.totals();
    assert_eq!(totals["confirmed_simple"], 666);
    assert_eq!(totals["confirmed_complex"], 334);
    assert_eq!(totals["routed_simple"], 666);
    assert_eq!(totals.get("dead_lettered"), None);
}

#[test]
fn an_order_sent_twice_is_done_once_and_the_duplicate_counted() {
    let mut queue = TestQueue::new();
    let (order, other) = (an_order(1), an_order(2));
    // Twice in one batch, and again when it is confirmed.
    for order in [&order, &order, &other] {
        queue.add(Stream::Ingress, order);
    }
    queue.drain_all();
    queue.add(Stream::Ingress, &order);
    queue.drain_all();
    queue.assert_confirmed(&[order.clone(), other]);
    assert_eq!(queue.totals()["duplicates"], 2);
    assert_eq!(queue.state(&order)["state"], "confirmed");
}

#[test]
fn a_broken_order_is_dead_lettered_with_its_code_and_its_neighbours_are_confirmed() {
    let mut queue = TestQueue::new();
    let good = orders(3);
    let long = an_order(9).replace(r#""d""#, &format!("\"{}\"", "x".repeat(MAX_ORDER_BYTES)));
    let bad = [
        ("not json".to_owned(), "invalid_json", "$"),
        (String::new(), "invalid_json", "$"),
        ("[]".to_owned(), "wrong_type", "$"),
        (
            an_order(5).replace(r#""quantity":2"#, r#""quantity":"two""#),
            "wrong_type",
            "$.items[0].quantity",
        ),
        (an_order(6).replace("Standard", "Soon"), "unknown_value", "$.delivery"),
        (long.clone(), "order_too_large", "$"),
    ];
    queue.add(Stream::Ingress, &good[0]);
    for (order, ..) in &bad {
        queue.add(Stream::Ingress, order);
    }
    queue.add(Stream::Ingress, &good[1]);
    queue.add(Stream::Ingress, &good[2]);
    queue.drain_all();
    queue.assert_confirmed(&good);
    let letters = queue.dead_letters();
    assert_eq!(letters.len(), bad.len());
    for (letter, (order, code, path)) in letters.iter().zip(&bad) {
        assert_eq!(letter["code"], *code);
        assert!(letter["errors"].contains(&format!("\"path\":\"{path}\"")), "{}", letter["errors"]);
        assert_eq!(letter["order"], *order, "the order is kept as it was sent");
        assert_eq!(letter["stream"], "ingress");
        assert_eq!(letter["delivery_count"], "1");
    }
    assert_eq!(queue.totals()["dead_lettered"], bad.len() as u64);
    assert_eq!(queue.state(&bad[4].0)["state"], "dead-lettered");
    assert_eq!(queue.state(&bad[4].0)["code"], "unknown_value");
}

#[test]
fn an_entry_without_an_order_is_dead_lettered_with_all_its_fields() {
    let mut queue = TestQueue::new();
    let key = queue.keys.stream(Stream::Ingress).to_owned();
    // More fields than a call in Lua takes arguments.
    let fields: Vec<(String, String)> =
        (0..10_000).map(|number| (format!("f{number}"), format!("v{number}"))).collect();
    let _: String = queue.redis.inner().xadd(&key, "*", &fields).unwrap();
    queue.add(Stream::Ingress, &an_order(1));
    queue.drain_all();
    queue.assert_confirmed(&[an_order(1)]);
    let letters = queue.dead_letters();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["code"], "missing_order_field");
    let kept: Vec<String> = serde_json::from_str(&letters[0]["fields"]).unwrap();
    assert_eq!(kept.len(), 20_000);
    assert_eq!(kept[19_998..], ["f9999", "v9999"]);
}

#[test]
fn an_entry_with_more_fields_called_order_than_a_call_takes_is_set_aside_with_the_last() {
    let mut queue = TestQueue::new();
    let key = queue.keys.stream(Stream::Ingress).to_owned();
    let fields: Vec<(&str, String)> =
        (0..10_000).map(|number| ("order", number.to_string())).collect();
    let _: String = queue.redis.inner().xadd(&key, "*", &fields).unwrap();
    queue.add(Stream::Ingress, &an_order(1));
    queue.drain_all();
    queue.assert_confirmed(&[an_order(1)]);
    let letters = queue.dead_letters();
    assert_eq!((letters.len(), letters[0]["order"].as_str()), (1, "9999"));
}

#[test]
fn an_ingress_id_that_is_no_text_or_longer_than_any_counts_as_absent() {
    let long = "1-0".repeat(1_000_000);
    for ingress in [b"\xff".as_slice(), long.as_bytes()] {
        // From 16 on, entries are read without the script, but where they are too many bytes.
        for neighbours in [3, 30] {
            let mut queue = TestQueue::new();
            let key = queue.keys.stream(Stream::Simple).to_owned();
            let sent: Vec<String> = (0..=neighbours).map(an_order).collect();
            let fields = [("ingress", ingress), ("order", sent[0].as_bytes())];
            let id: String = queue.redis.inner().xadd(&key, "*", &fields).unwrap();
            for order in &sent[1..] {
                queue.add(Stream::Simple, order);
            }
            queue.drain_all();
            queue.assert_confirmed(&sent);
            assert_eq!(queue.state(&sent[0])["ingress"], id);
        }
    }
}

#[test]
fn a_broken_copy_does_not_mark_an_order_dead_that_is_on_its_way() {
    let mut queue = TestQueue::new();
    let order = route_with_a_broken_copy(&mut queue);
    assert_eq!(queue.state(&order)["state"], "routed");
    queue.drain(&SIMPLE);
    queue.assert_confirmed(&[order]);
    assert_eq!(queue.dead_letters().len(), 1);
}

#[test]
fn an_order_put_straight_into_a_lane_is_confirmed_from_there() {
    let mut queue = TestQueue::new();
    let order = an_order(1);
    let entry_id = queue.add(Stream::Simple, &order);
    queue.drain(&SIMPLE);
    queue.assert_confirmed(std::slice::from_ref(&order));
    assert_eq!(queue.state(&order)["ingress"], entry_id);
    queue.add(Stream::Complex, "{}");
    queue.drain(&COMPLEX);
    assert_eq!(queue.dead_letters()[0]["stream"], "complex");
}

#[test]
fn a_step_takes_at_most_a_batch_and_says_when_nothing_is_left() {
    let mut queue = TestQueue::with(QueueSettings { batch_size: 4, ..QueueSettings::default() });
    for order in orders(10) {
        queue.add(Stream::Ingress, &order);
    }
    let mut lengths = Vec::new();
    let mut queue_handle = queue.queue();
    let mut drain = Drain::new(&mut queue_handle, &DISTRIBUTOR);
    while let Step::Committed(commit) = drain.step().unwrap() {
        lengths.push(commit.applied);
    }
    assert_eq!(lengths, [4, 4, 2]);
    assert_eq!(drain.tally().batches, 3);
}

#[test]
fn an_orders_state_tells_each_step_with_its_entry() {
    let mut queue = TestQueue::new();
    let order = a_complex_order(1);
    let ingress = queue.add(Stream::Ingress, &order);
    queue.drain(&DISTRIBUTOR);
    let routed = queue.state(&order);
    assert_eq!(routed["state"], "routed");
    assert_eq!(routed["lane"], "complex");
    assert_eq!(routed["ingress"], ingress);
    assert_eq!(
        routed["reasons"],
        "prescription:20,progressive:25,power_beyond_stock:20,cylinder_beyond_stock:15,high_index:10,unequal_eyes:15"
    );
    assert_eq!(routed["score"], "105");
    queue.drain(&COMPLEX);
    let confirmed = queue.state(&order);
    assert_eq!(confirmed["state"], "confirmed");
    let time = |field: &str| confirmed[field].split('-').next().unwrap().parse::<u64>().unwrap();
    assert!(
        time("ingress") <= time("routed") && time("routed") <= time("confirmed"),
        "{confirmed:?}"
    );
}

#[test]
fn confirmations_and_states_are_kept_for_the_retention_and_no_longer() {
    let mut queue = TestQueue::with(QueueSettings { retention_s: 60, ..QueueSettings::default() });
    let order = an_order(1);
    let key = queue.keys.confirmations().to_owned();
    // An entry by an id far in the past, and one just within the retention; whole nodes of a stream are trimmed at once.
    let (seconds, _): (u64, u64) = redis::cmd("TIME").query(queue.redis.inner()).unwrap();
    for number in 0..200 {
        let id = format!("{}-{number}", (seconds - 3_600) * 1_000);
        let _: String = queue.redis.inner().xadd(&key, id, &[("order_id", "old")]).unwrap();
    }
    let recent = format!("{}-0", (seconds - 30) * 1_000);
    let _: String = queue.redis.inner().xadd(&key, recent, &[("order_id", "recent")]).unwrap();
    queue.add(Stream::Ingress, &order);
    queue.drain_all();
    let confirmations = queue.confirmations();
    let count = |id: &str| confirmations.iter().filter(|fields| fields["order_id"] == id).count();
    assert!(count("old") < 200, "old confirmations are trimmed");
    assert_eq!(count("recent"), 1);
    let id = shared::order::Order::identity(order.as_bytes()).unwrap();
    let state = queue.keys.state(id);
    let ttl: i64 = queue.redis.inner().pttl(&state).unwrap();
    assert!((1..=60_000).contains(&ttl), "{ttl}");
}

#[test]
fn after_a_burst_ticks_drop_the_confirmations_that_were_kept_for_long_enough() {
    let mut queue = TestQueue::with(QueueSettings { retention_s: 60, ..QueueSettings::default() });
    let key = queue.keys.confirmations().to_owned();
    let (seconds, _): (u64, u64) = redis::cmd("TIME").query(queue.redis.inner()).unwrap();
    let mut add = |at_s: u64, count: u32| {
        let mut pipeline = redis::pipe();
        for number in 0..count {
            pipeline
                .cmd("XADD")
                .arg(&key)
                .arg(format!("{}-{number}", at_s * 1_000))
                .arg("order_id")
                .arg("x");
        }
        let _: Vec<String> = pipeline.query(queue.redis.inner()).unwrap();
    };
    add(seconds - 120, 25_000);
    add(seconds - 30, 100);
    let mut dropped = Vec::new();
    for _ in 0..4 {
        dropped.push(queue.queue().tick(Stream::Simple).unwrap().dropped);
    }
    assert!(dropped[0] > 0 && dropped[0] <= 10_000, "one tick does a bounded share: {dropped:?}");
    assert_eq!(dropped[3], 0, "{dropped:?}");
    // Whole nodes of the stream are dropped, so a few old ones may stay beside the recent ones.
    assert!((100..300).contains(&queue.confirmations().len()));
}

#[test]
fn a_server_that_forgets_its_scripts_is_taught_again() {
    let mut queue = TestQueue::new();
    for number in 0..3 {
        queue.add(Stream::Ingress, &an_order(number));
        let _: () = redis::cmd("SCRIPT").arg("FLUSH").query(queue.redis.inner()).unwrap();
        queue.drain_all();
    }
    queue.assert_confirmed(&[an_order(0), an_order(1), an_order(2)]);
}
