//! The verifier on forged results.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};
use native::RedisConnection;
use orders::{Times, pipeline::STREAMS};
use private_redis::RedisServer;
use queue::{Keys, Stream};
use redis::Commands;

use super::outcomes::FOREIGN_AFTER_MS;
use super::*;
use crate::generate::Generator;
use crate::options::Recipe;
use crate::report::{Door, Interval, Via};

mod dead_letters;
mod kept;

const THRESHOLD: u32 = 50;

/// A queue without an app: the test is the pipeline.
struct Queue {
    redis: RedisConnection,
    patient: PatientRedis,
    keys: Keys,
    _server: RedisServer,
}

impl Queue {
    fn start() -> Self {
        let server = RedisServer::start().unwrap();
        let redis = RedisConnection::open(&server.url()).unwrap();
        let patient = PatientRedis::open(&server.url(), Duration::ZERO, || false).unwrap();
        let keys = Keys::new(&orders::pipeline::settings());
        Self { redis, patient, keys, _server: server }
    }

    fn verifier(&mut self, source: &Arc<Source>) -> Verifier {
        let count = source.len().unwrap_or_default();
        let results = Results::before(&mut self.redis, &self.keys, source.identities(count));
        let via = Via { door: Door::Redis, connections: 1, batch: 1 };
        let report = Report { via, complexity_threshold: THRESHOLD, ..Report::default() };
        Verifier::new(Arc::clone(source), results.unwrap(), report)
    }

    fn wait_in_lane(&mut self, order: &[u8], ingress: EntryId, entry: EntryId) {
        let (lane, batch) = (self.keys.stream(STREAMS[1]), [(ingress.to_string(), order)]);
        let () = self.redis.inner().xadd(lane, entry.to_string(), &batch).unwrap();
    }

    fn confirm(&mut self, order: &[u8], entry_id: EntryId) -> String {
        self.confirm_decided(order, entry_id, entry_id.ms() as i64)
    }

    /// Returns the entry of the confirmation.
    fn confirm_decided(&mut self, order: &[u8], entry_id: EntryId, decided_at_ms: i64) -> String {
        let id = fate(order).unwrap().to_string();
        let times = Times { queued_at_ms: entry_id.ms() as i64, decided_at_ms };
        let (_, confirmation) = expect::confirmation(order, THRESHOLD, times).unwrap();
        let fields = [("order_id", id.as_bytes()), ("confirmation", &confirmation)];
        self.redis.inner().xadd(self.keys.results(), "*", &fields).unwrap()
    }

    fn record(&mut self, order: &[u8], record: &str) {
        let id = fate(order).unwrap().to_string();
        let _: () = self.redis.inner().hset(self.keys.index(), id, record).unwrap();
    }

    fn dead_letter(&mut self, code: &str, entry_id: EntryId) {
        self.dead_letter_of(code, entry_id, "");
    }

    fn dead_letter_of(&mut self, code: &str, entry_id: EntryId, order: &str) {
        let ingress = entry_id.to_string();
        let fields = [("code", code), ("ingress", &ingress), ("order", order)];
        let _: String = self.redis.inner().xadd(self.keys.dead_letters(), "*", &fields).unwrap();
    }
}

fn closed(verifier: Verifier, queue: &mut Queue) -> Report {
    let (report, result) = verifier.close(&mut queue.patient);
    result.unwrap();
    let sum = |of: fn(&Interval) -> u64| report.timeline.intervals.iter().map(of).sum::<u64>();
    let timeline = [sum(|one| one.confirmed), sum(|one| one.dead_lettered)];
    assert_eq!(timeline, [report.confirmed - report.confirmed_before(), report.dead_lettered]);
    report
}

fn orders(count: u64) -> Vec<Vec<u8>> {
    let generator = Generator::new(Recipe { seed: 1, prescriptions: 0.0, mutated: 0.0 }, 0);
    (1..=count).map(|number| generator.order(number)).collect()
}

