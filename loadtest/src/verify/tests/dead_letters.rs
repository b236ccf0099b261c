//! Dead letters, those that are redriven and those from before.

use orders::pipeline::{Distributor, Receiver};
use queue::{Message, Outcome, Role};
use redis::streams::StreamRangeReply;

use super::*;

#[test]
fn a_second_dead_letter_counts_twice_while_the_first_is_there() {
    let broken = b"{broken".as_slice();
    for (is_redriven, confirmed_twice) in [(true, 0), (false, 1)] {
        let mut queue = Queue::start();
        let mut verifier = queue.verifier(&Arc::new(Source::list(vec![broken.to_vec()])));
        verifier.sent(queued(0, 1_000)).unwrap();
        let letter = queue.dead_letter_after(0, "invalid_json", at(1_000), broken);
        while verifier.look(&mut queue.patient, 1).unwrap() {}
        if is_redriven {
            queue.redrive(&letter, 1_000, 2_000);
        }
        queue.dead_letter_after(1, "invalid_json", at(1_000), broken);
        assert_eq!(counts(&closed(verifier, &mut queue)), [0, 1, 0, confirmed_twice, 0]);
    }
}

impl Queue {
    /// A dead letter of an order that had been redriven so often.
    fn dead_letter_after(
        &mut self,
        redrives: u32,
        code: &str,
        entry_id: EntryId,
        order: &[u8],
    ) -> String {
        let (ingress, redrives) = (entry_id.to_string(), redrives.to_string());
        let fields = [
            ("code", code.as_bytes()),
            ("ingress", ingress.as_bytes()),
            ("order", order),
            ("redrives", redrives.as_bytes()),
        ];
        self.redis.inner().xadd(self.keys.dead_letters(), "*", &fields).unwrap()
    }

    /// Takes a letter away, as a redrive does. Returns the line of history that it leaves.
    fn redrive(&mut self, letter: &str, ingress: u64, to: u64) -> String {
        let _: u64 = self.redis.inner().xdel(self.keys.dead_letters(), &[letter]).unwrap();
        format!("\nredriven too_many_deliveries simple {letter} {to}-0 {ingress}-0 5")
    }
}

fn counts(report: &Report) -> [u64; 5] {
    [report.confirmed, report.dead_lettered, report.lost, report.confirmed_twice, report.wrong]
}

#[test]
fn an_order_that_is_redriven_counts_by_its_last_outcome() {
    // It is confirmed, dead-lettered once more, or still waits. The letters are read as they come, or
    // only what is left is read at the end.
    for (last, expected, late) in [
        ("confirmed", [1, 0, 0, 0, 0], 0),
        ("dead", [0, 0, 0, 0, 1], 0),
        ("waiting", [0, 0, 0, 0, 0], 1),
    ] {
        for is_read in [true, false] {
            let mut queue = Queue::start();
            let order = orders(1).remove(0);
            let mut verifier = queue.verifier(&Arc::new(Source::list(vec![order.clone()])));
            verifier.sent(queued(0, 1_000)).unwrap();
            let dead = "too_many_deliveries";
            let letter = queue.dead_letter_after(0, dead, at(1_000), &order);
            if is_read {
                while verifier.look(&mut queue.patient, 1).unwrap() {}
                assert!(verifier.is_settled());
            }
            let past = queue.redrive(&letter, 1_000, 2_000);
            match last {
                "confirmed" => {
                    let entry = queue.confirm(&order, at(1_000));
                    let record = format!("confirmed {entry} 1000-0 simple 2000-0 1 - -{past}");
                    queue.record(&order, &record);
                }
                "dead" => {
                    queue.dead_letter_after(1, dead, at(1_000), &order);
                }
                _ => {
                    queue.wait_in_lane(&order, at(1_000), at(2_000));
                    queue
                        .record(&order, &format!("routed 2000-0 1000-0 simple 2000-0 1 - -{past}"));
                }
            }
            if is_read {
                while verifier.look(&mut queue.patient, 1).unwrap() {}
            }
            let report = closed(verifier, &mut queue);
            assert_eq!((counts(&report), report.late), (expected, late), "{last} {is_read}");
        }
    }
}

