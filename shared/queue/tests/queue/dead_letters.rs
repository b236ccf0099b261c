//! Dead letters are read, redriven and discarded, each once and with their history.

use queue::{EntryId, Filter, Redrive, Settings, State, Stream, milliseconds};

use crate::support::{BIKE, BY_BIKE, BY_VAN, Scale, TRACE, TestQueue, VAN, parcel, settings};

fn queue() -> TestQueue {
    TestQueue::with(Settings { max_deliveries: 2, ..settings() })
}

fn only_letter(queue: &mut TestQueue) -> EntryId {
    let ids = queue.letter_ids();
    assert_eq!(ids.len(), 1, "{ids:?}");
    ids[0]
}

#[test]
fn a_letter_from_ingress_is_redriven_as_a_new_entry_and_confirmed() {
    let mut queue = queue();
    let first = queue.add(Stream::Ingress, &parcel(1));
    queue.kill(Scale);
    let letter = only_letter(&mut queue);
    let dead = queue.status("p1");
    assert_eq!((dead.state, dead.code.as_deref()), (State::DeadLettered, Some("max_deliveries")));
    assert_eq!(dead.dead_letter, Some(letter.to_string()));
    assert!(dead.errors.unwrap().contains("never decided"));
    let Redrive::Redriven { stream, entry, redrives } = queue.queue().redrive(letter).unwrap()
    else {
        panic!("it is redriven")
    };
    assert_eq!((stream.as_str(), redrives), ("ingress", 1));
    assert_ne!(entry, first);
    let waiting = queue.status("p1");
    assert_eq!((waiting.state, waiting.ingress), (State::Queued, Some(entry)));
    queue.drain_all();
    queue.assert_confirmed(&[parcel(1)]);
    assert_eq!((queue.totals()["redriven"], queue.totals().get("duplicates")), (1, None));
    let status = queue.status("p1");
    assert_eq!((status.state, status.redrives, status.code), (State::Confirmed, 1, None));
    let past = &status.history[0];
    let found = [&past.event, &past.code, &past.stream, &past.dead_letter, &past.ingress];
    assert_eq!(found, ["redriven", "max_deliveries", "ingress", &letter.to_string(), &first]);
    assert_eq!(past.delivery_count, Some(3));
}

#[test]
fn a_letter_from_a_lane_goes_back_there_and_keeps_the_time_it_was_queued_at() {
    let mut queue = queue();
    let ingress = queue.add(Stream::Ingress, &parcel(3));
    queue.drain(&Scale);
    queue.kill(BY_VAN);
    let letter = only_letter(&mut queue);
    let redriven = queue.queue().redrive(letter).unwrap();
    assert!(matches!(&redriven, Redrive::Redriven { stream, .. } if stream == "van"));
    assert_eq!((queue.length(Stream::Ingress), queue.length(VAN)), (0, 1));
    let status = queue.status("p3");
    assert_eq!((status.state, status.ingress.as_ref()), (State::Routed, Some(&ingress)));
    assert_eq!(queue.queue().stats().unwrap().streams["van"].messages, 1);
    queue.drain(&BY_VAN);
    queue.assert_confirmed(&[parcel(3)]);
    assert_eq!(queue.status("p3").ingress, Some(ingress));
}

#[test]
fn redriving_or_discarding_twice_changes_nothing() {
    let mut queue = TestQueue::new();
    for parcel in ["p1 heavy", "p2 heavy"] {
        queue.add(Stream::Ingress, parcel);
    }
    queue.drain(&Scale);
    let ids = queue.letter_ids();
    assert!(matches!(queue.queue().redrive(ids[0]).unwrap(), Redrive::Redriven { .. }));
    assert!(queue.queue().discard(ids[1]).unwrap());
    let before = queue.everything();
    for id in ids {
        assert_eq!(queue.queue().redrive(id).unwrap(), Redrive::Gone);
        assert!(!queue.queue().discard(id).unwrap());
        assert_eq!(queue.queue().dead_letter(id).unwrap(), None);
    }
    assert!(queue.everything() == before);
}