fn at(ms: u64) -> EntryId {
    EntryId::parse(&format!("{ms}-0")).unwrap()
}

fn queued(position: u64, ms: u64) -> Answered {
    Answered::at_once(position, Answer::Queued(Some(at(ms))))
}

#[test]
fn a_copy_that_is_sent_later_and_confirmed_again_is_confirmed_twice() {
    let mut queue = Queue::start();
    let order = orders(1).remove(0);
    let source = Arc::new(Source::list(vec![order.clone(), order.clone()]));
    let mut verifier = queue.verifier(&source);
    verifier.sent(queued(0, 1_000)).unwrap();
    queue.confirm(&order, at(1_000));
    while verifier.look(&mut queue.patient, 1).unwrap() {}
    verifier.sent(queued(1, 2_000)).unwrap();
    queue.confirm(&order, at(2_000));
    let verdict = closed(verifier, &mut queue);
    assert_eq!(
        (verdict.confirmed, verdict.confirmed_twice, verdict.duplicate_deliveries),
        (1, 1, 1)
    );
    assert!(!verdict.is_clean());
}

#[test]
fn a_result_that_is_read_before_the_answer_to_its_sender_is_kept() {
    let mut queue = Queue::start();
    let orders = orders(2);
    let source = Arc::new(Source::list(vec![orders[0].clone(), b"{broken".to_vec()]));
    let mut verifier = queue.verifier(&source);
    queue.confirm(&orders[0], at(1_000));
    queue.dead_letter("invalid_json", at(1_001));
    assert!(verifier.look(&mut queue.patient, 1).unwrap());
    assert!(!verifier.look(&mut queue.patient, 1).unwrap());
    verifier.sent(queued(0, 1_000)).unwrap();
    verifier.sent(queued(1, 1_001)).unwrap();
    let verdict = closed(verifier, &mut queue);
    assert_eq!((verdict.confirmed, verdict.dead_lettered), (1, 1));
    assert!(verdict.is_clean());
}

#[test]
fn what_was_never_sent_must_not_be_confirmed() {
    let mut queue = Queue::start();
    let orders = orders(1);
    let source = Arc::new(Source::list(orders.clone()));
    let verifier = queue.verifier(&source);
    queue.confirm(&orders[0], at(1_000));
    let verdict = closed(verifier, &mut queue);
    assert_eq!((verdict.confirmed, verdict.wrong), (0, 1));
}

#[test]
fn an_order_that_was_not_taken_and_is_processed_anyway_is_told_apart() {
    let mut queue = Queue::start();
    let orders = orders(3);
    let source = Arc::new(Source::list(orders.clone()));
    let mut verifier = queue.verifier(&source);
    for position in 0..3 {
        let answer = Answer::Rejected("redis: the connection broke".into());
        verifier.sent(Answered::at_once(position, answer)).unwrap();
    }
    queue.record(&orders[1], "routed 1001-0 1000-0 simple 1001-0 0 - -");
    queue.confirm(&orders[1], at(1_000));
    let verdict = closed(verifier, &mut queue);
    assert!(verdict.is_clean());
    assert_eq!((verdict.confirmed, verdict.rejected[0].orders), (1, 3));
    assert_eq!(verdict.rejected[0].processed_anyway, 1);
}

