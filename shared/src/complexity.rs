//! How much work an order is: a score, the sum of named reasons with points.
//!
//! The distributor compares the score with the variable `complexity_threshold` and routes by it. The points say how much planning
//! and calculation a reason causes compared with the others; the table with the thinking behind it is in `docs/domain.md`.

use std::fmt::Write as _;

use serde::Serialize;

use crate::order::{Delivery, Eye, Lens, Order};
use crate::queue::Lane;

/// A reason why an order is work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// 5 items or more, and again from 8: picked in several places, shipped together.
    ManyItems,
    /// 25 pieces or more in total, and again from 40: more than one box.
    LargeQuantity,
    /// Express: it overtakes others.
    Express,
    /// Express to another country than the plant's: customs papers the same day.
    ExpressAcrossBorder,
    /// A prescription: a lens is made for one person.
    Prescription,
    /// An addition: the surface is progressive or has a segment.
    Progressive,
    /// Prescribed prism: the surface is tilted against the block.
    Prism,
    /// A principal power beyond the stock range of -8 to +6 dioptres: no finished lens on the shelf.
    PowerBeyondStock,
    /// A cylinder of more than 2 dioptres: no finished lens on the shelf.
    CylinderBeyondStock,
    /// An index of 1.67 or more: a blank that is ordered for the job.
    HighIndex,
    /// A tint, mirror, photochromic or polarized lens: another station.
    SpecialFinish,
    /// Spherical equivalents 2 dioptres or more apart: thickness and base curve must be balanced.
    UnequalEyes,
}

/// The country of the plant; express beyond it crosses a border.
const PLANT: &str = "DE";

/// Points by a count from which on they are given: the last row that is reached.
type Tiers = [(u64, u32)];
/// By the number of items.
const MANY_ITEMS: &Tiers = &[(5, 15), (8, 30)];
/// By the number of pieces.
const LARGE_QUANTITY: &Tiers = &[(25, 10), (40, 20)];

/// Principal powers of which there are finished lenses, in dioptres.
const STOCK_POWER: std::ops::RangeInclusive<f64> = -8.0..=6.0;
/// The strongest cylinder of which there are finished lenses, in dioptres without its sign.
const STOCK_CYLINDER: f64 = 2.0;
/// The refractive index from which on blanks are ordered for the job.
const HIGH_INDEX: f64 = 1.67;
/// The difference of spherical equivalents, in dioptres, from which on two lenses are balanced.
const UNEQUAL: f64 = 2.0;
/// Coatings that are a station of their own.
const SPECIAL_COATINGS: [&str; 3] = ["mirror", "photochromic", "polarized"];

/// The reasons found in one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Assessment {
    /// Points by position in [`Reason::ALL`].
    points: [u32; Reason::ALL.len()],
}

impl Reason {
    /// All reasons, in the order they are reported.
    pub const ALL: [Self; 12] = [
        Self::ManyItems,
        Self::LargeQuantity,
        Self::Express,
        Self::ExpressAcrossBorder,
        Self::Prescription,
        Self::Progressive,
        Self::Prism,
        Self::PowerBeyondStock,
        Self::CylinderBeyondStock,
        Self::HighIndex,
        Self::SpecialFinish,
        Self::UnequalEyes,
    ];

    /// The points it gives; at most, where they go by a count.
    pub fn max_points(self) -> u32 {
        let last = |tiers: &Tiers| tiers.last().map_or(0, |(_, points)| *points);
        match self {
            Self::ManyItems => last(MANY_ITEMS),
            Self::LargeQuantity => last(LARGE_QUANTITY),
            Self::Express => 5,
            Self::ExpressAcrossBorder => 15,
            Self::Prescription => 20,
            Self::Progressive => 25,
            Self::Prism => 25,
            Self::PowerBeyondStock => 20,
            Self::CylinderBeyondStock => 15,
            Self::HighIndex => 10,
            Self::SpecialFinish => 10,
            Self::UnequalEyes => 15,
        }
    }

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ManyItems => "many_items",
            Self::LargeQuantity => "large_quantity",
            Self::Express => "express",
            Self::ExpressAcrossBorder => "express_across_border",
            Self::Prescription => "prescription",
            Self::Progressive => "progressive",
            Self::Prism => "prism",
            Self::PowerBeyondStock => "power_beyond_stock",
            Self::CylinderBeyondStock => "cylinder_beyond_stock",
            Self::HighIndex => "high_index",
            Self::SpecialFinish => "special_finish",
            Self::UnequalEyes => "unequal_eyes",
        }
    }
}

impl Assessment {
    /// Finds the reasons in an order.
    pub fn of(order: &Order<'_>) -> Self {
        let mut assessment = Self::default();
        assessment.give(Reason::ManyItems, reached(MANY_ITEMS, order.items.len() as u64));
        assessment.give(Reason::LargeQuantity, reached(LARGE_QUANTITY, order.total_quantity()));
        if order.delivery == Delivery::Express {
            assessment.find(Reason::Express);
            if order.ship_to.is_some_and(|country| country.as_str() != PLANT) {
                assessment.find(Reason::ExpressAcrossBorder);
            }
        }
        for lens in order.items.iter().filter_map(|item| item.lens.as_ref()) {
            assessment.assess_lens(lens);
        }
        assessment
    }

    /// A reason counts once, however often it is found.
    fn find(&mut self, reason: Reason) {
        self.give(reason, reason.max_points());
    }

    fn give(&mut self, reason: Reason, points: u32) {
        self.points[reason as usize] = points;
    }

