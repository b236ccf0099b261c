use optics::{Coating, Step, plan};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::tests::table;

#[test]
fn the_page_shows_the_reasons_with_their_points() {
    let tiers = |reason: Reason, tiers: &Tiers, unit: &str| -> Vec<Vec<String>> {
        let row = |(from, points): &(u64, u32)| {
            vec![reason.as_str().to_owned(), format!("{from} {unit}"), points.to_string()]
        };
        tiers.iter().map(row).collect()
    };
    let coatings = <Coating as VariantArray>::VARIANTS.iter();
    let special = coatings.filter(|coating| !stock::has_coating(**coating));
    let special_coatings: Vec<_> = special.map(|coating| coating.as_str()).collect();
    let rows = <Reason as VariantArray>::VARIANTS.iter().flat_map(|&reason| {
        let when = match reason {
            Reason::ManyItems => return tiers(reason, MANY_ITEMS, "items"),
            Reason::LargeQuantity => return tiers(reason, LARGE_QUANTITY, "pieces"),
            Reason::Express => "`Express`".to_owned(),
            Reason::ExpressAcrossBorder => format!("`Express`, `shipTo` other than {HOME}"),
            Reason::Prescription => "a `lens`".to_owned(),
            Reason::Progressive => "an `addition` above 0".to_owned(),
            Reason::Prism => "a `prism` above 0".to_owned(),
            Reason::PowerBeyondStock => {
                let (low, high) = (stock::POWER.start(), stock::POWER.end());
                format!("a meridian below {low} or above +{high} D")
            }
            Reason::CylinderBeyondStock => format!("a cylinder above {} D", stock::CYLINDER),
            Reason::HighIndex => format!("an index from {}", stock::HIGH_INDEX),
            Reason::SpecialFinish => format!("a tint, {}", special_coatings.join(", ")),
            Reason::UnequalEyes => format!("spherical equivalents {UNEQUAL} D apart"),
        };
        vec![vec![reason.as_str().to_owned(), when, reason.max_points().to_string()]]
    });
    assert_eq!(table("Reasons", 3), rows.collect::<Vec<_>>());
}

fn assess(json: &str) -> Assessment {
    Assessment::of(&Order::parse(json.as_bytes()).unwrap())
}

fn with_items(count: usize, quantity: u32) -> Assessment {
    let item = format!(r#"{{"orderItemId":1,"sku":"A","quantity":{quantity}}}"#);
    let items = vec![item; count].join(",");
    assess(&format!(r#"{{"orderId":1,"delivery":"Standard","items":[{items}]}}"#))
}

fn with_lens(lens: &str) -> Assessment {
    assess(&format!(
        r#"{{"orderId":1,"delivery":"Standard",
        "items":[{{"orderItemId":1,"sku":"A","quantity":1,"lens":{lens}}}]}}"#
    ))
}

#[test]
fn items_and_pieces_count_from_their_thresholds_on() {
    for (count, quantity, text) in [
        (4, 6, ""),
        (5, 1, "many_items:15"),
        (7, 1, "many_items:15"),
        (8, 1, "many_items:30"),
        (1, 24, ""),
        (1, 25, "large_quantity:10"),
        (1, 39, "large_quantity:10"),
        (1, 40, "large_quantity:20"),
        (8, 5, "many_items:30,large_quantity:20"),
    ] {
        assert_eq!(with_items(count, quantity).reasons_text(), text, "{count} items of {quantity}");
    }
}

#[test]
fn express_counts_more_across_a_border() {
    let express = |ship_to: &str| {
        assess(&format!(
            r#"{{"orderId":1,"delivery":"Express"{ship_to},
            "items":[{{"orderItemId":1,"sku":"A","quantity":1}}]}}"#
        ))
        .reasons_text()
    };
    assert_eq!(express(""), "express:5");
    assert_eq!(express(r#","shipTo":"DE""#), "express:5");
    assert_eq!(express(r#","shipTo":"CH""#), "express:5,express_across_border:15");
}

#[test]
fn each_property_of_a_lens_counts_just_beyond_its_limit_and_not_before() {
    for (lens, text) in [
        (r#"{"right":{"sphere":-8.0}}"#, "prescription:20"),
        (r#"{"right":{"sphere":-8.25}}"#, "prescription:20,power_beyond_stock:20"),
        (r#"{"right":{"sphere":6.0}}"#, "prescription:20"),
        (r#"{"right":{"sphere":6.25}}"#, "prescription:20,power_beyond_stock:20"),
        (
            r#"{"right":{"sphere":-7.0,"cylinder":-1.25,"axis":90}}"#,
            "prescription:20,power_beyond_stock:20",
        ),
        (r#"{"left":{"sphere":0,"cylinder":-2.0,"axis":90}}"#, "prescription:20"),
        (
            r#"{"left":{"sphere":0,"cylinder":2.25,"axis":90}}"#,
            "prescription:20,cylinder_beyond_stock:15",
        ),
        (r#"{"left":{"sphere":0,"addition":0.75}}"#, "prescription:20,progressive:25"),
        (r#"{"left":{"sphere":0,"prism":0.5,"base":"in"}}"#, "prescription:20,prism:25"),
        (r#"{"left":{"sphere":0},"index":1.6}"#, "prescription:20"),
        (r#"{"left":{"sphere":0},"index":1.67}"#, "prescription:20,high_index:10"),
        (r#"{"left":{"sphere":0},"coatings":["hard","antiReflective"]}"#, "prescription:20"),
        (r#"{"left":{"sphere":0},"coatings":["mirror"]}"#, "prescription:20,special_finish:10"),
        (r#"{"left":{"sphere":0},"tint":"grey"}"#, "prescription:20,special_finish:10"),
        (r#"{"right":{"sphere":1},"left":{"sphere":-0.75}}"#, "prescription:20"),
        (r#"{"right":{"sphere":1},"left":{"sphere":-1}}"#, "prescription:20,unequal_eyes:15"),
    ] {
        assert_eq!(with_lens(lens).reasons_text(), text, "{lens}");
    }
}

#[test]
fn an_order_is_complex_from_the_threshold_on() {
    let assessment = with_items(8, 5);
    assert_eq!(assessment.score(), 50);
    assert_eq!(assessment.lane(50), Lane::Complex);
    assert_eq!(assessment.lane(51), Lane::Simple);
}

proptest! {
    /// Score and plan mean the same stock.
    #[test]
    fn a_lens_that_the_score_calls_beyond_stock_is_made(
        sphere in -48i32..=48, cylinder in -16i32..=16, index in 150..=174
    ) {
        let quarters = |number| f64::from(number) / 4.0;
        let eye = json!({"sphere": quarters(sphere), "cylinder": quarters(cylinder), "axis": 7});
        let lens = json!({"right": eye, "index": f64::from(index) / 100.0});
        let item = json!({"orderItemId": 1, "sku": "LNS-1", "quantity": 1, "lens": lens});
        let text = json!({"orderId": 1, "delivery": "Standard", "items": [item]}).to_string();
        let order = Order::parse(text.as_bytes()).unwrap();
        let beyond_stock = Assessment::of(&order).reasons().any(|(reason, _)| {
            use Reason::{CylinderBeyondStock, HighIndex, PowerBeyondStock};
            matches!(reason, PowerBeyondStock | CylinderBeyondStock | HighIndex)
        });
        let plan = plan([(1, order.items[0].lens.as_ref())]);
        prop_assert_eq!(plan.steps.iter().any(|step| step.step == Step::Generate), beyond_stock);
    }
}
