//! Plans, worked out by hand from the table of stations.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::prescription::{Frame, PrismBase};

type Line<'a> = (u32, Option<Lens<'a>>);

fn planned(lines: &[Line<'_>]) -> Plan {
    plan(lines.iter().map(|(quantity, lens)| (*quantity, lens.as_ref())))
}

fn eye(sphere: f64) -> Eye {
    Eye { sphere, ..Eye::default() }
}

fn right(eye: Eye) -> Lens<'static> {
    Lens { right: Some(eye), ..Lens::default() }
}

fn minutes(plan: &Plan, step: Step) -> Option<u32> {
    plan.steps.iter().find(|planned| planned.step == step).map(|planned| planned.minutes)
}

#[test]
fn an_order_without_a_lens_is_picked_and_packed() {
    let plan = planned(&[(21, None)]);
    // Pick: 2 + 1 round of 1. Pack: 3 + 2 rounds of 2.
    assert_eq!(
        serde_json::to_value(plan).unwrap(),
        json!({"table": "2026-01", "lenses": 0, "leadTimeMinutes": 10, "steps": [
            {"step": "pick", "pieces": 1, "setups": 1, "minutes": 3},
            {"step": "pack", "pieces": 21, "setups": 1, "minutes": 7}
        ]})
    );
}

#[test]
fn contact_lenses_are_taken_from_the_store_inspected_and_packed() {
    // Beyond every limit of the stock, and multifocal: a spectacle lens would be surfaced.
    let eye = Eye { addition: 2.0, ..eye(-12.0) };
    let contact = Lens { is_contact: true, left: Some(eye), ..right(eye) };
    let plan = planned(&[(3, Some(contact))]);
    let steps: Vec<_> = plan.steps.iter().map(|planned| (planned.step, planned.pieces)).collect();
    assert_eq!(steps, [(Step::Pick, 1), (Step::Blank, 6), (Step::Inspect, 6), (Step::Pack, 3)]);
}

#[test]
fn a_made_lens_goes_through_every_step_it_needs() {
    let eye = Eye { addition: 2.0, ..eye(-7.0) };
    let lens = Lens {
        left: Some(eye),
        tint: Some("brown".into()),
        coatings: vec![Coating::Hard, Coating::AntiReflective, Coating::Photochromic],
        frame: Some(Frame { width: 50.0, height: 36.0, bridge: 18.0 }),
        ..right(eye)
    };
    let plan = planned(&[(1, Some(lens))]);
    let steps: Vec<_> =
        plan.steps.iter().map(|planned| (planned.step, planned.pieces, planned.minutes)).collect();
    assert_eq!(
        steps,
        [
            (Step::Pick, 1, 2 + 1),
            (Step::Blank, 2, 2 + 1),
            (Step::Block, 2, 3 + 2),
            (Step::Generate, 2, 5 + 3),
            (Step::Polish, 2, 5 + 5),
            (Step::Engrave, 2, 2 + 1),
            (Step::Tint, 2, 20 + 30),
            // Two layers are applied, each a set-up and a round; photochromic is the blank's.
            (Step::Coat, 4, 2 * (30 + 45)),
            (Step::Edge, 2, 3 + 4),
            (Step::Inspect, 2, 2 + 2),
            (Step::Pack, 1, 3 + 2),
        ]
    );
    assert_eq!((plan.lenses, plan.lead_time_minutes), (2, 248));
}