#[test]
fn an_invalid_order_that_is_redriven_is_one_dead_letter_or_late() {
    for (is_again, is_read, expected, late) in [
        (true, true, [0, 1, 0, 0, 0], 0),
        (true, false, [0, 1, 0, 0, 0], 0),
        (false, false, [0, 0, 0, 0, 0], 1),
    ] {
        let mut queue = Queue::start();
        let order = b"{broken".to_vec();
        let mut verifier = queue.verifier(&Arc::new(Source::list(vec![order.clone()])));
        verifier.sent(queued(0, 1_000)).unwrap();
        let letter = queue.dead_letter_after(0, "invalid_json", at(1_000), &order);
        if is_read {
            verifier.look(&mut queue.patient, 1).unwrap();
        }
        queue.redrive(&letter, 1_000, 2_000);
        if is_again {
            queue.dead_letter_after(1, "invalid_json", at(2_000), &order);
        } else {
            let fields = [("order", order.as_slice()), ("redrives", b"1")];
            let ingress = queue.keys.stream(Stream::Ingress);
            let _: String = queue.redis.inner().xadd(ingress, "*", &fields).unwrap();
        }
        let report = closed(verifier, &mut queue);
        assert_eq!((counts(&report), report.late), (expected, late), "{is_again} {is_read}");
    }
}

#[test]
fn a_confirmed_order_whose_dead_letter_stays_is_found_twice() {
    // The last is of a copy that another sender wrote.
    for (ingress, has_id, is_redriven, twice) in [
        ("1000-0", true, false, 1),
        ("1000-0", false, false, 1),
        ("1000-0", true, true, 0),
        ("900-0", true, false, 0),
    ] {
        let mut queue = Queue::start();
        let order = orders(1).remove(0);
        let mut verifier = queue.verifier(&Arc::new(Source::list(vec![order.clone()])));
        verifier.sent(queued(0, 1_000)).unwrap();
        let entry = queue.confirm(&order, at(1_000));
        verifier.look(&mut queue.patient, 1).unwrap();
        let id = fate(&order).unwrap().to_string();
        let mut fields = vec![("code", "too_many_deliveries"), ("ingress", ingress)];
        fields.extend(has_id.then_some(("order_id", id.as_str())));
        let letter: String =
            queue.redis.inner().xadd(queue.keys.dead_letters(), "*", &fields).unwrap();
        verifier.look(&mut queue.patient, 1).unwrap();
        let past = if is_redriven { queue.redrive(&letter, 1_000, 2_000) } else { String::new() };
        let past = past.replace("redriven", "duplicate");
        queue.record(&order, &format!("confirmed {entry} 1000-0 simple 1001-0 0 - -{past}"));
        let report = closed(verifier, &mut queue);
        assert_eq!(counts(&report), [1, 0, 0, twice, 0], "{ingress} {has_id} {is_redriven}");
    }
}

#[test]
fn a_copy_of_an_order_that_is_a_dead_letter_already_is_not_lost() {
    for (state, expected) in [("dead-lettered", "was not redriven"), ("discarded", "was discarded")]
    {
        let mut queue = Queue::start();
        let orders = orders(2);
        queue.record(&orders[0], &format!("{state} 700-0 500-0 simple 501-0 0 - -"));
        // Not by a lane: the queue would have routed the new copy.
        queue.record(&orders[1], &format!("{state} 700-1 500-1 - - 0 - -"));
        let copies = vec![orders[0].clone(), orders[0].clone(), orders[1].clone()];
        let mut verifier = queue.verifier(&Arc::new(Source::list(copies)));
        (0..3).for_each(|position| verifier.sent(queued(position, 1_000 + position)).unwrap());
        let report = closed(verifier, &mut queue);
        assert_eq!((counts(&report), report.duplicate_deliveries), ([0, 0, 1, 0, 1], 1));
        let Wrong { order, why } = &report.failures.wrong[0];
        assert_eq!(*order, fate(&orders[0]).unwrap().to_string());
        assert!(why.contains("dead letter 700-0") && why.contains(expected), "{why}");
    }
}

#[test]
fn the_records_of_a_page_of_unclear_confirmations_are_asked_for_at_once() {
    let mut queue = Queue::start();
    let orders = orders(100);
    let mut verifier = queue.verifier(&Arc::new(Source::list(orders.clone())));
    for (position, order) in (0..).zip(&orders) {
        verifier.sent(queued(position, 2_000)).unwrap();
        // A copy of another sender came first.
        let entry = queue.confirm(order, at(1_000));
        queue.record(order, &format!("confirmed {entry} 1000-0 simple 1001-0 0 - -"));
    }
    let mut calls = || {
        let mut stats = redis::cmd("INFO");
        let stats: redis::InfoDict = stats.arg("commandstats").query(queue.redis.inner()).unwrap();
        let calls = stats.get::<String>("cmdstat_hmget").unwrap_or_default();
        let calls = calls.strip_prefix("calls=").and_then(|calls| calls.split(',').next());
        calls.map_or(0, |calls| calls.parse::<u64>().unwrap())
    };
    let before = calls();
    verifier.look(&mut queue.patient, 1).unwrap();
    assert!(calls() - before <= 2, "one for each generation of the index");
    assert_eq!(closed(verifier, &mut queue).confirmed, 100);
}

