//! The list of all orders: where each one is, and pages that neither skip nor repeat while others move.

use std::collections::BTreeSet;

use redis::Commands;
use shared::queue::{Lane, ListedOrder, ListedState, OrderCursor, OrderFilter, Stream};

use crate::dead_letters::{add_letter, id_of};
use crate::support::{DISTRIBUTOR, SIMPLE, TestQueue, a_complex_order, an_order};

fn list(queue: &mut TestQueue, filter: OrderFilter, page_size: u32) -> Vec<ListedOrder> {
    let (mut orders, mut after) = (Vec::new(), None);
    for _ in 0..10_000 {
        let page = queue.queue().recent(&filter, after, page_size).unwrap();
        assert!(page.orders.len() <= page_size as usize);
        orders.extend(page.orders);
        after = page.next;
        if after.is_none() {
            return orders;
        }
    }
    panic!("the pages have no end");
}

fn in_state(state: ListedState) -> OrderFilter {
    OrderFilter { state: Some(state), ..OrderFilter::default() }
}

fn in_lane(lane: Lane) -> OrderFilter {
    OrderFilter { lane: Some(lane), ..OrderFilter::default() }
}

/// One order in each place: confirmed, dead-lettered in its lane, dead-lettered before it had one, routed to either lane, queued.
fn one_in_each_place() -> TestQueue {
    let mut queue = TestQueue::new();
    queue.add(Stream::Ingress, &an_order(1));
    queue.drain(&DISTRIBUTOR);
    queue.drain(&SIMPLE);
    add_letter(
        &mut queue,
        "*",
        &[
            ("code", "max_deliveries"),
            ("stream", "complex"),
            ("order_id", &id_of(&an_order(2)).to_string()),
        ],
    );
    queue.add(Stream::Ingress, &an_order(3).replace("Standard", "Soon"));
    queue.drain(&DISTRIBUTOR);
    for order in [an_order(4), a_complex_order(5)] {
        queue.add(Stream::Ingress, &order);
        queue.drain(&DISTRIBUTOR);
    }
    queue.add(Stream::Ingress, &an_order(6));
    queue
}

/// The numbers that the orders of a list were made from.
fn numbers(orders: &[ListedOrder]) -> Vec<u128> {
    orders.iter().map(|order| order.id.unwrap().as_u128() & 0xffff_ffff).collect()
}

#[test]
fn every_order_is_listed_where_it_is_with_the_times_of_its_steps() {
    let mut queue = one_in_each_place();
    let mut orders = list(&mut queue, OrderFilter::default(), 200);
    orders.sort_by_key(|order| order.id);
    assert_eq!(numbers(&orders), [1, 2, 3, 4, 5, 6]);
    let told: Vec<_> = orders
        .iter()
        .map(|order| {
            let times =
                [&order.queued_at, &order.routed_at, &order.confirmed_at, &order.dead_lettered_at];
            let times =
                times.map(|time| if time.is_some() { 'x' } else { '-' }).iter().collect::<String>();
            (
                order.state,
                order.lane.as_deref(),
                order.score.is_some(),
                order.code.as_deref(),
                times,
            )
        })
        .collect();
    let expected = [
        (ListedState::Confirmed, Some("simple"), true, None, "xxx-"),
        (ListedState::DeadLettered, Some("complex"), false, Some("max_deliveries"), "---x"),
        (ListedState::DeadLettered, None, false, Some("unknown_value"), "x--x"),
        (ListedState::Routed, Some("simple"), true, None, "xx--"),
        (ListedState::Routed, Some("complex"), true, None, "xx--"),
        (ListedState::Queued, None, false, None, "x---"),
    ];
    assert_eq!(
        told,
        expected.map(|(state, lane, score, code, times)| (
            state,
            lane,
            score,
            code,
            times.to_owned()
        ))
    );
}

#[test]
fn filters_take_what_they_name_and_nothing_else() {
    let mut queue = one_in_each_place();
    let mut found = |filter| {
        let mut found = numbers(&list(&mut queue, filter, 2));
        found.sort_unstable();
        found
    };
    assert_eq!(found(in_state(ListedState::Queued)), [6]);
    assert_eq!(found(in_state(ListedState::Routed)), [4, 5]);
    assert_eq!(found(in_state(ListedState::Confirmed)), [1]);
    assert_eq!(found(in_state(ListedState::DeadLettered)), [2, 3]);
    assert_eq!(found(in_lane(Lane::Simple)), [1, 4]);
    assert_eq!(found(in_lane(Lane::Complex)), [2, 5]);
    let both = |state| OrderFilter { lane: Some(Lane::Complex), ..in_state(state) };
    assert_eq!(found(both(ListedState::Routed)), [5]);
    assert_eq!(found(both(ListedState::Queued)), [0; 0], "what is queued has no lane yet");
}

