//! Dead letters looked at: filters, pages, and that looking changes nothing.

use shared::queue::{LetterFilter, LetterId, Stream};

use crate::dead_letters::{add_letter, everything, id_of, letter_id, list};
use crate::support::{TestQueue, an_order};

#[test]
fn filters_take_what_is_just_inside_and_leave_what_is_just_outside() {
    let mut queue = TestQueue::new();
    let (seconds, _): (u64, u64) = redis::cmd("TIME").query(queue.redis.inner()).unwrap();
    let ids = [id_of(&an_order(1)).to_string(), id_of(&an_order(2)).to_string()];
    let ages_s = [7_200, 3_601, 3_300, 0];
    let codes = ["invalid_json", "max_deliveries", "max_deliveries", "max_deliveries"];
    for (position, (age, code)) in ages_s.into_iter().zip(codes).enumerate() {
        let id = format!("{}-0", (seconds - age) * 1000);
        add_letter(
            &mut queue,
            &id,
            &[("code", code), ("order_id", &ids[position / 2]), ("stream", "simple")],
        );
    }
    let mut found = |filter: LetterFilter| -> Vec<u64> {
        let letters = list(&mut queue, &filter);
        letters
            .iter()
            .map(|letter| {
                seconds - letter.id.split('-').next().unwrap().parse::<u64>().unwrap() / 1000
            })
            .collect()
    };
    let any = LetterFilter::default();
    assert_eq!(found(any.clone()), ages_s);
    assert_eq!(found(LetterFilter { older_than_s: Some(3_600), ..any.clone() }), [7_200, 3_601]);
    assert_eq!(found(LetterFilter { older_than_s: Some(7_200), ..any.clone() }), [7_200]);
    assert_eq!(found(LetterFilter { older_than_s: Some(20_000), ..any.clone() }), [0; 0]);
    assert_eq!(found(LetterFilter { older_than_s: Some(u32::MAX), ..any.clone() }), [0; 0]);
    let coded = |code: &str| LetterFilter { code: Some(code.into()), ..LetterFilter::default() };
    assert_eq!(found(coded("max_deliveries")), [3_601, 3_300, 0]);
    assert_eq!(found(coded("max_delivery")), [0; 0]);
    assert_eq!(found(LetterFilter { order: Some(id_of(&an_order(2))), ..any }), [3_300, 0]);
    let both = LetterFilter { order: Some(id_of(&an_order(1))), ..coded("max_deliveries") };
    assert_eq!(found(both), [3_601]);
}

#[test]
fn pages_follow_each_other_without_gap_or_repetition_whatever_is_filtered() {
    let mut queue = TestQueue::new();
    for number in 1..=950 {
        let code = if number % 7 == 0 { "rare" } else { "common" };
        add_letter(&mut queue, &format!("{number}-0"), &[("code", code), ("stream", "ingress")]);
    }
    for (code, page_size, expected) in
        [(None, 7, 950), (None, 200, 950), (Some("rare"), 10, 135), (Some("none"), 10, 0)]
    {
        let filter = LetterFilter { code: code.map(str::to_owned), ..LetterFilter::default() };
        let mut numbers: Vec<u64> = Vec::new();
        let mut after: Option<LetterId> = None;
        loop {
            let page = queue.queue().dead_letters(&filter, after.as_ref(), page_size).unwrap();
            assert!(page.dead_letters.len() <= page_size as usize);
            numbers.extend(
                page.dead_letters
                    .iter()
                    .map(|letter| letter.id.strip_suffix("-0").unwrap().parse::<u64>().unwrap()),
            );
            match page.next {
                Some(next) => after = Some(letter_id(&next)),
                None => break,
            }
        }
        assert!(numbers.is_sorted_by(|one, next| one < next));
        assert_eq!(numbers.len(), expected, "{code:?} by {page_size}");
    }
}

#[test]
fn looking_at_letters_changes_nothing() {
    let mut queue = TestQueue::new();
    queue.add(Stream::Ingress, "not json");
    queue.add(Stream::Ingress, &an_order(1).replace("Standard", "Soon"));
    queue.drain_all();
    let before = everything(&mut queue);
    for letter in list(&mut queue, &LetterFilter::default()) {
        assert_eq!(letter.order, None, "a list does not carry the orders");
        let shown = queue.queue().dead_letter(&letter_id(&letter.id)).unwrap().unwrap();
        assert_eq!(shown.order.unwrap().len() as u64, letter.order_bytes.unwrap());
        assert_eq!(shown.errors[0]["code"], shown.code);
    }
    assert_eq!(everything(&mut queue), before);
}
