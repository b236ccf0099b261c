//! Every step is a crash window: a program crashes at its n-th command, before or after Redis
//! executed it, for every n. Then new drains do the rest, and the results must be correct each
//! time.

use std::time::Duration;

use queue::{Enqueued, Execute, Queue, Redrive, Role, Settings, Stream, drain};

use crate::support::{
    BIKE, BY_BIKE, BY_VAN, Mortal, STREAMS, Scale, TestQueue, VAN, id_of, parcel, settings,
};

/// Calls `run` with each command at which to crash, before and after it, until `run` returns that
/// it did not crash.
fn die_everywhere(commands: u32, mut run: impl FnMut(u32, bool) -> bool) {
    for is_carried_out in [false, true] {
        let lived_at = (1..1_000).find(|n| run(*n, is_carried_out)).unwrap();
        assert!(lived_at > commands, "{lived_at} commands are fewer than there must be");
    }
}

fn lives<R: Role>(queue: &mut Queue<'_, Mortal<'_>>, role: &R) -> bool {
    drain(queue, role, &mut || Duration::ZERO).1.is_ok()
}

#[test]
fn whatever_command_a_drain_dies_at_every_message_ends_once() {
    let good: Vec<String> = (0..14).map(parcel).collect();
    // With a linger, each of the three drains waits by XREAD after its last batch and looks once
    // more.
    for (linger_ms, commands) in [(0, 13), (1, 19)] {
        let settings = Settings { batch_size: 6, linger_ms, ..settings() };
        let mut queue = TestQueue::punctual(settings);
        queue.add_parcels(0..14);
        for other in ["p3 13", "p4 9", "p40 heavy", "no parcel", "p41 300000"] {
            queue.add(Stream::Ingress, other);
        }
        for stream in STREAMS {
            queue.set_busy(stream);
        }
        let sent = queue.everything();
        die_everywhere(commands, |left, is_carried_out| {
            queue.restore(&sent);
            let mut mortal = Mortal { inner: &mut queue.redis, left, is_carried_out };
            let mut handle = Queue::new(&mut mortal, &queue.settings);
            let lived = lives(&mut handle, &Scale)
                && lives(&mut handle, &BY_BIKE)
                && lives(&mut handle, &BY_VAN);
            queue.drain_rest();
            queue.assert_confirmed(&good);
            let letters = queue.dead_letters().into_iter();
            let mut codes: Vec<_> = letters.map(|mut letter| letter.remove("code")).collect();
            codes.sort();
            let expected = ["no_weight", "no_weight", "too_heavy"].map(|code| Some(code.into()));
            assert_eq!(codes, expected, "{left} {is_carried_out}");
            let totals = queue.totals();
            let confirmed = totals["confirmed_bike"] + totals["confirmed_van"];
            assert_eq!((totals["duplicates"], confirmed), (2, 14), "{left} {is_carried_out}");
            assert_eq!((totals["waiting_bike"], totals["waiting_van"]), (0, 0));
            assert_eq!(queue.vanished(), 0, "{left} {is_carried_out}");
            lived
        });
    }
}

#[test]
fn whatever_command_a_drain_of_overdue_batches_dies_at_every_message_ends_once() {
    let mut queue = TestQueue::with(Settings { batch_size: 4, ..settings() });
    let good: Vec<String> = (0..9).map(parcel).collect();
    die_everywhere(8, |left, is_carried_out| {
        let _: () = queue.ask(&["FLUSHALL"]);
        queue.add_parcels(0..9);
        queue.drain(&Scale);
        for role in [BY_BIKE, BY_VAN] {
            queue.hold(&role);
        }
        queue.age_pending();
        let mut mortal = Mortal { inner: &mut queue.redis, left, is_carried_out };
        let mut handle = Queue::new(&mut mortal, &queue.settings);
        let lived = lives(&mut handle, &BY_BIKE) && lives(&mut handle, &BY_VAN);
        queue.drain_rest();
        queue.assert_confirmed(&good);
        assert_eq!(queue.vanished(), 0, "{left} {is_carried_out}");
        lived
    });
}

#[test]
fn whatever_command_a_redrive_dies_at_doing_it_again_confirms_the_message_once() {
    // From ingress, and from a lane, where nobody behind it looks for duplicates.
    for stream in [Stream::Ingress, VAN] {
        die_everywhere(2, |left, is_carried_out| {
            let mut queue = TestQueue::new();
            let fields = [("message", "p0 10"), ("message_id", "p0"), ("stream", stream.as_str())];
            let letter = queue.add_letter("*", &fields);
            let mut mortal = Mortal { inner: &mut queue.redis, left, is_carried_out };
            let lived = Queue::new(&mut mortal, &queue.settings).redrive(letter).is_ok();
            let is_there = queue.queue().dead_letter(letter).unwrap().is_some();
            let again = queue.queue().redrive(letter).unwrap();
            assert_eq!(is_there, matches!(again, Redrive::Redriven { .. }), "{left} {again:?}");
            queue.drain_all();
            queue.assert_confirmed(&[parcel(0)]);
            assert_eq!((queue.totals()["redriven"], queue.totals().get("duplicates")), (1, None));
            lived
        });
    }
}

#[test]
fn whatever_command_an_enqueue_dies_at_sending_it_again_confirms_the_messages_once() {
    die_everywhere(2, |left, is_carried_out| {
        let mut queue = TestQueue::new();
        let parcels: Vec<String> = (0..5).map(parcel).collect();
        let messages: Vec<(&str, &[u8])> =
            parcels.iter().map(|parcel| (id_of(parcel), parcel.as_bytes())).collect();
        let mut mortal = Mortal { inner: &mut queue.redis, left, is_carried_out };
        let sent = Queue::new(&mut mortal, &queue.settings).enqueue(&messages, 0, None);
        assert!([0, 5].contains(&queue.length(Stream::Ingress)), "all or none");
        let backlog = queue.length(Stream::Ingress) + 5;
        let again = queue.queue().enqueue(&messages, 0, None).unwrap();
        assert_eq!(again, Enqueued::Written { backlog });
        queue.drain_all();
        queue.assert_confirmed(&parcels);
        sent.is_ok()
    });
}

fn pause_or_resume<E: Execute>(queue: &mut Queue<'_, E>, resumes: bool) -> bool {
    if resumes { queue.resume(BIKE).is_ok() } else { queue.pause(BIKE, "x").is_ok() }
}

#[test]
fn a_pause_or_resume_that_dies_half_way_can_be_asked_for_again() {
    for resumes in [false, true] {
        die_everywhere(2, |left, is_carried_out| {
            let mut queue = TestQueue::new();
            let parcels = queue.add_parcels(0..9);
            if resumes {
                queue.queue().pause(BIKE, "x").unwrap();
            }
            let mut mortal = Mortal { inner: &mut queue.redis, left, is_carried_out };
            let lived = pause_or_resume(&mut Queue::new(&mut mortal, &queue.settings), resumes);
            assert!(pause_or_resume(&mut queue.queue(), resumes));
            queue.drain_all();
            assert_eq!(queue.length(BIKE), u64::from(!resumes), "{left} {is_carried_out}");
            queue.queue().resume(BIKE).unwrap();
            queue.drain_all();
            queue.assert_confirmed(&parcels);
            lived
        });
    }
}
