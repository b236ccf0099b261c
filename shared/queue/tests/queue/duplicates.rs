//! Of several copies of a message the first valid one is confirmed, however they were sent.

use queue::{Enqueued, Redrive, Settings, State, Stream};

use crate::support::{BIKE, BY_BIKE, Courier, Scale, TestQueue, VAN, settings};

/// Drains all and returns all results, which are those of p1, and how many copies were dropped.
fn end_of_p1(queue: &mut TestQueue) -> (Vec<String>, i64) {
    queue.drain_rest();
    assert_eq!(queue.vanished(), 0);
    let results = queue.results().into_iter().map(|(_, result)| result).collect();
    (results, queue.totals().get("duplicates").copied().unwrap_or_default())
}

#[test]
fn the_first_copy_wins_inside_a_batch_and_across_batches_and_lanes() {
    for batch_size in [1, 2, 10] {
        for (copies, winner) in [
            (["p1 1", "p1 1", "p1 2"], "p1 of 1 by bike"),
            (["p1 30", "p1 1", "p1 2"], "p1 of 30 by van"),
            (["p1 1", "p1 30", "p1 40"], "p1 of 1 by bike"),
            (["p1 heavy", "p1 30", "p1 1"], "p1 of 30 by van"),
        ] {
            let mut queue = TestQueue::with(Settings { batch_size, ..settings() });
            for copy in copies {
                queue.add(Stream::Ingress, copy);
            }
            let broken = u64::from(copies[0] == "p1 heavy");
            let (results, duplicates) = end_of_p1(&mut queue);
            assert_eq!(results, [winner], "{copies:?} by {batch_size}");
            assert_eq!(duplicates as u64, 2 - broken, "{copies:?} by {batch_size}");
            assert_eq!(queue.dead_letters().len() as u64, broken);
            assert_eq!(queue.status("p1").state, State::Confirmed);
        }
    }
}

#[test]
fn a_copy_is_dropped_while_the_first_waits_in_its_lane_and_after_it_was_confirmed() {
    let mut queue = TestQueue::new();
    queue.add(Stream::Ingress, "p1 1");
    queue.drain(&Scale);
    queue.add(Stream::Ingress, "p1 30");
    assert_eq!(queue.drain(&Scale).duplicates, 1);
    queue.drain(&BY_BIKE);
    queue.enqueue(&["p1 40".to_owned()]);
    assert_eq!(queue.status("p1").state, State::Confirmed, "an enqueued copy sets nothing back");
    assert_eq!(end_of_p1(&mut queue), (vec!["p1 of 1 by bike".into()], 2));
}

#[test]
fn copies_in_one_enqueue_are_written_and_confirmed_once() {
    let mut queue = TestQueue::new();
    let copies: [(&str, &[u8]); 3] = [("p1", b"p1 1"), ("p1", b"p1 2"), ("p1", b"p1 30")];
    let enqueued = queue.queue().enqueue(&copies, 3, None).unwrap();
    assert_eq!(enqueued, Enqueued::Written { backlog: 3 });
    assert_eq!(end_of_p1(&mut queue), (vec!["p1 of 1 by bike".into()], 2));
}

#[test]
fn a_good_copy_of_a_message_that_died_before_it_was_routed_is_confirmed() {
    for discards in [false, true] {
        let mut queue = TestQueue::new();
        queue.add(Stream::Ingress, "p1 heavy");
        queue.drain(&Scale);
        let letter = queue.letter_ids()[0];
        if discards {
            assert!(queue.queue().discard(letter).unwrap());
        }
        queue.add(Stream::Ingress, "p1 1");
        queue.drain(&Scale);
        let status = queue.status("p1");
        assert_eq!((status.state, status.code), (State::Routed, None));
        assert_eq!(end_of_p1(&mut queue), (vec!["p1 of 1 by bike".into()], 0));
        // The old dead letter is still invalid after a redrive and does not affect the confirmed
        // message.
        if !discards {
            assert!(matches!(queue.queue().redrive(letter).unwrap(), Redrive::Redriven { .. }));
            assert_eq!(end_of_p1(&mut queue).0.len(), 1);
            assert_eq!(queue.status("p1").state, State::Confirmed);
        }
    }
}

#[test]
fn a_copy_of_a_message_that_died_in_its_lane_is_dropped_and_its_redrive_is_confirmed() {
    for discards in [false, true] {
        let mut queue = TestQueue::with(Settings { max_deliveries: 1, ..settings() });
        queue.add(Stream::Ingress, "p1 1");
        queue.drain(&Scale);
        queue.kill(BY_BIKE);
        let letter = queue.letter_ids()[0];
        if discards {
            queue.queue().discard(letter).unwrap();
        }
        queue.add(Stream::Ingress, "p1 1");
        assert_eq!(end_of_p1(&mut queue), (vec![], 1));
        if !discards {
            queue.queue().redrive(letter).unwrap();
            assert_eq!(end_of_p1(&mut queue), (vec!["p1 of 1 by bike".into()], 1));
        }
    }
}

#[test]
fn a_broken_copy_that_is_redriven_does_not_hide_that_the_message_died_in_its_lane() {
    let mut queue = TestQueue::new();
    for parcel in ["p1 100000", "p1 heavy"] {
        queue.add(Stream::Ingress, parcel);
        queue.drain_all();
    }
    let letters = queue.letter_ids();
    queue.queue().redrive(letters[1]).unwrap();
    assert_eq!(queue.status("p1").dead_letter, Some(letters[0].to_string()));
    queue.add(Stream::Ingress, "p1 1");
    assert_eq!(end_of_p1(&mut queue), (vec![], 1), "dead-lettered and confirmed");
}

