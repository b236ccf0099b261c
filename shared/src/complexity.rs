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
        let mut give = |reason: Reason, points: u32| {
            let slot = &mut assessment.points[reason as usize];
            *slot = points.max(*slot);
        };
        match order.items.len() {
            8.. => give(Reason::ManyItems, 30),
            5.. => give(Reason::ManyItems, 15),
            _ => {}
        }
        match order.total_quantity() {
            40.. => give(Reason::LargeQuantity, 20),
            25.. => give(Reason::LargeQuantity, 10),
            _ => {}
        }
        if order.delivery == Delivery::Express {
            give(Reason::Express, 5);
            if order.ship_to.is_some_and(|country| country.as_str() != PLANT) {
                give(Reason::ExpressAcrossBorder, 15);
            }
        }
        for lens in order.items.iter().filter_map(|item| item.lens.as_ref()) {
            assess_lens(lens, &mut give);
        }
        assessment
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
        parts.filter_map(|(reason, points)| Some(Self { reason, points: points.parse().ok()? })).collect()
    }
}

fn assess_lens(lens: &Lens<'_>, give: &mut impl FnMut(Reason, u32)) {
    give(Reason::Prescription, 20);
    for eye in lens.eyes() {
        if eye.addition > 0.0 {
            give(Reason::Progressive, 25);
        }
        if eye.prism > 0.0 {
            give(Reason::Prism, 25);
        }
        let (weakest, strongest) = principal_powers(eye);
        if weakest < -8.0 || strongest > 6.0 {
            give(Reason::PowerBeyondStock, 20);
        }
        if eye.cylinder.abs() > 2.0 {
            give(Reason::CylinderBeyondStock, 15);
        }
    }
    if lens.index.is_some_and(|index| index >= 1.67) {
        give(Reason::HighIndex, 10);
    }
    let is_special = |coating: &str| ["mirror", "photochromic", "polarized"].contains(&coating);
    if lens.tint.is_some() || lens.coatings.iter().any(|coating| is_special(coating)) {
        give(Reason::SpecialFinish, 10);
    }
    if let (Some(right), Some(left)) = (&lens.right, &lens.left)
        && (spherical_equivalent(right) - spherical_equivalent(left)).abs() >= 2.0
    {
        give(Reason::UnequalEyes, 15);
    }
}

/// The powers of the two principal meridians, the lower first.
fn principal_powers(eye: &Eye) -> (f64, f64) {
    let other = eye.sphere + eye.cylinder;
    (eye.sphere.min(other), eye.sphere.max(other))
}

fn spherical_equivalent(eye: &Eye) -> f64 {
    eye.sphere + eye.cylinder / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(with_items(count, quantity).reasons_text(), text, "{count} items of {quantity}");
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