#[test]
fn redriven_poison_dies_again_and_its_redrives_are_counted() {
    let mut queue = queue();
    queue.add(Stream::Ingress, &parcel(1));
    queue.kill(Scale);
    for redrives in 1..=3 {
        let letter = only_letter(&mut queue);
        queue.queue().redrive(letter).unwrap();
        queue.kill(Scale);
        let again = only_letter(&mut queue);
        assert!(again > letter);
        let again = queue.queue().dead_letter(again).unwrap().unwrap();
        // Deliveries are counted from the start.
        assert_eq!((again.redrives, again.delivery_count), (redrives, 3));
        assert_eq!(again.body.as_deref(), Some(parcel(1).as_bytes()));
    }
    let status = queue.status("p1");
    assert_eq!((status.state, status.redrives), (State::DeadLettered, 3));
    assert_eq!((status.history.len(), queue.results().len()), (3, 0));
}

#[test]
fn a_history_of_more_than_4_kib_loses_its_oldest_lines_only() {
    let mut queue = TestQueue::new();
    let mut last = String::new();
    for number in 0..120 {
        let code = format!("code {number}\n");
        let fields =
            [("message", "p1 1"), ("message_id", "p1"), ("stream", "ingress"), ("code", &code)];
        let letter = queue.add_letter("*", &fields);
        queue.queue().redrive(letter).unwrap();
        last = letter.to_string();
    }
    let status = queue.status("p1");
    assert_eq!(status.redrives, 1, "a copy that waits keeps its record");
    let index = queue.keys.index().to_owned();
    let record: String = queue.ask(&["HGET", &index, "p1"]);
    let history = record.split_once('\n').unwrap().1.len();
    assert!((3_900..=4_096).contains(&history), "{history}");
    assert_eq!(status.history.len(), record.lines().count() - 1);
    let newest = status.history.last().unwrap();
    assert_eq!((newest.dead_letter.as_str(), newest.code.as_str()), (&*last, "code?119?"));
}

#[test]
fn a_letter_of_a_message_that_is_on_its_way_or_confirmed_is_a_duplicate() {
    for is_confirmed in [false, true] {
        let mut queue = TestQueue::new();
        queue.add_parcels(1..2);
        queue.drain(&Scale);
        let fields = [("message", "p1 1"), ("message_id", "p1"), ("stream", "bike")];
        let letter = queue.add_letter("*", &fields);
        if is_confirmed {
            queue.drain(&BY_BIKE);
        }
        let state = queue.status("p1").state;
        assert_eq!(queue.queue().redrive(letter).unwrap(), Redrive::Duplicate);
        assert_eq!(queue.queue().redrive(letter).unwrap(), Redrive::Gone);
        assert_eq!(queue.status("p1").state, state);
        assert_eq!(queue.status("p1").history[0].event, "duplicate");
        queue.drain_all();
        queue.assert_confirmed(&[parcel(1)]);
        assert_eq!(queue.totals()["duplicates"], 1);
    }
}

#[test]
fn a_letter_without_message_stream_or_sense_is_shown_and_discarded_but_not_redriven() {
    let mut queue = TestQueue::opened();
    let cases: [(&[(&str, &str)], Redrive); 4] = [
        (&[("stream", "ingress")], Redrive::NoMessage),
        (&[("message", "p1 1")], Redrive::UnknownStream),
        (&[("message", "p1 1"), ("stream", "elsewhere")], Redrive::UnknownStream),
        (&[("colour", "blue")], Redrive::UnknownStream),
    ];
    for (fields, expected) in cases {
        let letter = queue.add_letter("*", fields);
        let before = queue.everything();
        assert_eq!(queue.queue().redrive(letter).unwrap(), expected, "{fields:?}");
        assert!(queue.queue().dead_letter(letter).unwrap().is_some());
        assert!(queue.everything() == before, "{fields:?}");
        assert!(queue.queue().discard(letter).unwrap());
    }
    assert_eq!(queue.dead_letters().len(), 0);
}