#[test]
fn a_broken_copy_marks_nothing_dead_that_is_on_its_way_or_confirmed() {
    for (stream, is_confirmed) in
        [(Stream::Ingress, false), (Stream::Ingress, true), (BIKE, true), (VAN, true)]
    {
        let mut queue = TestQueue::new();
        queue.add(Stream::Ingress, "p1 1");
        queue.drain(&Scale);
        if is_confirmed {
            queue.drain(&BY_BIKE);
        }
        let before = queue.status("p1");
        queue.add(stream, "p1 heavy");
        match stream {
            Stream::Ingress => queue.drain(&Scale),
            Stream::Lane(_) => queue.drain(&Courier(stream)),
        };
        assert_eq!(queue.status("p1"), before, "{stream:?}");
        let letter = queue.letter_ids()[0];
        assert!(queue.queue().discard(letter).unwrap());
        assert_eq!(queue.status("p1"), before, "{stream:?} discarded");
        assert_eq!(end_of_p1(&mut queue).0, ["p1 of 1 by bike"]);
    }
}

#[test]
fn a_message_put_straight_into_a_lane_is_confirmed_from_there_once() {
    let mut queue = TestQueue::opened();
    let entry = queue.add(BIKE, "p1 1");
    queue.drain(&BY_BIKE);
    let status = queue.status("p1");
    assert_eq!((status.ingress.as_deref(), status.lane.as_deref()), (Some(&*entry), Some("bike")));
    queue.add(BIKE, "p1 2");
    queue.add(VAN, "p1 30");
    assert_eq!(end_of_p1(&mut queue), (vec!["p1 of 1 by bike".into()], 2));
}

#[test]
fn any_text_is_an_id() {
    let long = "x".repeat(100_000);
    let ids = ["", " ", "a b", "a\nb", "-", "\u{0}", "ü", "confirmed", &long];
    for id in ids {
        let mut queue = TestQueue::new();
        let role = Named(id);
        for _ in 0..2 {
            queue.queue().enqueue(&[(id, b"x"), (id, b"y")], 0, None).unwrap();
            queue.drain(&role);
            assert_eq!(queue.status(id).note.as_deref(), Some("a_note_"), "{id:?}");
            queue.drain(&Lane(Named(id)));
        }
        assert_eq!(queue.results(), [(id.to_owned(), "x".to_owned())]);
        assert_eq!(queue.totals()["duplicates"], 3, "{id:?}");
        let status = queue.status(id);
        assert_eq!((status.state, status.result), (State::Confirmed, Some(b"x".to_vec())));
    }
}

/// Routes and confirms everything under one id.
struct Named<'a>(&'a str);
struct Lane<'a>(Named<'a>);

impl queue::Role for Named<'_> {
    fn stream(&self) -> Stream {
        Stream::Ingress
    }

    fn decide(&self, _: &queue::Message, _: &[u8]) -> queue::Outcome {
        queue::Outcome::Route { id: self.0.into(), lane: "bike", note: "a note\n".into() }
    }
}

impl queue::Role for Lane<'_> {
    fn stream(&self) -> Stream {
        BIKE
    }

    fn decide(&self, _: &queue::Message, body: &[u8]) -> queue::Outcome {
        queue::Outcome::Confirm { id: self.0.0.into(), result: body.to_vec() }
    }
}

#[test]
fn a_record_that_somebody_broke_counts_as_none_and_holds_nothing_up() {
    let garbage = ["", " ", "x", "routed", "confirmed", "routed 1-1", "a  b", "queued - - - - 0 -"];
    for record in garbage {
        for stream in [Stream::Ingress, BIKE] {
            let mut queue = TestQueue::opened();
            let index = queue.keys.index().to_owned();
            for id in ["p1", "p2", "p3"] {
                let _: i64 = queue.ask(&["HSET", &index, id, record]);
            }
            assert_eq!(queue.queue().status("p1").unwrap(), None, "{record:?}");
            for parcel in ["p1 1", "p2 heavy"] {
                queue.add(stream, parcel);
            }
            let letters = [("p1", "bike"), ("p2", "ingress"), ("p3", "ingress")];
            let letters = letters.map(|(id, stream)| {
                let message = format!("{id} 1");
                queue.add_letter(
                    "*",
                    &[("message", &message), ("message_id", id), ("stream", stream)],
                )
            });
            queue.queue().recent(10).unwrap();
            assert_eq!(end_of_p1(&mut queue).0, ["p1 of 1 by bike"], "{record:?} {stream:?}");
            assert_eq!(queue.status("p2").state, State::DeadLettered, "{record:?}");
            for letter in &letters[..2] {
                queue.queue().redrive(*letter).unwrap();
            }
            assert!(queue.queue().discard(letters[2]).unwrap());
            end_of_p1(&mut queue);
            // A message that was dead-lettered in a lane stays so, even if copies arrive.
            let expected = if stream == BIKE { 1 } else { 2 };
            assert_eq!(queue.results().len(), expected, "{record:?} {stream:?}");
        }
    }
}
