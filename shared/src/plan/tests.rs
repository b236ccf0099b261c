//! Plans, worked out by hand from the table of stations.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::complexity::{Assessment, Reason};
use crate::domain_docs::table;

#[test]
fn the_page_shows_the_stations() {
    let rows = STATIONS.iter().map(|station| {
        let step = serde_json::to_value(station.step).unwrap().as_str().unwrap().to_owned();
        let numbers = [station.setup_minutes, station.at_once, station.round_minutes]
            .map(|number| number.to_string());
        [vec![step, station.name.to_owned()], numbers.to_vec()].concat()
    });
    assert_eq!(table("Stations", 5), rows.collect::<Vec<_>>());
}

fn planned(items: Value) -> Plan {
    let text = json!({"orderId": 1, "delivery": "Standard", "items": items}).to_string();
    plan(&Order::parse(text.as_bytes()).unwrap())
}

fn item(quantity: u32, lens: Value) -> Value {
    json!({"orderItemId": 1, "sku": "LNS-1", "quantity": quantity, "lens": lens})
}

fn minutes(plan: &Plan, step: Step) -> Option<u32> {
    plan.steps.iter().find(|planned| planned.step == step).map(|planned| planned.minutes)
}

#[test]
fn an_order_without_a_lens_is_picked_and_packed() {
    let plan = planned(json!([{"orderItemId": 1, "sku": "FRM-1", "quantity": 21}]));
    // Pick: 2 + 1 round of 1. Pack: 3 + 2 rounds of 2.
    assert_eq!(
        serde_json::to_value(plan).unwrap(),
        json!({"table": "2026-01", "lenses": 0, "leadTimeMinutes": 10, "steps": [
            {"step": "pick", "station": "store", "pieces": 1, "setups": 1, "minutes": 3},
            {"step": "pack", "station": "dispatch", "pieces": 21, "setups": 1, "minutes": 7}
        ]})
    );
}

#[test]
fn a_made_lens_goes_through_every_step_it_needs() {
    let eye = json!({"sphere": -7.0, "addition": 2.0});
    let lens = json!({
        "right": eye, "left": eye, "tint": "brown", "coatings": ["hard", "antiReflective", "photochromic"],
        "frame": {"width": 50, "height": 36, "bridge": 18}
    });
    let plan = planned(json!([item(1, lens)]));
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
    let stock = |lens: Value| minutes(&planned(json!([item(1, lens)])), Step::Generate).is_none();
    assert!(stock(json!({"right": {"sphere": -8.0}, "coatings": ["hard", "blueFilter"]})));
    assert!(!stock(json!({"right": {"sphere": -8.25}})));
    assert!(!stock(json!({"right": {"sphere": -6.5, "cylinder": -1.75, "axis": 5}})));
    assert!(stock(json!({"right": {"sphere": 6.0}})));
    assert!(!stock(json!({"right": {"sphere": 6.25}})));
    assert!(stock(json!({"right": {"sphere": 1.0, "cylinder": -2.0, "axis": 5}})));
    assert!(!stock(json!({"right": {"sphere": 1.0, "cylinder": -2.25, "axis": 5}})));
    assert!(!stock(json!({"right": {"sphere": 1.0, "addition": 1.0}})));
    assert!(!stock(json!({"right": {"sphere": 1.0, "prism": 0.5, "base": "in"}})));
    assert!(!stock(json!({"right": {"sphere": 1.0}, "baseCurve": 4})));
    assert!(!stock(json!({"right": {"sphere": 1.0}, "tint": "gray"})));
    assert!(!stock(json!({"right": {"sphere": 1.0}, "coatings": ["mirror"]})));
    assert!(stock(json!({"right": {"sphere": 1.0}, "index": 1.6})));
    assert!(!stock(json!({"right": {"sphere": 1.0}, "index": 1.67})));
}

#[test]
fn a_stock_lens_is_not_coated_again() {
    let plan = planned(json!([item(1, json!({"right": {"sphere": -1.0}, "coatings": ["hard"]}))]));
    assert_eq!(minutes(&plan, Step::Coat), None);
}

#[test]
fn lenses_of_one_order_share_the_set_up() {
    let lens = json!({"right": {"sphere": -9.0}, "coatings": ["hard"], "tint": "gray"});
    let (one, four) = (
        planned(json!([item(1, lens.clone())])),
        planned(json!([item(3, lens.clone()), item(1, lens)])),
    );
    // Six lenses fit the generator at once, 120 the coater, and one bath serves both lines.
    for step in [Step::Generate, Step::Coat, Step::Tint] {
        assert_eq!(minutes(&one, step), minutes(&four, step));
    }
    let other = json!({"right": {"sphere": -8.0}, "tint": "brown"});
    let two_tints = planned(json!([
        item(1, json!({"right": {"sphere": -8.0}, "tint": "gray"})),
        item(1, other)
    ]));
    assert_eq!(minutes(&two_tints, Step::Tint), Some(2 * (20 + 30)));
}

#[test]
fn lines_taken_back_need_nothing() {
    let plan = planned(json!([item(0, json!({"right": {"sphere": -8.0}}))]));
    assert_eq!((plan.lenses, plan.lead_time_minutes, plan.steps.len()), (0, 0, 0));
}

#[test]
fn the_largest_order_has_a_lead_time() {
    let lens = json!({"right": {"sphere": -8.0}, "left": {"sphere": -8.0}});
    let plan = planned(vec![item(10_000, lens); 500].into());
    assert_eq!(plan.lenses, 10_000_000);
    assert_eq!(minutes(&plan, Step::Inspect), Some(2 + 5_000_000 * 2));
}

proptest! {
    #[test]
    fn more_of_the_same_never_takes_less_time(quantity in 1u32..9_000, more in 1u32..1_000, sphere in -60i32..60) {
        let lens = json!({"right": {"sphere": f64::from(sphere) / 4.0}, "coatings": ["hard"]});
        let lead_time = |quantity| planned(json!([item(quantity, lens.clone())])).lead_time_minutes;
        prop_assert!(lead_time(quantity) <= lead_time(quantity + more));
    }

    /// The score and the plan speak of the same stock.
    #[test]
    fn what_the_score_calls_beyond_stock_is_made(sphere in -48i32..=48, cylinder in -16i32..=16, index in 150..=174) {
        let quarters = |number| f64::from(number) / 4.0;
        let eye = json!({"sphere": quarters(sphere), "cylinder": quarters(cylinder), "axis": 7});
        let lens = json!({"right": eye, "index": f64::from(index) / 100.0});
        let text = json!({"orderId": 1, "delivery": "Standard", "items": [item(1, lens)]}).to_string();
        let order = Order::parse(text.as_bytes()).unwrap();
        let beyond_stock = Assessment::of(&order).reasons().any(|(reason, _)| {
            matches!(reason, Reason::PowerBeyondStock | Reason::CylinderBeyondStock | Reason::HighIndex)
        });
        prop_assert_eq!(minutes(&plan(&order), Step::Generate).is_some(), beyond_stock);
    }

    #[test]
    fn the_lead_time_is_the_sum_of_the_steps(quantities in prop::collection::vec(0u32..100, 1..6)) {
        let items = quantities.iter().map(|quantity| item(*quantity, json!({"right": {"sphere": -9}, "tint": "gray"})));
        let plan = planned(items.collect::<Vec<_>>().into());
        prop_assert_eq!(plan.steps.iter().map(|step| step.minutes).sum::<u32>(), plan.lead_time_minutes);
    }
}