#[test]
fn a_letter_that_somebody_wrote_is_redriven_with_what_can_be_used_of_it() {
    let mut queue = TestQueue::opened();
    for stream in ["ingress", "bike"] {
        for (field, value) in [
            ("traceparent", ""),
            ("traceparent", "no trace"),
            ("traceparent", "a\nb"),
            ("ingress", "soon"),
            ("redrives", "inf"),
            ("redrives", "nan"),
            ("redrives", "-1e300"),
            ("delivery_count", "often"),
            ("fields", "{"),
        ] {
            queue.open();
            let fields =
                [("message", "p1 1"), ("message_id", "p1"), ("stream", stream), (field, value)];
            let letter = queue.add_letter("*", &fields);
            queue.letters(&Filter::default());
            queue.queue().redrive(letter).unwrap();
            assert!(queue.queue().status("p1").unwrap().is_some(), "{stream} {field} {value:?}");
            queue.drain_all();
            queue.assert_confirmed(&["p1 1".to_owned()]);
            assert_eq!(queue.status("p1").trace, None, "{stream} {field} {value:?}");
        }
    }
}

#[test]
fn a_redrive_keeps_a_message_that_is_too_long_and_all_other_fields_through_every_round() {
    let mut queue = TestQueue::with(Settings { max_message_bytes: 100, ..settings() });
    let long = format!("p1 {}", "1".repeat(200));
    let fields = [("message", &*long), ("source", "a\"b\\c"), ("", "\u{0}")];
    queue.add_entry(Stream::Ingress, "*", &fields);
    for redrives in 0..4 {
        queue.drain_all();
        let letter = only_letter(&mut queue);
        let shown = queue.queue().dead_letter(letter).unwrap().unwrap();
        assert_eq!((shown.redrives, shown.body), (redrives, None), "too long to be handed out");
        assert_eq!(shown.bytes, Some(long.len() as u64));
        assert_eq!(shown.code, "message_too_large");
        let letter_fields = queue.dead_letters().remove(0);
        assert_eq!(letter_fields["message"], long);
        let kept: Vec<String> = serde_json::from_str(&letter_fields["fields"]).unwrap();
        assert_eq!(kept, ["source", "a\"b\\c", "", "\u{0}"], "after {redrives} redrives");
        queue.queue().redrive(letter).unwrap();
    }
}

#[test]
fn an_entry_without_a_message_is_dead_lettered_with_all_its_fields() {
    let mut queue = TestQueue::new();
    // More fields than a call in Lua takes arguments.
    let fields: Vec<(String, String)> =
        (0..10_000).map(|number| (format!("f{number}"), format!("v{number}"))).collect();
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    queue.add_entry(Stream::Ingress, "*", &fields);
    queue.drain_all();
    let letters = queue.dead_letters();
    assert_eq!((letters.len(), letters[0]["code"].as_str()), (1, "missing_message_field"));
    assert!(serde_json::from_str::<serde_json::Value>(&letters[0]["errors"]).is_ok());
    let kept: Vec<String> = serde_json::from_str(&letters[0]["fields"]).unwrap();
    assert_eq!((kept.len(), kept[19_999].as_str()), (20_000, "v9999"));
}

#[test]
fn an_entry_with_several_messages_is_dead_lettered_with_all_of_them() {
    let mut queue = TestQueue::new();
    queue.add_entry(Stream::Ingress, "*", &[("message", "p1 1"), ("a", "b"), ("message", "p2 1")]);
    let copies: Vec<(&str, &str)> = (0..10_000).map(|_| ("message", "p3 1")).collect();
    queue.add_entry(Stream::Ingress, "*", &copies);
    queue.drain_all();
    queue.assert_confirmed(&[]);
    let letters = queue.dead_letters();
    assert_eq!(letters.len(), 2);
    for letter in &letters {
        assert_eq!(
            (letter["code"].as_str(), letter.get("message")),
            ("missing_message_field", None)
        );
    }
    let kept: Vec<String> = serde_json::from_str(&letters[0]["fields"]).unwrap();
    assert_eq!(kept, ["message", "p1 1", "a", "b", "message", "p2 1"]);
    let kept: Vec<String> = serde_json::from_str(&letters[1]["fields"]).unwrap();
    assert_eq!(kept.len(), 20_000);
}

