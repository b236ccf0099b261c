//! A message keeps its trace in every step, and an invalid trace is dropped.

use queue::{State, Stream, TraceParent};

use crate::support::{BIKE, BY_BIKE, BY_VAN, Scale, TRACE, TestQueue, VAN, parcel};

const OTHER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

fn add(queue: &mut TestQueue, parcel: &str, trace: &str) {
    queue.add_entry(Stream::Ingress, "*", &[("message", parcel), ("traceparent", trace)]);
}

/// Id and trace of each result.
fn traces(queue: &mut TestQueue) -> Vec<(String, Option<String>)> {
    let results = queue.keys.results().to_owned();
    let mut found: Vec<_> = queue
        .entries(&results)
        .into_iter()
        .map(|mut fields| (fields.remove("message_id").unwrap(), fields.remove("traceparent")))
        .collect();
    found.sort();
    found
}

#[test]
fn a_trace_goes_from_enqueue_to_the_result_also_over_a_split_and_a_redrive() {
    for detour in ["none", "split", "redrive"] {
        let mut queue = TestQueue::new();
        queue.settings.max_deliveries = 1;
        let trace = TraceParent::parse(TRACE.as_bytes()).unwrap();
        let messages: [(&str, &[u8]); 3] = [("p1", b"p1 1"), ("p2", b"p2 2"), ("p3", b"p3 13")];
        queue.queue().enqueue(&messages, 0, Some(&trace)).unwrap();
        assert_eq!(queue.status("p1").trace.as_deref(), Some(TRACE), "known at once");
        queue.drain(&Scale);
        match detour {
            "split" => {
                queue.hold(&BY_BIKE);
                queue.age_pending();
            }
            "redrive" => {
                queue.kill(BY_VAN);
                let letter = queue.letter_ids()[0];
                let shown = queue.queue().dead_letter(letter).unwrap().unwrap();
                assert_eq!(shown.trace.as_deref(), Some(TRACE));
                queue.queue().redrive(letter).unwrap();
            }
            _ => {}
        }
        queue.drain_rest();
        let expected = ["p1", "p2", "p3"].map(|id| (id.to_owned(), Some(TRACE.to_owned())));
        assert_eq!(traces(&mut queue), expected, "{detour}");
        assert_eq!(queue.status("p3").trace.as_deref(), Some(TRACE), "{detour}");
    }
}

#[test]
fn of_a_batch_each_message_keeps_its_own_trace_and_most_have_none() {
    let mut queue = TestQueue::new();
    let parcels: Vec<String> = [1, 2, 4, 5].map(parcel).to_vec();
    queue.add(Stream::Ingress, &parcels[0]);
    add(&mut queue, &parcels[1], TRACE);
    add(&mut queue, &parcels[2], OTHER);
    queue.add(Stream::Ingress, &parcels[3]);
    queue.drain(&Scale);
    let lane = queue.keys.stream(BIKE).to_owned();
    let labels: Vec<String> = queue.entries(&lane).remove(0).into_keys().collect();
    assert_eq!(labels.iter().filter(|label| label.contains(' ')).count(), 2, "{labels:?}");
    queue.drain(&BY_BIKE);
    let expected = [("p1", None), ("p2", Some(TRACE)), ("p4", Some(OTHER)), ("p5", None)]
        .map(|(id, trace)| (id.to_owned(), trace.map(str::to_owned)));
    assert_eq!(traces(&mut queue), expected);
    assert_eq!(queue.status("p1").trace, None);
    assert_eq!(queue.status("p4").trace.as_deref(), Some(OTHER));
    queue.assert_confirmed(&parcels);
}

#[test]
fn what_is_no_trace_is_not_carried_and_holds_nothing_up() {
    let mut queue = TestQueue::new();
    let (upper, longer) = (TRACE.to_uppercase(), format!("{TRACE}-x"));
    let bad = ["", "soon", " ", "a\nb", &upper, &longer, &"0".repeat(100_000)];
    let parcels: Vec<String> = (0..bad.len() as u32).map(parcel).collect();
    for (parcel, trace) in parcels.iter().zip(bad) {
        add(&mut queue, parcel, trace);
    }
    queue.drain_all();
    assert!(traces(&mut queue).iter().all(|(_, trace)| trace.is_none()));
    queue.assert_confirmed(&parcels);
    // In a lane it follows the id of its entry in ingress.
    for label in ["5-1 soon", "5-1  ", &format!("5-1 {TRACE} x"), &format!("soon {TRACE}")] {
        queue.open();
        queue.add_entry(VAN, "*", &[(label, "p3 13")]);
        queue.drain(&BY_VAN);
        queue.assert_confirmed(&["p3 13".to_owned()]);
        let is_carried = label.starts_with("soon");
        assert_eq!(queue.status("p3").trace.is_some(), is_carried, "{label:?}");
    }
}

#[test]
fn a_dead_letter_keeps_its_trace_and_takes_it_along_when_it_is_redriven() {
    let mut queue = TestQueue::new();
    add(&mut queue, "p1 heavy", TRACE);
    for _ in 0..3 {
        queue.drain(&Scale);
        assert_eq!(queue.dead_letters()[0]["traceparent"], TRACE);
        let status = queue.status("p1");
        assert_eq!((status.state, status.trace.as_deref()), (State::DeadLettered, Some(TRACE)));
        let letter = queue.letter_ids()[0];
        queue.queue().redrive(letter).unwrap();
        let ingress = queue.keys.stream(Stream::Ingress).to_owned();
        assert_eq!(queue.entries(&ingress)[0]["traceparent"], TRACE);
    }
}