#[test]
fn orders_that_the_queue_still_has_are_late_and_the_others_lost() {
    let mut queue = Queue::start();
    let orders = orders(5);
    let source = Arc::new(Source::list(orders.clone()));
    let mut verifier = queue.verifier(&source);
    // One waits in ingress, one in a lane, one has only a record, two are gone.
    let (ingress, fields) = (queue.keys.stream(Stream::Ingress), [("order", &orders[0])]);
    let waiting: String = queue.redis.inner().xadd(ingress, "*", &fields).unwrap();
    queue.wait_in_lane(&orders[1], at(1), at(2));
    orders[1..3].iter().for_each(|order| queue.record(order, "routed 2-0 1-0 simple 2-0 0 - -"));
    let waiting = EntryId::parse(&waiting).unwrap();
    verifier.sent(Answered::at_once(0, Answer::Queued(Some(waiting)))).unwrap();
    (1..5).for_each(|position| verifier.sent(queued(position, waiting.ms() + position)).unwrap());
    assert!(!verifier.is_settled());
    let verdict = closed(verifier, &mut queue);
    assert_eq!((verdict.lost, verdict.late), (3, 2));
    assert_eq!(verdict.failures.lost.len(), 3, "late orders are not named as lost");
}

#[test]
fn orders_that_an_earlier_run_has_left_on_their_way_are_confirmed_as_queued_then() {
    let mut queue = Queue::start();
    let orders = orders(1);
    queue.record(&orders[0], "routed 501-0 500-0 simple 501-0 0 - -");
    let source = Arc::new(Source::list(orders.clone()));
    let mut verifier = queue.verifier(&source);
    verifier.sent(queued(0, 1_000)).unwrap();
    queue.confirm(&orders[0], at(500));
    let verdict = closed(verifier, &mut queue);
    assert!(verdict.is_clean());
    assert_eq!(verdict.confirmed, 1);
}

#[test]
fn a_second_dead_letter_of_an_order_without_an_identity_counts_after_its_page_is_gone() {
    let mut queue = Queue::start();
    // A page of the ledger, and one order more.
    let count = 4_097;
    let source = Arc::new(Source::list(vec![b"{broken".to_vec(); count]));
    let mut verifier = queue.verifier(&source);
    for position in 0..count as u64 {
        verifier.sent(queued(position, position + 1)).unwrap();
        queue.dead_letter("invalid_json", at(position + 1));
    }
    while verifier.look(&mut queue.patient, 1).unwrap() {}
    assert!(verifier.is_settled());
    queue.dead_letter("invalid_json", at(1));
    let verdict = closed(verifier, &mut queue);
    assert_eq!((verdict.dead_lettered, verdict.confirmed_twice), (count as u64, 1));
}

#[test]
fn orders_whose_entry_is_unknown_are_found_by_their_records() {
    let mut queue = Queue::start();
    let orders = orders(1);
    let source = Arc::new(Source::list(orders.clone()));
    let mut verifier = queue.verifier(&source);
    verifier.sent(Answered::at_once(0, Answer::Queued(None))).unwrap();
    queue.record(&orders[0], "routed 1001-0 1000-0 simple 1001-0 0 - -");
    queue.confirm(&orders[0], at(1_000));
    let verdict = closed(verifier, &mut queue);
    assert_eq!((verdict.confirmed, verdict.wrong), (1, 0));
}

#[test]
fn an_order_whose_entry_is_unknown_is_late_while_it_is_in_ingress() {
    let mut queue = Queue::start();
    let orders = orders(2);
    let source = Arc::new(Source::list(orders.clone()));
    let mut verifier = queue.verifier(&source);
    let fields = [("order", orders[1].as_slice())];
    let ingress = queue.keys.stream(Stream::Ingress).to_owned();
    let _: String = queue.redis.inner().xadd(ingress, "*", &fields).unwrap();
    for position in 0..2 {
        verifier.sent(Answered::at_once(position, Answer::Queued(None))).unwrap();
    }
    let verdict = closed(verifier, &mut queue);
    assert_eq!((verdict.lost, verdict.late), (1, 1));
}

#[test]
fn orders_are_sent_late_in_the_interval_in_which_they_were_due() {
    let mut queue = Queue::start();
    let source = Arc::new(Source::list(orders(3)));
    let mut verifier = queue.verifier(&source);
    for (position, due_us, sent_us) in [(0, 0, 99_000), (1, 20_000, 121_000), (2, 25_000, 26_000)] {
        let answer = Answer::Queued(Some(at(position + 1)));
        let times = Answered { position, due_us, sent_us, acknowledged_us: sent_us, answer };
        verifier.sent(times).unwrap();
    }
    let timeline = closed(verifier, &mut queue).timeline;
    let late: Vec<u64> = timeline.intervals.iter().map(|interval| interval.sent_late).collect();
    assert_eq!(late, [0, 0, 1]);
}

