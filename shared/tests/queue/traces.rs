//! The trace context of an order goes with it, step by step, and what is none goes nowhere.

use redis::Commands;
use shared::order::Order;
use shared::queue::{LetterId, Stream};
use shared::trace::TraceParent;

use crate::support::{COMPLEX, DISTRIBUTOR, SIMPLE, TestQueue, a_complex_order, an_order};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const OTHER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

fn add(queue: &mut TestQueue, order: &str, trace: &str) {
    let key = queue.keys.stream(Stream::Ingress).to_owned();
    let _: String =
        queue.redis.inner().xadd(key, "*", &[("order", order), ("traceparent", trace)]).unwrap();
}

/// The trace of each entry of a stream.
fn traces(queue: &mut TestQueue, key: &str) -> Vec<Option<String>> {
    queue.entries(key).into_iter().map(|mut fields| fields.remove("traceparent")).collect()
}

#[test]
fn a_trace_goes_from_the_request_to_the_confirmation_and_changes_no_byte_of_it() {
    let mut queue = TestQueue::new();
    let orders = [an_order(1), a_complex_order(2)];
    let identified: Vec<_> = orders
        .iter()
        .map(|order| (Order::identity(order.as_bytes()).unwrap(), order.as_bytes()))
        .collect();
    let trace = TraceParent::parse(TRACE.as_bytes()).unwrap();
    queue.queue().enqueue_traced(&identified, 0, Some(&trace)).unwrap();
    let of = |queue: &mut TestQueue, at: usize| {
        let state = queue.queue().find(identified[at].0).unwrap().unwrap();
        serde_json::to_value(state.story(identified[at].0)).unwrap()["traceparent"].clone()
    };
    assert_eq!(of(&mut queue, 0), TRACE, "known at once");
    queue.drain(&DISTRIBUTOR);
    for stream in [Stream::Simple, Stream::Complex] {
        let key = queue.keys.stream(stream).to_owned();
        assert_eq!(traces(&mut queue, &key), [Some(TRACE.to_owned())]);
    }
    queue.drain(&SIMPLE);
    queue.drain(&COMPLEX);
    assert_eq!((of(&mut queue, 0), of(&mut queue, 1)), (TRACE.into(), TRACE.into()));
    let key = queue.keys.confirmations().to_owned();
    assert_eq!(traces(&mut queue, &key), [Some(TRACE.to_owned()), Some(TRACE.to_owned())]);
    queue.assert_confirmed(&orders);
}

#[test]
fn of_a_batch_each_order_keeps_its_own_trace_and_most_have_none() {
    let mut queue = TestQueue::new();
    let orders: Vec<String> = (0..7).map(an_order).collect();
    for (number, order) in orders.iter().enumerate() {
        match number {
            2 => add(&mut queue, order, TRACE),
            5 => add(&mut queue, order, OTHER),
            _ => drop(queue.add(Stream::Ingress, order)),
        }
    }
    queue.drain(&DISTRIBUTOR);
    let lane = queue.keys.stream(Stream::Simple).to_owned();
    let plain = queue.entries(&lane).remove(0);
    assert_eq!(
        plain.len(),
        2,
        "an order and its ingress id, and nothing for a trace that is not there"
    );
    queue.drain(&SIMPLE);
    let found: Vec<(String, Option<String>)> = queue
        .confirmations()
        .into_iter()
        .map(|mut fields| (fields.remove("order_id").unwrap(), fields.remove("traceparent")))
        .collect();
    let expected: Vec<(String, Option<String>)> = (0..7)
        .map(|number: u32| {
            let trace = match number {
                2 => Some(TRACE.to_owned()),
                5 => Some(OTHER.to_owned()),
                _ => None,
            };
            (format!("00000000-0000-4000-8000-{number:012x}"), trace)
        })
        .collect();
    assert_eq!(found, expected);
    assert!(!queue.state(&orders[0]).contains_key("traceparent"));
    assert_eq!(queue.state(&orders[5])["traceparent"], OTHER);
    queue.assert_confirmed(&orders);
}

#[test]
fn what_is_no_trace_context_is_not_carried_and_holds_no_order_up() {
    let mut queue = TestQueue::new();
    let bad = ["", "soon", &TRACE.to_uppercase(), &format!("{TRACE}-x"), &"0".repeat(100_000)];
    let orders: Vec<String> = (0..bad.len() as u32).map(an_order).collect();
    for (order, trace) in orders.iter().zip(bad) {
        add(&mut queue, order, trace);
    }
    queue.drain_all();
    let key = queue.keys.confirmations().to_owned();
    assert!(traces(&mut queue, &key).iter().all(Option::is_none));
    queue.assert_confirmed(&orders);
}

#[test]
fn a_dead_letter_keeps_its_trace_and_takes_it_along_when_it_is_redriven() {
    let mut queue = TestQueue::new();
    add(&mut queue, "broken", TRACE);
    queue.drain(&DISTRIBUTOR);
    let key = queue.keys.dead_letters().to_owned();
    assert_eq!(traces(&mut queue, &key), [Some(TRACE.to_owned())]);
    let page = queue.queue().dead_letters(&Default::default(), None, 1).unwrap();
    let letter = LetterId::parse(&page.dead_letters[0].id).unwrap();
    queue.queue().redrive(&letter).unwrap();
    let ingress = queue.keys.stream(Stream::Ingress).to_owned();
    assert_eq!(traces(&mut queue, &ingress), [Some(TRACE.to_owned())]);
    queue.drain(&DISTRIBUTOR);
    assert_eq!(traces(&mut queue, &key), [Some(TRACE.to_owned())], "and again");
}
