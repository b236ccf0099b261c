//! Dead letters redriven and discarded: each once, and with their history.

use std::collections::BTreeMap;
use std::time::Duration;

use redis::Commands;
use shared::order::{MAX_ORDER_BYTES, Order};
use shared::queue::{
    DeadLetter, Drain, Entry, LetterFilter, LetterId, Outcome, Redrive, Role, Stream,
};
use shared::settings::QueueSettings;
use uuid::Uuid;

use crate::support::{
    COMPLEX, DISTRIBUTOR, SIMPLE, TestQueue, a_complex_order, an_order, route_with_a_broken_copy,
};

/// A role whose instance dies at every order.
struct Dies<R>(R);

impl<R: Role> Role for Dies<R> {
    fn stream(&self) -> Stream {
        self.0.stream()
    }
    fn decide(&self, _: &Entry, _: &[u8]) -> Outcome {
        panic!("poison")
    }
}

fn settings() -> QueueSettings {
    QueueSettings { claim_idle_ms: 60_000, max_deliveries: 2, ..QueueSettings::default() }
}

/// Lets instances die at what waits in the role's stream until it is dead-lettered by `max_deliveries`.
fn kill_by(queue: &mut TestQueue, role: impl Role + Copy) {
    for _ in 0..queue.settings.max_deliveries {
        let mut handle = queue.queue();
        let step = std::panic::AssertUnwindSafe(|| Drain::new(&mut handle, &Dies(role)).step());
        assert!(std::panic::catch_unwind(step).is_err(), "the instance dies");
        queue.age_all_pending(Duration::from_secs(61));
    }
    assert_eq!(queue.drain(&role).commits.dead_lettered, 1);
}

/// The id of a letter, which is one.
pub(crate) fn letter_id(id: &str) -> LetterId {
    LetterId::parse(id).expect("an entry id")
}

pub(crate) fn id_of(order: &str) -> Uuid {
    Order::identity(order.as_bytes()).expect("the order has an identity")
}

pub(crate) fn list(queue: &mut TestQueue, filter: &LetterFilter) -> Vec<DeadLetter> {
    queue.queue().dead_letters(filter, None, 1_000).expect("the letters can be read").dead_letters
}

fn only_letter(queue: &mut TestQueue) -> LetterId {
    let letters = list(queue, &LetterFilter::default());
    assert_eq!(letters.len(), 1, "{letters:?}");
    letter_id(&letters[0].id)
}

pub(crate) fn add_letter(queue: &mut TestQueue, id: &str, fields: &[(&str, &str)]) -> LetterId {
    let key = queue.keys.dead_letters().to_owned();
    let id: String = queue.redis.inner().xadd(key, id, fields).expect("XADD works");
    letter_id(&id)
}

fn story(queue: &mut TestQueue, order: &str) -> serde_json::Value {
    let id = id_of(order);
    let state = queue.queue().find(id).expect("the state can be read").expect("the order is known");
    serde_json::to_value(state.story(id)).expect("a story is JSON")
}

/// Everything in the server.
pub(crate) fn everything(queue: &mut TestQueue) -> BTreeMap<String, Vec<u8>> {
    let keys: Vec<String> = queue.redis.inner().keys("*").expect("KEYS works");
    keys.into_iter()
        .map(|key| {
            let value =
                redis::cmd("DUMP").arg(&key).query(queue.redis.inner()).expect("DUMP works");
            (key, value)
        })
        .collect()
}

#[test]
fn a_letter_from_ingress_is_redriven_as_a_new_entry_and_confirmed() {
    let mut queue = TestQueue::with(settings());
    let order = an_order(1);
    let first = queue.add(Stream::Ingress, &order);
    kill_by(&mut queue, DISTRIBUTOR);
    let letter = only_letter(&mut queue);
    let dead = story(&mut queue, &order);
    assert_eq!(
        (dead["state"].as_str(), dead["code"].as_str()),
        (Some("dead-lettered"), Some("max_deliveries"))
    );
    assert_eq!(dead["deadLetter"], letter.as_str());
    let Redrive::Redriven { stream, entry, redrives } = queue.queue().redrive(&letter).unwrap()
    else {
        panic!("it is redriven")
    };
    assert_eq!((stream.as_str(), redrives), ("ingress", 1));
    assert_ne!(entry, first);
    let waiting = queue.state(&order);
    assert_eq!((waiting["state"].as_str(), &waiting["ingress"]), ("queued", &entry));
    queue.drain_all();
    queue.assert_confirmed(std::slice::from_ref(&order));
    assert_eq!(queue.totals()["redriven"], 1);
    assert_eq!(queue.totals().get("duplicates"), None);
    let story = story(&mut queue, &order);
    assert_eq!((&story["state"], &story["redrives"]), (&"confirmed".into(), &1.into()));
    assert_eq!(story["code"], serde_json::Value::Null);
    let past = &story["history"][0];
    assert_eq!((&past["event"], &past["code"]), (&"redriven".into(), &"max_deliveries".into()));
    assert_eq!(
        (&past["stream"], &past["deadLetter"]),
        (&"ingress".into(), &letter.as_str().into())
    );
    assert_eq!(
        (&past["deadLetteredAt"], &past["queuedAt"]),
        (&dead["deadLetteredAt"], &dead["queuedAt"])
    );
    assert_eq!(past["deliveryCount"], 3);
}