#[test]
fn an_invalid_order_whose_entry_is_unknown_is_found_by_its_dead_letter() {
    let mut queue = Queue::start();
    let source = Arc::new(Source::list(vec![b"{broken".to_vec(), b"{other".to_vec()]));
    let mut verifier = queue.verifier(&source);
    for position in 0..2 {
        verifier.sent(Answered::at_once(position, Answer::Queued(None))).unwrap();
    }
    queue.dead_letter_of("invalid_json", at(7), "{other");
    let verdict = closed(verifier, &mut queue);
    assert_eq!((verdict.dead_lettered, verdict.lost), (1, 1));
    assert_eq!(verdict.failures.lost, ["#0"]);
}

/// A receiver that fails at every order.
struct Fails;

impl Role for Fails {
    fn stream(&self) -> Stream {
        orders::pipeline::SIMPLE
    }

    fn decide(&self, _: &Message, order: &[u8]) -> Outcome {
        let (code, errors) = ("too_many_deliveries".into(), b"[]".to_vec());
        Outcome::DeadLetter { id: fate(order).ok().map(|id| id.to_string()), code, errors }
    }
}

impl Queue {
    fn add(&mut self, order: &[u8]) -> Answer {
        let ingress = self.keys.stream(Stream::Ingress);
        let id: String = self.redis.inner().xadd(ingress, "*", &[("order", order)]).unwrap();
        Answer::Queued(EntryId::parse(&id))
    }

    fn drain(&mut self, role: &impl Role) {
        let settings = queue::Settings { linger_ms: 0, ..orders::pipeline::settings() };
        let mut queue = queue::Queue::new(&mut self.redis, &settings);
        queue::drain(&mut queue, role, &mut || Duration::ZERO).1.unwrap();
    }

    fn redrive_all(&mut self) {
        let letters: StreamRangeReply =
            self.redis.inner().xrange_all(self.keys.dead_letters()).unwrap();
        for letter in letters.ids {
            let settings = orders::pipeline::settings();
            let mut queue = queue::Queue::new(&mut self.redis, &settings);
            queue.redrive(EntryId::parse(&letter.id).unwrap()).unwrap();
        }
    }
}

#[test]
fn redrives_by_the_scripts_of_the_queue_are_recognised() {
    let distributor = Distributor { complexity_threshold: THRESHOLD };
    let receiver = Receiver { lane: Lane::Simple };
    let times = Times { queued_at_ms: 0, decided_at_ms: 0 };
    let is_simple = |order: &Vec<u8>| {
        matches!(expect::confirmation(order, THRESHOLD, times), Some((Lane::Simple, _)))
    };
    let simple = orders(100).into_iter().find(is_simple).unwrap();
    let source = Arc::new(Source::list(vec![simple.clone(), b"{broken".to_vec()]));
    let mut queue = Queue::start();
    let send = |queue: &mut Queue, verifier: &mut Verifier| {
        for position in 0..2 {
            let answer = queue.add(&source.order(position).unwrap());
            verifier.sent(Answered::at_once(position, answer)).unwrap();
        }
        queue.drain(&distributor);
    };

    // A run leaves the order as a dead letter.
    let mut verifier = queue.verifier(&source);
    send(&mut queue, &mut verifier);
    queue.drain(&Fails);
    assert_eq!(counts(&closed(verifier, &mut queue)), [0, 1, 0, 0, 1]);

    // The next one sends it again: the queue does not route the copy.
    let mut verifier = queue.verifier(&source);
    send(&mut queue, &mut verifier);
    queue.drain(&receiver);
    let report = closed(verifier, &mut queue);
    assert_eq!(counts(&report), [0, 1, 0, 0, 1]);
    assert!(report.failures.wrong[0].why.contains("was not redriven"));

    // All are redriven while the third one runs.
    let mut verifier = queue.verifier(&source);
    send(&mut queue, &mut verifier);
    while verifier.look(&mut queue.patient, 1).unwrap() {}
    queue.redrive_all();
    queue.drain(&distributor);
    queue.drain(&Fails);
    while verifier.look(&mut queue.patient, 1).unwrap() {}
    queue.redrive_all();
    queue.drain(&distributor);
    queue.drain(&receiver);
    assert_eq!(counts(&closed(verifier, &mut queue)), [1, 1, 0, 0, 0]);
}