#[test]
fn dead_letters_of_others_are_forgotten_in_time() {
    let mut queue = Queue::start();
    let source = Arc::new(Source::list(orders(1)));
    let mut verifier = queue.verifier(&source);
    (0..100).for_each(|number| queue.dead_letter("invalid_json", at(number + 1)));
    verifier.look(&mut queue.patient, 1).unwrap();
    assert_eq!(verifier.early.1.len(), 100, "they may be ours: their answers may still come");
    // More than a minute later by the clock of Redis.
    let later = verifier.newest_ms + FOREIGN_AFTER_MS + 1;
    verifier.sent(queued(0, later)).unwrap();
    verifier.look(&mut queue.patient, 1).unwrap();
    assert_eq!(verifier.early.1.len(), 0);
}

#[test]
fn a_decision_before_the_order_was_queued_or_after_it_was_confirmed_is_wrong() {
    const FAR_AHEAD: i64 = 4_000_000_000_000;
    for (decided_at_ms, wrong) in [(1_000, 0), (1_500, 0), (FAR_AHEAD, 1)] {
        let mut queue = Queue::start();
        let order = orders(1).remove(0);
        let mut verifier = queue.verifier(&Arc::new(Source::list(vec![order.clone()])));
        verifier.sent(queued(0, 1_000)).unwrap();
        queue.confirm_decided(&order, at(1_000), decided_at_ms);
        let verdict = closed(verifier, &mut queue);
        assert_eq!((verdict.confirmed, verdict.wrong), (1 - wrong, wrong), "{decided_at_ms}");
    }
    // A confirmation that was computed for another order time.
    let mut queue = Queue::start();
    let order = orders(1).remove(0);
    let mut verifier = queue.verifier(&Arc::new(Source::list(vec![order.clone()])));
    verifier.sent(queued(0, 2_000)).unwrap();
    queue.confirm_decided(&order, at(1_000), 1_500);
    let verdict = closed(verifier, &mut queue);
    assert_eq!((verdict.confirmed, verdict.wrong), (0, 1));
}

#[test]
fn a_record_of_the_older_generation_of_the_index_counts_as_well() {
    let mut queue = Queue::start();
    let orders = orders(3);
    let ids: Vec<Uuid> = orders.iter().map(|order| fate(order).unwrap()).collect();
    let record = |ingress: &str| format!("routed 9-0 {ingress} simple 9-0 0 50/prism:50 -");
    queue.record(&orders[0], &record("1-0"));
    let (current, previous) = (queue.keys.index(), queue.keys.previous_index());
    let _: () = redis::cmd("RENAME").arg(current).arg(previous).query(queue.redis.inner()).unwrap();
    queue.record(&orders[1], &record("2-0"));
    let found = results::records(&mut queue.redis, &queue.keys, &ids).unwrap();
    let ingress = found.into_iter().map(|record| record?.ingress).collect::<Vec<_>>();
    assert_eq!(ingress, [Some("1-0".into()), Some("2-0".into()), None]);
}

#[test]
fn an_order_whose_copy_another_sender_sent_first_is_confirmed() {
    // The other copy is confirmed before this run reads results, or afterwards.
    for is_before in [true, false] {
        let mut queue = Queue::start();
        let order = orders(1).remove(0);
        let source = Arc::new(Source::list(vec![order.clone()]));
        let before = is_before.then(|| queue.confirm(&order, at(1_000)));
        let mut verifier = queue.verifier(&source);
        let entry = before.unwrap_or_else(|| queue.confirm(&order, at(1_000)));
        queue.record(&order, &format!("confirmed {entry} 1000-0 simple {entry} 0 - -"));
        verifier.sent(queued(0, 2_000)).unwrap();
        let verdict = closed(verifier, &mut queue);
        assert_eq!((verdict.confirmed, verdict.lost, verdict.wrong), (1, 0, 0), "{is_before}");
        assert_eq!(verdict.confirmed_twice, 0);
    }
}