#[test]
fn bytes_that_are_no_text_pass_through_everything() {
    let mut queue = TestQueue::new();
    let key = queue.keys.stream(Stream::Ingress).to_owned();
    for field in [&b"message"[..], b"\xff\x00"] {
        let mut add = redis::cmd("XADD");
        add.arg(&key).arg("*").arg(field).arg(b"\xfe\x00\xff").arg("traceparent").arg(b"\xff");
        add.exec(queue.redis.inner()).unwrap();
    }
    queue.drain_all();
    let letters = queue.letter_ids();
    let letter = queue.queue().dead_letter(letters[0]).unwrap().unwrap();
    assert_eq!((letter.code.as_str(), letter.body), ("no_weight", Some(b"\xfe\x00\xff".to_vec())));
    let without = queue.queue().dead_letter(letters[1]).unwrap().unwrap();
    assert!(without.fields.unwrap().starts_with("[\"\u{fffd}\\u0000\""));
    queue.queue().redrive(letters[0]).unwrap();
    assert_eq!(queue.queue().recent(10).unwrap()[0].body, Some(b"\xfe\x00\xff".to_vec()));
    queue.drain_all();
    let letter = queue.letter_ids()[1];
    let letter = queue.queue().dead_letter(letter).unwrap().unwrap();
    assert_eq!(letter.body, Some(b"\xfe\x00\xff".to_vec()));
}

#[test]
fn a_discarded_message_says_so_whatever_zeros_precede_its_id() {
    let mut queue = TestQueue::new();
    queue.add(Stream::Ingress, "p1 heavy");
    queue.drain(&Scale);
    let letter = only_letter(&mut queue);
    let zeros = format!("000{}", letter.to_string().replace('-', "-00"));
    assert_eq!(EntryId::parse(&zeros), Some(letter));
    assert!(queue.queue().discard(EntryId::parse(&zeros).unwrap()).unwrap());
    let status = queue.status("p1");
    assert_eq!((status.state, status.dead_letter), (State::Discarded, Some(letter.to_string())));
    let past = &status.history[0];
    assert_eq!((past.event.as_str(), past.code.as_str()), ("discarded", "no_weight"));
    assert_eq!(queue.totals()["discarded"], 1);
}

#[test]
fn only_two_numbers_are_an_entry_id() {
    for text in ["", "-", "1-", "-1", "1", "1-1-1", "+1-1", "1-+1", " 1-1", "1-1 ", "a-1", "1-a"] {
        assert_eq!((EntryId::parse(text), milliseconds(text)), (None, None), "{text:?}");
    }
    for text in ["1-18446744073709551616", "18446744073709551616-1", "(1-1", "*", "\u{661}-1"] {
        assert_eq!((EntryId::parse(text), milliseconds(text)), (None, None), "{text:?}");
    }
    // Redis takes larger ids than a time can be.
    for (ms, time) in [(1 << 53, Some(1 << 53)), (i64::MAX as u64, Some(i64::MAX)), (1 << 63, None)]
    {
        let text = format!("{ms}-0");
        assert_eq!((EntryId::parse(&text), milliseconds(&text)), (None, time), "{text}");
    }
    assert_eq!(
        EntryId::parse("1-18446744073709551615").unwrap().to_string(),
        "1-18446744073709551615"
    );
    assert!(EntryId::parse("2-9") < EntryId::parse("10-1"));
}