#[test]
fn a_letter_from_a_lane_goes_back_there_and_keeps_the_time_it_was_queued_at() {
    let mut queue = TestQueue::with(settings());
    let order = a_complex_order(2);
    let ingress = queue.add(Stream::Ingress, &order);
    queue.drain(&DISTRIBUTOR);
    kill_by(&mut queue, COMPLEX);
    let letter = only_letter(&mut queue);
    let redriven = queue.queue().redrive(&letter).unwrap();
    assert!(
        matches!(&redriven, Redrive::Redriven { stream, .. } if stream == "complex"),
        "{redriven:?}"
    );
    assert_eq!((queue.length(Stream::Ingress), queue.length(Stream::Complex)), (0, 1));
    let state = queue.state(&order);
    assert_eq!((state["state"].as_str(), &state["ingress"]), ("routed", &ingress));
    queue.drain(&COMPLEX);
    // The bytes are those for the time of the first queueing.
    queue.assert_confirmed(std::slice::from_ref(&order));
    assert_eq!(queue.state(&order)["ingress"], ingress);
}

#[test]
fn a_redrive_rings_the_bell_of_its_stream_and_no_other() {
    let mut queue = TestQueue::new();
    let letter = add_letter(&mut queue, "*", &[("order", &an_order(1)), ("stream", "simple")]);
    queue.queue().redrive(&letter).unwrap();
    let rung = Stream::ALL.map(|stream| {
        let bell = queue.keys.bell(stream).to_owned();
        queue.redis.inner().exists::<_, bool>(bell).unwrap()
    });
    assert_eq!(rung, [false, true, false]);
}

#[test]
fn redriving_or_discarding_twice_is_harmless() {
    let mut queue = TestQueue::with(settings());
    let orders = [an_order(1), an_order(2)];
    for order in &orders {
        queue.add(Stream::Ingress, order);
        kill_by(&mut queue, DISTRIBUTOR);
    }
    let ids: Vec<LetterId> = list(&mut queue, &LetterFilter::default())
        .iter()
        .map(|letter| letter_id(&letter.id))
        .collect();
    assert!(matches!(queue.queue().redrive(&ids[0]).unwrap(), Redrive::Redriven { .. }));
    assert!(queue.queue().discard(&ids[1]).unwrap());
    let before = everything(&mut queue);
    for id in &ids {
        assert_eq!(queue.queue().redrive(id).unwrap(), Redrive::Gone);
        assert!(!queue.queue().discard(id).unwrap());
        assert!(queue.queue().dead_letter(id).unwrap().is_none());
    }
    assert_eq!(everything(&mut queue), before);
    queue.drain_all();
    queue.assert_confirmed(&orders[..1]);
}

#[test]
fn redriven_poison_dies_again_and_its_redrives_are_counted() {
    let mut queue = TestQueue::with(settings());
    let order = an_order(1);
    queue.add(Stream::Ingress, &order);
    kill_by(&mut queue, DISTRIBUTOR);
    for redrives in 1..=3 {
        let letter = only_letter(&mut queue);
        let redriven = queue.queue().redrive(&letter).unwrap();
        assert!(
            matches!(redriven, Redrive::Redriven { redrives: n, .. } if n == redrives),
            "{redriven:?}"
        );
        kill_by(&mut queue, DISTRIBUTOR);
        let again = only_letter(&mut queue);
        assert!(again > letter);
        let again = queue.queue().dead_letter(&again).unwrap().unwrap();
        assert_eq!(
            (again.redrives, again.delivery_count),
            (redrives, 3),
            "deliveries are counted anew"
        );
        assert_eq!(again.order.as_deref(), Some(order.as_str()));
    }
    let story = story(&mut queue, &order);
    assert_eq!((&story["state"], &story["redrives"]), (&"dead-lettered".into(), &3.into()));
    assert_eq!(story["history"].as_array().unwrap().len(), 3);
    assert_eq!(queue.confirmations().len(), 0);
}