    fn assess_lens(&mut self, lens: &Lens<'_>) {
        self.find(Reason::Prescription);
        for eye in lens.eyes() {
            if eye.addition > 0.0 {
                self.find(Reason::Progressive);
            }
            if eye.prism > 0.0 {
                self.find(Reason::Prism);
            }
            if ![eye.sphere, eye.sphere + eye.cylinder]
                .iter()
                .all(|power| STOCK_POWER.contains(power))
            {
                self.find(Reason::PowerBeyondStock);
            }
            if eye.cylinder.abs() > STOCK_CYLINDER {
                self.find(Reason::CylinderBeyondStock);
            }
        }
        if lens.index.is_some_and(|index| index >= HIGH_INDEX) {
            self.find(Reason::HighIndex);
        }
        let is_special = |coating: &str| SPECIAL_COATINGS.contains(&coating);
        if lens.tint.is_some() || lens.coatings.iter().any(|coating| is_special(coating)) {
            self.find(Reason::SpecialFinish);
        }
        if let (Some(right), Some(left)) = (&lens.right, &lens.left)
            && (spherical_equivalent(right) - spherical_equivalent(left)).abs() >= UNEQUAL
        {
            self.find(Reason::UnequalEyes);
        }
    }

    /// The sum of the points.
    pub fn score(&self) -> u32 {
        self.points.iter().sum()
    }

    /// The lane at this threshold: complex from the threshold on.
    pub fn lane(&self, complexity_threshold: u32) -> Lane {
        if self.score() >= complexity_threshold { Lane::Complex } else { Lane::Simple }
    }

    /// The reasons that apply, with their points.
    pub fn reasons(&self) -> impl Iterator<Item = (Reason, u32)> {
        Reason::ALL.into_iter().zip(self.points).filter(|(_, points)| *points > 0)
    }

    /// The reasons as text: `many_items:30,express:5`.
    pub fn reasons_text(&self) -> String {
        let mut text = String::new();
        for (reason, points) in self.reasons() {
            let comma = if text.is_empty() { "" } else { "," };
            // Writing to a string cannot fail.
            let _ = write!(text, "{comma}{}:{points}", reason.as_str());
        }
        text
    }
}

/// A reason with its points, as it is told to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ReasonPoints<'a> {
    /// The reason's stable name.
    #[cfg_attr(test, schemars(extend("enum" = Reason::ALL.map(Reason::as_str))))]
    pub reason: &'a str,
    /// Its points.
    pub points: u32,
}

impl<'a> ReasonPoints<'a> {
    /// Reads what [`Assessment::reasons_text`] wrote; parts that it did not write are left out.
    pub fn read_all(text: &'a str) -> Vec<Self> {
        let parts = text.split(',').filter_map(|part| part.split_once(':'));
        parts
            .filter_map(|(reason, points)| Some(Self { reason, points: points.parse().ok()? }))
            .collect()
    }
}

/// The points of the last row that `count` reaches.
fn reached(tiers: &Tiers, count: u64) -> u32 {
    tiers.iter().rev().find(|(from, _)| count >= *from).map_or(0, |(_, points)| *points)
}

fn spherical_equivalent(eye: &Eye) -> f64 {
    eye.sphere + eye.cylinder / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain_docs::table;

    #[test]
    fn the_page_shows_the_reasons_with_their_points() {
        let tiers = |reason: Reason, tiers: &Tiers, unit: &str| -> Vec<Vec<String>> {
            let row = |(from, points): &(u64, u32)| {
                vec![reason.as_str().to_owned(), format!("{from} {unit}"), points.to_string()]
            };
            tiers.iter().map(row).collect()
        };
        let rows = Reason::ALL.into_iter().flat_map(|reason| {
            let when = match reason {
                Reason::ManyItems => return tiers(reason, MANY_ITEMS, "items"),
                Reason::LargeQuantity => return tiers(reason, LARGE_QUANTITY, "pieces"),
                Reason::Express => "`Express`".to_owned(),
                Reason::ExpressAcrossBorder => format!("`Express`, `shipTo` other than {PLANT}"),
                Reason::Prescription => "a `lens`".to_owned(),
                Reason::Progressive => "an `addition` above 0".to_owned(),
                Reason::Prism => "a `prism` above 0".to_owned(),
                Reason::PowerBeyondStock => {
                    format!(
                        "a meridian below {} or above +{} D",
                        STOCK_POWER.start(),
                        STOCK_POWER.end()
                    )
                }
                Reason::CylinderBeyondStock => format!("a cylinder above {STOCK_CYLINDER} D"),
                Reason::HighIndex => format!("an index from {HIGH_INDEX}"),
                Reason::SpecialFinish => format!("a tint, {}", SPECIAL_COATINGS.join(", ")),
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
            r#"{{"orderId":1,"delivery":"Standard","items":[{{"orderItemId":1,"sku":"A","quantity":1,"lens":{lens}}}]}}"#
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
            assert_eq!(
                with_items(count, quantity).reasons_text(),
                text,
                "{count} items of {quantity}"
            );
        }
    }

    #[test]
    fn express_counts_more_across_a_border() {
        let express = |ship_to: &str| {
            assess(&format!(
                r#"{{"orderId":1,"delivery":"Express"{ship_to},"items":[{{"orderItemId":1,"sku":"A","quantity":1}}]}}"#
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

    #[test]
    fn a_name_stands_for_one_reason() {
        let mut names: Vec<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Reason::ALL.len());
        for (position, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, position);
        }
    }
}
