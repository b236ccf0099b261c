//! Laws that hold for every order.

use orders::complexity::Assessment;
use orders::order::{Delivery, Order, PrismBase};
use proptest::prelude::*;

use crate::check::check;
use crate::print::print;
use crate::samples::{any_eye, any_item, any_order};

fn score_grows(before: &Order<'_>, after: &Order<'_>) -> Result<(), TestCaseError> {
    let (before, after) = (Assessment::of(before), Assessment::of(after));
    for (reason, points) in before.reasons() {
        let now = after.reasons().find(|(now, _)| *now == reason).map_or(0, |(_, points)| points);
        prop_assert!(now >= points, "{reason:?} fell from {points} to {now}");
    }
    prop_assert!(after.score() >= before.score());
    Ok(())
}

fn with_eye(order: &Order<'static>, change: impl Fn(&mut orders::order::Eye)) -> Order<'static> {
    let mut changed = order.clone();
    let lenses = changed.items.iter_mut().filter_map(|item| item.lens.as_mut());
    lenses.flat_map(|lens| lens.right.iter_mut().chain(&mut lens.left)).for_each(change);
    changed
}

proptest! {
    #[test]
    fn bytes_are_an_order_or_a_rejection_that_explains_why_not(
        order in any_order(), at in any::<prop::sample::Index>(), byte in any::<u8>()
    ) {
        let mut bytes = print(&order).to_string().into_bytes();
        check(&bytes);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        check(&bytes);
        bytes.truncate(at);
        check(&bytes);
    }

    #[test]
    fn an_order_that_is_printed_and_parsed_is_the_same(order in any_order()) {
        let text = print(&order).to_string();
        prop_assert_eq!(Order::parse(text.as_bytes()), Ok(order.clone()));
        prop_assert_eq!(Order::identity(text.as_bytes()), Some(order.id));
    }

    #[test]
    fn an_item_more_never_lowers_the_score(
        order in any_order(), item in any_item(), at in any::<prop::sample::Index>()
    ) {
        let mut more = order.clone();
        more.items.insert(at.index(order.items.len() + 1), item);
        score_grows(&order, &more)?;
    }

    #[test]
    fn more_pieces_never_lower_the_score(
        order in any_order(), pieces in 0u32..100, at in any::<prop::sample::Index>()
    ) {
        let mut more = order.clone();
        let item = &mut more.items[at.index(order.items.len())];
        item.quantity = (item.quantity + pieces).min(orders::order::MAX_QUANTITY);
        score_grows(&order, &more)?;
    }

    #[test]
    fn express_never_lowers_the_score(order in any_order()) {
        let standard = Order { delivery: Delivery::Standard, ..order.clone() };
        let express = Order { delivery: Delivery::Express, ..order };
        score_grows(&standard, &express)?;
    }

    #[test]
    fn prism_and_addition_never_lower_the_score(
        order in any_order(), prism in 0.0..20.0, addition in 0.0..4.0
    ) {
        let with_prism = with_eye(&order, |eye| {
            eye.prism = eye.prism.max(prism);
            eye.base = eye.base.or(Some(PrismBase::In));
        });
        score_grows(&order, &with_prism)?;
        for order in [&order, &with_prism] {
            let progressive = with_eye(order, |eye| eye.addition = eye.addition.max(addition));
            score_grows(order, &progressive)?;
        }
    }

    #[test]
    fn a_second_eye_a_tint_and_a_higher_index_never_lower_the_score(
        order in any_order(), eye in any_eye(), index in 1.4..2.0
    ) {
        let mut more = order.clone();
        for lens in more.items.iter_mut().filter_map(|item| item.lens.as_mut()) {
            lens.right.get_or_insert(eye);
            lens.left.get_or_insert(eye);
            lens.tint.get_or_insert("gray".into());
            lens.index = Some(lens.index.unwrap_or_default().max(index));
        }
        score_grows(&order, &more)?;
    }
}