#[test]
fn a_history_that_grows_for_ever_loses_its_oldest_lines() {
    let mut queue = TestQueue::new();
    let order = an_order(1);
    let id = id_of(&order).to_string();
    let mut last = None;
    for _ in 0..300 {
        let fields = [
            ("order", &*order),
            ("order_id", &*id),
            ("stream", "ingress"),
            ("code", "max_deliveries"),
        ];
        let letter = add_letter(&mut queue, "*", &fields);
        queue.queue().redrive(&letter).unwrap();
        last = Some(letter);
    }
    let state = queue.state(&order);
    assert!((7_000..=8_192).contains(&state["history"].len()), "{}", state["history"].len());
    assert_eq!(state["redrives"], "300");
    let story = story(&mut queue, &order);
    let newest = story["history"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(newest["deadLetter"], last.unwrap().as_str());
}

#[test]
fn a_redriven_copy_of_an_order_that_was_done_meanwhile_is_a_duplicate() {
    // Died in ingress; a good copy came by and was confirmed.
    let mut queue = TestQueue::with(settings());
    let order = an_order(1);
    queue.add(Stream::Ingress, &order);
    kill_by(&mut queue, DISTRIBUTOR);
    let letter = only_letter(&mut queue);
    queue.add(Stream::Ingress, &order);
    queue.drain_all();
    queue.assert_confirmed(std::slice::from_ref(&order));
    assert!(matches!(queue.queue().redrive(&letter).unwrap(), Redrive::Redriven { .. }));
    assert_eq!(queue.state(&order)["state"], "confirmed");
    queue.drain_all();
    queue.assert_confirmed(std::slice::from_ref(&order));
    assert_eq!(queue.totals()["duplicates"], 1);

    // A letter from a lane: nobody looks for duplicates behind it, so the redrive does.
    for (state, confirmations) in [("routed", 1), ("confirmed", 2)] {
        let order = an_order(10 + confirmations as u32);
        queue.add(Stream::Ingress, &order);
        queue.drain(&DISTRIBUTOR);
        let id = id_of(&order).to_string();
        let fields = [("order", &*order), ("order_id", &*id), ("stream", "simple")];
        let letter = add_letter(&mut queue, "*", &fields);
        if state == "confirmed" {
            queue.drain(&SIMPLE);
        }
        assert_eq!(queue.queue().redrive(&letter).unwrap(), Redrive::Duplicate);
        assert_eq!(queue.state(&order)["state"], state);
        queue.drain_all();
        assert_eq!(queue.confirmations().len(), 1 + confirmations);
        assert_eq!(queue.queue().redrive(&letter).unwrap(), Redrive::Gone);
        assert_eq!(story(&mut queue, &order)["history"][0]["event"], "duplicate");
    }
    assert_eq!(queue.totals()["duplicates"], 3);
}

#[test]
fn a_corrected_copy_of_an_order_that_was_never_routed_is_no_duplicate() {
    for discards in [false, true] {
        let mut queue = TestQueue::new();
        let order = an_order(1);
        queue.add(Stream::Ingress, &order.replace("Standard", "Soon"));
        queue.drain(&DISTRIBUTOR);
        let letter = only_letter(&mut queue);
        if discards {
            assert!(queue.queue().discard(&letter).unwrap());
        }
        queue.add(Stream::Ingress, &order);
        queue.drain(&DISTRIBUTOR);
        assert_eq!(queue.state(&order)["state"], "routed");
        assert_eq!(queue.state(&order).get("code"), None);
        let ttl: i64 = queue.redis.inner().pttl(queue.keys.state(id_of(&order))).unwrap();
        assert_eq!(ttl, -1, "the state of an order on its way does not expire");
        queue.drain(&SIMPLE);
        queue.assert_confirmed(&[order]);
    }
}

#[test]
fn a_copy_of_an_order_that_died_in_its_lane_is_still_a_duplicate() {
    let mut queue = TestQueue::with(settings());
    let order = an_order(1);
    queue.add(Stream::Ingress, &order);
    queue.drain(&DISTRIBUTOR);
    kill_by(&mut queue, SIMPLE);
    queue.add(Stream::Ingress, &order);
    queue.drain_all();
    assert_eq!(queue.confirmations().len(), 0);
    assert_eq!(queue.totals()["duplicates"], 1);
    let letter = only_letter(&mut queue);
    queue.queue().redrive(&letter).unwrap();
    queue.drain_all();
    queue.assert_confirmed(&[order]);
}

#[test]
fn an_entry_without_an_order_is_shown_and_discarded_but_not_redriven() {
    let mut queue = TestQueue::new();
    let key = queue.keys.stream(Stream::Ingress).to_owned();
    let _: String = queue.redis.inner().xadd(key, "*", &[("colour", "blue")]).unwrap();
    queue.drain_all();
    let letter = only_letter(&mut queue);
    let shown = queue.queue().dead_letter(&letter).unwrap().unwrap();
    assert_eq!((shown.order_bytes, shown.order), (None, None));
    assert_eq!(shown.fields, Some(serde_json::json!(["colour", "blue"])));
    let before = everything(&mut queue);
    assert_eq!(queue.queue().redrive(&letter).unwrap(), Redrive::NoOrder);
    let foreign = add_letter(&mut queue, "*", &[("order", "{}"), ("stream", "elsewhere")]);
    assert_eq!(queue.queue().redrive(&foreign).unwrap(), Redrive::UnknownStream);
    assert!(queue.queue().discard(&foreign).unwrap());
    assert!(queue.queue().dead_letter(&letter).unwrap().is_some());
    assert_eq!(before.len(), everything(&mut queue).len());
    assert!(queue.queue().discard(&letter).unwrap());
    assert_eq!(queue.dead_letters().len(), 0);
}

#[test]
fn a_redrive_keeps_an_order_that_is_too_long_and_all_other_fields_through_every_round() {
    let mut queue = TestQueue::new();
    let long = an_order(9).replace(r#""d""#, &format!("\"{}\"", "x".repeat(MAX_ORDER_BYTES)));
    let key = queue.keys.stream(Stream::Ingress).to_owned();
    let _: String = queue
        .redis
        .inner()
        .xadd(key, "*", &[("order", long.as_str()), ("trace", "a\"b\\c")])
        .unwrap();
    for redrives in 0..4 {
        queue.drain_all();
        let letter = only_letter(&mut queue);
        let fields = queue.dead_letters().remove(0);
        assert_eq!(fields["order"], long);
        assert_eq!(
            serde_json::from_str::<Vec<String>>(&fields["fields"]).unwrap(),
            ["trace", "a\"b\\c"],
            "after {redrives} redrives"
        );
        let shown = queue.queue().dead_letter(&letter).unwrap().unwrap();
        assert_eq!((shown.redrives, shown.order), (redrives, None), "too long to be handed out");
        assert_eq!(shown.order_bytes, Some(long.len() as u64));
        assert!(matches!(queue.queue().redrive(&letter).unwrap(), Redrive::Redriven { .. }));
    }
}

#[test]
fn a_discarded_order_says_so_for_the_retention() {
    let mut queue = TestQueue::with(QueueSettings { retention_s: 60, ..settings() });
    let order = an_order(1);
    queue.add(Stream::Ingress, &order);
    kill_by(&mut queue, DISTRIBUTOR);
    let key = queue.keys.state(id_of(&order));
    let ttl: i64 = queue.redis.inner().pttl(&key).unwrap();
    assert_eq!(ttl, -1, "as long as the letter waits its order is known");
    let letter = only_letter(&mut queue);
    assert!(queue.queue().discard(&letter).unwrap());
    let story = story(&mut queue, &order);
    assert_eq!((&story["state"], &story["code"]), (&"discarded".into(), &"max_deliveries".into()));
    assert_eq!(story["history"][0]["event"], "discarded");
    assert_eq!(story["history"][0]["deadLetter"], letter.as_str());
    let ttl: i64 = queue.redis.inner().pttl(&key).unwrap();
    assert!((1..=60_000).contains(&ttl), "{ttl}");
    assert_eq!(queue.totals()["discarded"], 1);
}

#[test]
fn discarding_a_broken_copy_leaves_the_order_that_is_on_its_way_alone() {
    let mut queue = TestQueue::new();
    let order = route_with_a_broken_copy(&mut queue);
    let letter = only_letter(&mut queue);
    let before = queue.state(&order);
    assert!(queue.queue().discard(&letter).unwrap());
    assert_eq!(queue.state(&order), before);
    queue.drain(&SIMPLE);
    queue.assert_confirmed(&[order]);
}