#[test]
fn a_confirmation_that_is_both_known_and_read_counts_once() {
    let mut queue = Queue::start();
    let order = orders(1).remove(0);
    let source = Arc::new(Source::list(vec![order.clone()]));
    let mut verifier = queue.verifier(&source);
    // As if it came between the two looks before the run.
    let confirmed = EntryId::parse(&queue.confirm(&order, at(1_000))).unwrap();
    let known = results::Known { ingress: at(1_000), confirmed };
    verifier.results.known.insert(fate(&order).unwrap(), known);
    verifier.sent(queued(0, 2_000)).unwrap();
    let verdict = closed(verifier, &mut queue);
    assert_eq!((verdict.confirmed, verdict.confirmed_twice), (1, 0));
}

#[test]
fn confirmations_past_retention_are_late_and_an_error_and_deleted_ones_are_lost() {
    // Of an earlier run whose results are all gone; with an older result in place; of this run.
    for (has_older, hours, lost) in [(false, 1, 0), (true, 1, 2), (false, -1, 2)] {
        let mut queue = Queue::start();
        let orders = orders(3);
        if has_older {
            queue.confirm(&orders[2], at(1));
        }
        let mut verifier = queue.verifier(&Arc::new(Source::list(orders[..2].to_vec())));
        verifier.report.started_at =
            DateTime::<Utc>::from(SystemTime::now()) + TimeDelta::hours(hours);
        for position in 0..2 {
            verifier.sent(queued(position, 1_000 + position)).unwrap();
            let order = &orders[position as usize];
            let entry = queue.confirm(order, at(900));
            queue.record(order, &format!("confirmed {entry} 900-0 simple {entry} 0 - -"));
            let _: u64 = queue.redis.inner().xdel(queue.keys.results(), &[entry]).unwrap();
        }
        let (report, result) = verifier.close(&mut queue.patient);
        assert_eq!((report.lost, report.late), (lost, 2 - lost), "{has_older} {hours}");
        assert_eq!(result.is_err(), lost == 0, "{result:?}");
    }
}

#[test]
fn a_confirmation_of_another_sender_for_an_order_that_was_not_sent_here_is_none_of_ours() {
    let mut queue = Queue::start();
    let orders = orders(2);
    let mut verifier = queue.verifier(&Arc::new(Source::list(orders.clone())));
    verifier.sent(queued(0, 1_000)).unwrap();
    for (order, ms) in orders.iter().zip([1_000, 1_001]) {
        let entry = queue.confirm(order, at(ms));
        queue.record(order, &format!("confirmed {entry} {ms}-0 simple {entry} 0 - -"));
    }
    let verdict = closed(verifier, &mut queue);
    assert_eq!((verdict.confirmed, verdict.wrong), (1, 0));
}

#[test]
fn an_order_that_waits_in_a_lane_without_a_record_is_late() {
    let mut queue = Queue::start();
    let orders = orders(2);
    let mut verifier = queue.verifier(&Arc::new(Source::list(orders.clone())));
    (0..2).for_each(|position| verifier.sent(queued(position, position + 1)).unwrap());
    let fields = [("1-0 00-trace", orders[0].as_slice())];
    let lane = queue.keys.stream(orders::pipeline::COMPLEX).to_owned();
    let _: String = queue.redis.inner().xadd(lane, "*", &fields).unwrap();
    let verdict = closed(verifier, &mut queue);
    assert_eq!((verdict.lost, verdict.late), (1, 1));
}