#[test]
fn a_prescription_within_the_stock_is_taken_from_it() {
    let stock = |lens| minutes(&planned(&[(1, Some(lens))]), Step::Generate).is_none();
    let coated = |coating| Lens { coatings: vec![Coating::Hard, coating], ..right(eye(-8.0)) };
    let with_cylinder =
        |sphere, cylinder| right(Eye { sphere, cylinder, axis: 5.0, ..Eye::default() });
    assert!(stock(coated(Coating::BlueFilter)));
    assert!(!stock(coated(Coating::Mirror)));
    assert!(!stock(right(eye(-8.25))));
    assert!(!stock(with_cylinder(-6.5, -1.75)));
    assert!(stock(right(eye(6.0))));
    assert!(!stock(right(eye(6.25))));
    assert!(stock(with_cylinder(1.0, -2.0)));
    assert!(!stock(with_cylinder(1.0, -2.25)));
    assert!(!stock(right(Eye { addition: 1.0, ..eye(1.0) })));
    assert!(!stock(right(Eye { prism: 0.5, base: Some(PrismBase::In), ..eye(1.0) })));
    assert!(!stock(Lens { base_curve: Some(4.0), ..right(eye(1.0)) }));
    assert!(!stock(Lens { tint: Some("gray".into()), ..right(eye(1.0)) }));
    assert!(stock(Lens { index: Some(1.6), ..right(eye(1.0)) }));
    assert!(!stock(Lens { index: Some(1.67), ..right(eye(1.0)) }));
}

#[test]
fn a_stock_lens_is_not_coated_again() {
    let lens = Lens { coatings: vec![Coating::Hard], ..right(eye(-1.0)) };
    assert_eq!(minutes(&planned(&[(1, Some(lens))]), Step::Coat), None);
}

#[test]
fn lenses_of_one_order_share_the_set_up() {
    let tinted = |sphere, tint: &'static str| Lens {
        tint: Some(tint.into()),
        coatings: vec![Coating::Hard],
        ..right(eye(sphere))
    };
    let lens = || Some(tinted(-9.0, "gray"));
    let (one, four) = (planned(&[(1, lens())]), planned(&[(3, lens()), (1, lens())]));
    // Six lenses fit the generator at once, 120 the coater, and one bath serves both lines.
    for step in [Step::Generate, Step::Coat, Step::Tint] {
        assert_eq!(minutes(&one, step), minutes(&four, step));
    }
    let two_tints = planned(&[(1, Some(tinted(-8.0, "gray"))), (1, Some(tinted(-8.0, "brown")))]);
    assert_eq!(minutes(&two_tints, Step::Tint), Some(2 * (20 + 30)));
}

#[test]
fn lines_taken_back_need_nothing() {
    let plan = planned(&[(0, Some(right(eye(-8.0))))]);
    assert_eq!((plan.lenses, plan.lead_time_minutes, plan.steps.len()), (0, 0, 0));
}

#[test]
fn the_largest_order_has_a_lead_time() {
    let lens = Lens { left: Some(eye(-8.0)), ..right(eye(-8.0)) };
    let plan = planned(&vec![(10_000, Some(lens)); 500]);
    assert_eq!(plan.lenses, 10_000_000);
    assert_eq!(minutes(&plan, Step::Inspect), Some(2 + 5_000_000 * 2));
}

proptest! {
    #[test]
    fn more_of_the_same_never_takes_less_time(
        quantity in 1u32..9_000, more in 1u32..1_000, sphere in -60i32..60
    ) {
        let sphere = f64::from(sphere) / 4.0;
        let lens = Lens { coatings: vec![Coating::Hard], ..right(eye(sphere)) };
        let lead_time = |quantity| planned(&[(quantity, Some(lens.clone()))]).lead_time_minutes;
        prop_assert!(lead_time(quantity) <= lead_time(quantity + more));
    }

    #[test]
    fn the_lead_time_is_the_sum_of_the_steps(
        quantities in prop::collection::vec(0u32..100, 1..6)
    ) {
        let lens = Lens { tint: Some("gray".into()), ..right(eye(-9.0)) };
        let lines: Vec<_> =
            quantities.into_iter().map(|quantity| (quantity, Some(lens.clone()))).collect();
        let plan = planned(&lines);
        let sum: u32 = plan.steps.iter().map(|step| step.minutes).sum();
        prop_assert_eq!(sum, plan.lead_time_minutes);
    }
}
