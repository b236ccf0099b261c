//! Enqueue, back-pressure, look-ups and statistics.

use redis::Commands;
use shared::order::Order;
use shared::queue::{ConsumerName, Drain, Enqueued, QueueError, Stream};
use shared::settings::QueueSettings;
use uuid::Uuid;

use crate::support::{COMPLEX, DISTRIBUTOR, SIMPLE, TestQueue, a_complex_order, an_order, orders};

fn identified(orders: &[String]) -> Vec<(Uuid, &[u8])> {
    orders
        .iter()
        .map(|order| (Order::identity(order.as_bytes()).unwrap(), order.as_bytes()))
        .collect()
}

fn story(queue: &mut TestQueue, id: Uuid) -> serde_json::Value {
    let state = queue.queue().find(id).unwrap().expect("the order is known");
    serde_json::to_value(state.story(id)).unwrap()
}

#[test]
fn orders_fit_up_to_the_backlog_and_then_all_of_a_request_or_none() {
    let mut queue = TestQueue::new();
    let orders: Vec<String> = (0..6).map(an_order).collect();
    let orders = identified(&orders);
    assert_eq!(queue.queue().enqueue(&orders[..3], 5).unwrap(), Enqueued::Written { backlog: 3 });
    assert_eq!(queue.queue().enqueue(&orders[3..], 5).unwrap(), Enqueued::Full { backlog: 3 });
    // Routed orders wait as well.
    queue.drain(&DISTRIBUTOR);
    assert_eq!(queue.queue().enqueue(&orders[3..], 5).unwrap(), Enqueued::Full { backlog: 3 });
    assert_eq!(queue.queue().enqueue(&orders[3..5], 5).unwrap(), Enqueued::Written { backlog: 5 });
    assert_eq!(queue.length(Stream::Ingress), 2);
}

#[test]
fn an_order_is_known_from_the_moment_it_is_enqueued() {
    let mut queue = TestQueue::new();
    let orders = [a_complex_order(7)];
    let id = Order::identity(orders[0].as_bytes()).unwrap();
    assert_eq!(queue.queue().find(id).unwrap(), None);
    queue.queue().enqueue(&identified(&orders), 0).unwrap();
    let json = story(&mut queue, id);
    assert_eq!(json["state"], "queued");
    assert!(json["queuedAt"].as_str().unwrap().ends_with('Z'), "{json}");
    queue.drain(&DISTRIBUTOR);
    let json = story(&mut queue, id);
    assert_eq!((json["state"].as_str(), json["lane"].as_str()), (Some("routed"), Some("complex")));
    assert_eq!(json["reasons"][0]["reason"], "prescription");
    queue.drain(&COMPLEX);
    let json = story(&mut queue, id);
    assert_eq!(json["state"], "confirmed");
    assert_eq!(json["confirmation"]["id"], id.to_string());
    assert_eq!(json["confirmation"]["lane"], "complex");
}

#[test]
fn an_order_enqueued_again_after_it_was_confirmed_stays_confirmed() {
    let mut queue = TestQueue::new();
    let orders = [an_order(1)];
    queue.queue().enqueue(&identified(&orders), 0).unwrap();
    queue.drain_all();
    queue.queue().enqueue(&identified(&orders), 0).unwrap();
    assert_eq!(queue.state(&orders[0])["state"], "confirmed");
    queue.drain_all();
    queue.assert_confirmed(&orders);
}

#[test]
fn statistics_count_what_is_there() {
    let mut queue = TestQueue::new();
    let empty = queue.queue().stats().unwrap();
    assert!(empty.streams.values().all(|stream| stream.length == 0 && stream.pending == 0));
    assert!(empty.totals.is_empty());
    for number in 0..5 {
        queue.add(Stream::Ingress, &an_order(number));
    }
    queue.add(Stream::Ingress, "broken");
    queue.drain(&DISTRIBUTOR);
    queue.add(Stream::Ingress, &an_order(9));
    let stats = queue.queue().stats().unwrap();
    assert_eq!(stats.streams["ingress"].length, 1);
    assert_eq!(stats.streams["simple"].length, 5);
    assert_eq!(stats.dead_letters, 1);
    assert_eq!(stats.totals["routed_simple"], 5);
    assert_eq!(stats.totals["dead_lettered"], 1);
}

#[test]
fn the_shares_of_those_who_drain_a_stream_add_up_to_what_was_done_there() {
    let mut queue = TestQueue::with(QueueSettings { batch_size: 4, ..QueueSettings::default() });
    assert!(queue.queue().stats().unwrap().shares().is_empty());
    let sent = orders(10);
    for order in sent.iter().chain([&sent[0], &"broken".to_owned()]) {
        queue.add(Stream::Ingress, order);
    }
    // One batch by one, the rest by the other; a duplicate and a dead letter are work as well.
    let mut handle = queue.queue();
    Drain::new(&mut handle, &DISTRIBUTOR).step().unwrap();
    queue.settings.consumer = ConsumerName::parse("another_1").unwrap();
    queue.drain(&DISTRIBUTOR);
    queue.drain(&SIMPLE);
    let stats = queue.queue().stats().unwrap();
    let shares = serde_json::to_value(stats.shares()).unwrap();
    // Of ten orders every third is complex, from the first on.
    let expected = serde_json::json!({ "ingress": { "spin": 4, "another_1": 8 }, "simple": { "another_1": 6 } });
    assert_eq!(shares, expected);
    assert_eq!(stats.totals["applied_ingress:spin"], 4);
}

#[test]
fn a_key_of_the_wrong_type_is_an_error_that_says_what_was_being_done() {
    let mut queue = TestQueue::new();
    let key = queue.keys.stream(Stream::Ingress).to_owned();
    let _: () = queue.redis.inner().set(&key, "not a stream").unwrap();
    let orders = [an_order(1)];
    let error = queue.queue().enqueue(&identified(&orders), 0).unwrap_err();
    assert!(matches!(&error, QueueError::Redis { what: "failed to enqueue", .. }), "{error}");
    assert!(error.to_string().contains("WRONGTYPE"), "{error}");
    for error in
        [queue.queue().stats().unwrap_err(), queue.queue().tick(Stream::Ingress).unwrap_err()]
    {
        assert!(error.to_string().contains("WRONGTYPE"), "{error}");
    }
}

#[test]
fn the_story_of_a_dead_letter_names_all_errors_until_it_is_none() {
    let mut queue = TestQueue::new();
    let order =
        an_order(1).replace("Standard", "Soon").replace("\"quantity\":2", "\"quantity\":-1");
    let id = Order::identity(order.as_bytes()).unwrap();
    queue.add(Stream::Ingress, &order);
    queue.drain(&DISTRIBUTOR);
    let json = story(&mut queue, id);
    assert_eq!(
        (json["state"].as_str(), json["code"].as_str()),
        (Some("dead-lettered"), Some("unknown_value"))
    );
    let paths =
        json["errors"].as_array().unwrap().iter().map(|error| error["path"].as_str().unwrap());
    assert_eq!(paths.collect::<Vec<_>>(), ["$.delivery", "$.items[0].quantity"]);
    queue.add(Stream::Ingress, &an_order(1));
    queue.drain(&DISTRIBUTOR);
    let json = story(&mut queue, id);
    assert_eq!(
        (json["state"].as_str(), &json["errors"]),
        (Some("routed"), &serde_json::Value::Null)
    );
}