#[test]
fn entries_that_nobody_can_read_are_listed_without_an_id() {
    let mut queue = TestQueue::new();
    queue.add(Stream::Ingress, "no order");
    queue.add(Stream::Simple, &format!("\"{}\"", "x".repeat(70_000)));
    add_letter(&mut queue, "*", &[("colour", "blue")]);
    let orders = list(&mut queue, OrderFilter::default(), 10);
    assert_eq!(orders.len(), 3);
    assert!(orders.iter().all(|order| order.id.is_none()), "{orders:?}");
}

/// Adds an entry with this id to the stream of this rank.
fn add_entry(queue: &mut TestQueue, rank: usize, id: &str) {
    let keys = &queue.keys;
    let key = match rank {
        0..=2 => keys.stream(Stream::ALL[rank]),
        3 => keys.confirmations(),
        _ => keys.dead_letters(),
    };
    let key = key.to_owned();
    let _: String = queue.redis.inner().xadd(key, id, &[("code", id)]).unwrap();
}

#[test]
fn pages_hold_every_entry_once_from_new_to_old_whatever_their_size() {
    let mut queue = TestQueue::new();
    // The same ids in all streams, numbers of one and of two digits, and one that Lua cannot count.
    let largest = u64::MAX.to_string();
    for rank in 0..5 {
        for ms in [5, 40, 41, 900] {
            for number in ["1", "2", "9", "10", largest.as_str()] {
                if (ms + rank) % 3 != 0 {
                    add_entry(&mut queue, rank, &format!("{ms}-{number}"));
                }
            }
        }
    }
    let all = list(&mut queue, OrderFilter::default(), 200);
    let lengths: u64 = Stream::ALL.into_iter().map(|stream| queue.length(stream)).sum();
    let letters = queue.dead_letters().len() + queue.confirmations().len();
    assert_eq!(all.len(), lengths as usize + letters);
    for page_size in [1, 2, 3, 7, 50] {
        assert_eq!(
            list(&mut queue, OrderFilter::default(), page_size),
            all,
            "{page_size} on a page"
        );
    }
}

#[test]
fn a_page_that_holds_the_last_entry_says_that_it_is_the_last() {
    let mut queue = TestQueue::new();
    for ms in 1..=6 {
        add_entry(&mut queue, 3, &format!("{ms}-0"));
    }
    for (page_size, pages) in [(1, 6), (2, 3), (3, 2), (5, 2), (6, 1)] {
        let (mut after, mut found) = (None, 0);
        loop {
            let page =
                queue.queue().recent(&in_state(ListedState::Confirmed), after, page_size).unwrap();
            assert!(!page.orders.is_empty(), "{page_size} on a page");
            found += 1;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, pages, "{page_size} on a page");
    }
}

#[test]
fn what_comes_and_moves_between_two_pages_hides_nothing_that_stays() {
    let mut queue = TestQueue::new();
    for number in 0..60 {
        queue.add(Stream::Ingress, &an_order(number));
        if number % 3 == 0 {
            queue.drain(&DISTRIBUTOR);
        }
    }
    // These stay in the lane; what is still in ingress moves on while the pages are read.
    let stay: BTreeSet<u128> =
        numbers(&list(&mut queue, in_state(ListedState::Routed), 200)).into_iter().collect();
    assert_eq!(stay.len(), 58);
    let (mut seen, mut after) = (Vec::new(), None::<OrderCursor>);
    for page in 0.. {
        let read = queue.queue().recent(&OrderFilter::default(), after, 7).unwrap();
        seen.extend(numbers(&read.orders));
        after = read.next;
        if after.is_none() {
            break;
        }
        queue.add(Stream::Ingress, &an_order(1_000 + page));
        if page == 1 {
            queue.drain(&DISTRIBUTOR);
        }
    }
    let mut once = BTreeSet::new();
    for number in seen {
        assert!(once.insert(number), "{number} stands on two pages");
    }
    assert!(once.is_superset(&stay), "missing: {:?}", stay.difference(&once).collect::<Vec<_>>());
    assert!(
        once.iter().all(|number| *number < 1_000),
        "what came later is newer than the cursor: {once:?}"
    );
}

#[test]
fn a_lane_is_found_behind_many_entries_of_the_other() {
    let mut queue = TestQueue::new();
    let rare = id_of(&an_order(1)).to_string();
    add_letter(&mut queue, "1-0", &[("stream", "complex"), ("order_id", &rare)]);
    for number in 2..=700 {
        add_letter(&mut queue, &format!("{number}-0"), &[("stream", "simple"), ("order_id", "x")]);
    }
    assert_eq!(numbers(&list(&mut queue, in_lane(Lane::Complex), 5)), [1]);
    let page = queue.queue().recent(&in_lane(Lane::Complex), None, 5).unwrap();
    assert_eq!(page.orders.len(), 1, "a page looks further than one call of the script");
}
