//! The list of the newest messages, and the status of one in every state.

use queue::{Recent, State, Stream};

use crate::support::{BIKE, BY_BIKE, Scale, TestQueue, VAN, parcel};

/// One message in each place.
fn one_in_each_place() -> TestQueue {
    let mut queue = TestQueue::new();
    for (number, parcel) in ["p1 1", "p2 heavy", "p3 heavy", "p4 4", "p5 50"].iter().enumerate() {
        queue.add(Stream::Ingress, parcel);
        queue.drain(&Scale);
        if number == 0 {
            queue.drain(&BY_BIKE);
        }
    }
    let letter = queue.letter_ids()[1];
    queue.queue().discard(letter).unwrap();
    queue.enqueue(&["p6 6".to_owned()]);
    queue
}

fn text(bytes: Option<Vec<u8>>) -> Option<String> {
    bytes.map(|bytes| String::from_utf8(bytes).unwrap())
}

#[test]
fn every_message_is_listed_where_it_is_newest_first() {
    let mut queue = one_in_each_place();
    let list = queue.queue().recent(50).unwrap();
    let times: Vec<_> = list.iter().map(|row| queue::milliseconds(&row.entry_id)).collect();
    assert!(times.is_sorted_by(|one, next| one >= next), "{times:?}");
    let mut found: Vec<_> = list
        .into_iter()
        .map(|row| {
            let Recent { state, ingress, lane, id, body, code, note, .. } = row;
            (id.or(text(body)).unwrap(), state, lane, ingress.is_some(), code, note)
        })
        .collect();
    found.sort_by(|one, next| one.0.cmp(&next.0));
    let some = |text: &str| Some(text.to_owned());
    let expected = [
        ("p1", State::Confirmed, some("bike"), true, None, some("1")),
        ("p2", State::DeadLettered, None, true, some("no_weight"), None),
        ("p4 4", State::Routed, some("bike"), true, None, None),
        ("p5 50", State::Routed, some("van"), true, None, None),
        ("p6 6", State::Queued, None, true, None, None),
    ];
    let expected = expected.map(|(id, state, lane, ingress, code, note)| {
        (id.to_owned(), state, lane, ingress, code, note)
    });
    assert_eq!(found, expected);
}

#[test]
fn what_is_listed_of_one_stream_ends_after_4_mib() {
    let mut queue = TestQueue::opened();
    let long = "x".repeat(1_000_000);
    for number in 1..=9 {
        queue.add_letter(&format!("{number}-0"), &[("code", "odd"), ("order", &long)]);
        queue.add(Stream::Ingress, &long);
    }
    let list = queue.queue().recent(50).unwrap();
    let count = |state| list.iter().filter(|row| row.state == state).count();
    assert_eq!((count(State::Queued), count(State::DeadLettered)), (5, 5));
    assert_eq!(list.last().map(|row| &*row.entry_id), Some("5-0"));
}

#[test]
fn the_status_of_every_state_names_its_steps() {
    let mut queue = one_in_each_place();
    for (id, state, steps, lane) in [
        ("p1", State::Confirmed, "irc-", Some("bike")),
        ("p2", State::DeadLettered, "i--d", None),
        ("p3", State::Discarded, "i--d", None),
        ("p4", State::Routed, "ir--", Some("bike")),
        ("p5", State::Routed, "ir--", Some("van")),
        ("p6", State::Queued, "i---", None),
    ] {
        let status = queue.status(id);
        let found = [
            ('i', &status.ingress),
            ('r', &status.routed),
            ('c', &status.confirmed),
            ('d', &status.dead_letter),
        ];
        let found: String =
            found.map(|(name, step)| if step.is_some() { name } else { '-' }).iter().collect();
        assert_eq!((status.state, &*found, status.lane.as_deref()), (state, steps, lane), "{id}");
        let code = (state == State::DeadLettered).then_some("no_weight");
        assert_eq!(status.code.as_deref(), code, "{id}");
        assert_eq!(status.errors.is_some(), state == State::DeadLettered, "{id}");
        assert_eq!(status.result.is_some(), state == State::Confirmed, "{id}");
        let index = queue.keys.index().to_owned();
        let record: String = queue.ask(&["HGET", &index, id]);
        assert_eq!(queue::MessageStatus::parse(&record).unwrap().state, state);
    }
    assert_eq!(queue.queue().status("p7").unwrap(), None);
    let state: State = "dead-lettered".parse().unwrap();
    assert_eq!((state, <&str>::from(state)), (State::DeadLettered, "dead-lettered"));
}

#[test]
fn the_newest_are_listed_whatever_batches_they_are_in() {
    let mut queue = TestQueue::new();
    queue.add_parcels(0..90);
    queue.drain(&Scale);
    queue.add_parcels(100..110);
    for most in [0, 1, 7, 10, 15, 1_000] {
        let list = queue.queue().recent(most).unwrap();
        assert_eq!(list.len() as u32, most.min(100), "{most}");
        let queued = list.iter().take_while(|row| row.state == State::Queued).count();
        assert_eq!(queued as u32, most.min(10), "the newest come first");
    }
    let last = queue.queue().recent(1).unwrap().remove(0);
    assert_eq!(text(last.body), Some(parcel(109)));
}

#[test]
fn entries_that_nobody_can_read_are_listed_as_far_as_they_can_be() {
    let mut queue = TestQueue::opened();
    queue.settings.max_message_bytes = 10;
    let largest = u64::MAX.to_string();
    queue.add_entry(Stream::Ingress, "*", &[("colour", "blue")]);
    queue.add(Stream::Ingress, "longer than ten");
    queue.add_entry(BIKE, "*", &[("order", "p1 1"), ("", "p2 2"), (" ", "p3 3")]);
    queue.add_entry(VAN, &format!("{}-{largest}", queue.settings.batch_size), &[("1-1", "p4 4")]);
    queue.add_letter("*", &[("colour", "blue")]);
    let list = queue.queue().recent(50).unwrap();
    assert_eq!(list.len(), 7);
    assert!(list.iter().all(|row| row.id.is_none()));
    let bodies: Vec<_> = list.iter().filter_map(|row| row.body.clone()).collect();
    assert_eq!(bodies.len(), 4, "{list:?}");
    let named: Vec<_> = list.iter().filter_map(|row| row.ingress.as_deref()).collect();
    let is_id = |text: &&str| queue::milliseconds(text).is_some();
    assert!(named.iter().all(is_id), "what is no entry id is not shown as one: {named:?}");
}