#[test]
fn filters_take_what_is_just_inside_and_leave_what_is_just_outside() {
    let mut queue = TestQueue::new();
    let now_s = queue.now_ms() / 1_000;
    let ages_s = [7_200, 3_601, 3_300, 0];
    let codes = ["no_weight", "max_deliveries", "max_deliveries", "max_deliveries"];
    for (position, (age_s, code)) in ages_s.into_iter().zip(codes).enumerate() {
        let id = ["p1", "p2"][position / 2];
        let fields = [("code", code), ("message_id", id), ("stream", "bike")];
        queue.add_letter(&format!("{}-0", (now_s - age_s) * 1_000), &fields);
    }
    let mut found = |filter: Filter| -> Vec<i64> {
        let letters = queue.letters(&filter).into_iter();
        letters.map(|l| now_s - milliseconds(&l.entry_id).unwrap() / 1_000).collect()
    };
    let any = Filter::default;
    let older = |s| Filter { older_than_s: Some(s), ..any() };
    let coded = |code: &str| Filter { code: Some(code.into()), ..any() };
    let of = |id: &str| Filter { id: Some(id.into()), ..any() };
    assert_eq!(found(any()), ages_s);
    assert_eq!(found(older(3_600)), [7_200, 3_601]);
    assert_eq!(found(older(7_200)), [7_200]);
    assert_eq!(found(older(20_000)), [0; 0]);
    assert_eq!(found(older(u32::MAX)), [0; 0]);
    assert_eq!(found(coded("max_deliveries")), [3_601, 3_300, 0]);
    assert_eq!(found(coded("max_delivery")), [0; 0]);
    assert_eq!(found(of("p2")), [3_300, 0]);
    assert_eq!(found(Filter { id: Some("p1".into()), ..coded("max_deliveries") }), [3_601]);
}

#[test]
fn pages_follow_each_other_without_gap_or_repetition_whatever_is_filtered() {
    let mut queue = TestQueue::new();
    for number in 1..=950 {
        let code = if number % 7 == 0 { "rare" } else { "common" };
        queue.add_letter(&format!("{number}-0"), &[("code", code), ("stream", "ingress")]);
    }
    for (code, most, expected) in
        [(None, 7, 950), (None, 200, 950), (Some("rare"), 10, 135), (Some("none"), 10, 0)]
    {
        let filter = Filter { code: code.map(str::to_owned), ..Filter::default() };
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = queue.queue().dead_letters(&filter, after, most).unwrap();
            assert!(page.dead_letters.len() <= most as usize);
            found.extend(page.dead_letters.iter().map(|l| EntryId::parse(&l.entry_id).unwrap()));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert!(found.is_sorted_by(|one, next| one < next));
        assert_eq!(found.len(), expected, "{code:?} by {most}");
    }
}

#[test]
fn long_letters_are_read_4_mib_at_a_time() {
    let mut queue = TestQueue::opened();
    let long = "x".repeat(1_000_000);
    for number in 1..=12 {
        queue.add_letter(&format!("{number}-0"), &[("code", "odd"), ("order", &long)]);
    }
    // So that Redis knows the script.
    queue.queue().dead_letters(&Filter::default(), None, 1).unwrap();
    let _: () = queue.ask(&["CONFIG", "RESETSTAT"]);
    let page = queue.queue().dead_letters(&Filter::default(), None, 50).unwrap();
    let found: Vec<_> = page.dead_letters.iter().map(|letter| &*letter.entry_id).collect();
    assert_eq!(found, (1..=12).map(|number| format!("{number}-0")).collect::<Vec<_>>());
    assert_eq!(page.next, None);
    // The fifth of a million bytes is beyond 4 MiB.
    let stats: String = queue.ask(&["INFO", "commandstats"]);
    assert!(stats.contains("cmdstat_evalsha:calls=3,"), "{stats}");
}

#[test]
fn looking_changes_nothing() {
    let mut queue = TestQueue::new();
    let fields = [("message", "p1 heavy"), ("traceparent", TRACE)];
    queue.add_entry(Stream::Ingress, "*", &fields);
    queue.add_parcels(2..7);
    queue.drain(&Scale);
    queue.drain(&BY_BIKE);
    queue.add(BIKE, "p9 9");
    let before = queue.everything();
    for letter in queue.letters(&Filter::default()) {
        assert_eq!(letter.body, None, "a list does not carry the messages");
        let id = EntryId::parse(&letter.entry_id).unwrap();
        let shown = queue.queue().dead_letter(id).unwrap().unwrap();
        assert_eq!(shown.body.unwrap().len() as u64, letter.bytes.unwrap());
    }
    queue.queue().stats().unwrap();
    queue.queue().counters().unwrap();
    queue.queue().recent(50).unwrap();
    queue.queue().pause_of(BIKE).unwrap();
    queue.queue().status("p1").unwrap();
    assert!(queue.everything() == before);
}
