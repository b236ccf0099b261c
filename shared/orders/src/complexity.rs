//! The complexity of an order: a score, the sum of named reasons with points.
//!
//! The distributor compares the score with the variable `complexity_threshold`. The points of a
//! reason say how much planning and calculation it causes; `README.md` explains them.

use std::fmt::Write as _;

use optics::{Eye, Lens, stock};
use serde::Serialize;
use strum::{EnumCount, IntoStaticStr, VariantArray};

use crate::order::{Delivery, Order};
use crate::{HOME, Lane};

/// A reason for an order's complexity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, EnumCount, IntoStaticStr, VariantArray)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Reason {
    /// 5 items or more, and again from 8: picked in several places, shipped together.
    ManyItems,
    /// 25 pieces or more in total, and again from 40: more than one box.
    LargeQuantity,
    /// Express: it overtakes others.
    Express,
    /// Express to another country than the factory's: customs papers the same day.
    ExpressAcrossBorder,
    /// A prescription: a lens is made for one person.
    Prescription,
    /// An addition: the surface is progressive or has a segment.
    Progressive,
    /// Prescribed prism: the surface is tilted against the block.
    Prism,
    /// A principal power beyond [`stock::POWER`]: no finished lens in stock.
    PowerBeyondStock,
    /// A cylinder beyond [`stock::CYLINDER`]: no finished lens in stock.
    CylinderBeyondStock,
    /// An index from [`stock::HIGH_INDEX`] on: the blank is ordered for the job.
    HighIndex,
    /// A tint, mirror, photochromic or polarized lens: another station.
    SpecialFinish,
    /// Spherical equivalents 2 dioptres or more apart: thickness and base curve must be balanced.
    UnequalEyes,
}

/// Points by minimum count; the last row that is reached applies.
type Tiers = [(u64, u32)];
/// By the number of items.
const MANY_ITEMS: &Tiers = &[(5, 15), (8, 30)];
/// By the number of pieces.
const LARGE_QUANTITY: &Tiers = &[(25, 10), (40, 20)];

/// The difference of spherical equivalents, in dioptres, from which on two lenses are balanced.
const UNEQUAL: f64 = 2.0;

/// The reasons found in one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Assessment {
    /// Points by reason.
    points: [u32; Reason::COUNT],
}

impl Reason {
    /// Its points, or its maximum if they depend on a count.
    pub fn max_points(self) -> u32 {
        let last = |tiers: &Tiers| tiers.last().map_or(0, |(_, points)| *points);
        match self {
            Self::ManyItems => last(MANY_ITEMS),
            Self::LargeQuantity => last(LARGE_QUANTITY),
            Self::Express => 5,
            Self::HighIndex | Self::SpecialFinish => 10,
            Self::ExpressAcrossBorder | Self::CylinderBeyondStock | Self::UnequalEyes => 15,
            Self::Prescription | Self::PowerBeyondStock => 20,
            Self::Progressive | Self::Prism => 25,
        }
    }

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        self.into()
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
            if order.ship_to.is_some_and(|country| country.as_str() != HOME) {
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
        let any_eye = |applies: fn(&Eye) -> bool| lens.eyes().any(applies);
        let reasons = [
            (Reason::Prescription, true),
            (Reason::Progressive, any_eye(Eye::is_progressive)),
            (Reason::Prism, any_eye(|eye| eye.prism > 0.0)),
            (Reason::PowerBeyondStock, any_eye(|eye| !stock::has_power(eye))),
            (Reason::CylinderBeyondStock, any_eye(|eye| !stock::has_cylinder(eye))),
            (Reason::HighIndex, !stock::has_index(lens.index)),
            (Reason::SpecialFinish, !stock::has_finish(lens)),
            (Reason::UnequalEyes, are_unequal(lens)),
        ];
        for (reason, _) in reasons.into_iter().filter(|(_, applies)| *applies) {
            self.find(reason);
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

    /// The reasons that apply, with their points, in the order of [`Reason`].
    pub fn reasons(&self) -> impl Iterator<Item = (Reason, u32)> {
        let reasons = <Reason as VariantArray>::VARIANTS.iter().copied();
        reasons.zip(self.points).filter(|(_, points)| *points > 0)
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

/// A reason with its points, as reported to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ReasonPoints<'a> {
    /// The reason's stable name.
    pub reason: &'a str,
    /// Its points.
    pub points: u32,
}

impl<'a> ReasonPoints<'a> {
    /// Reads an [`Assessment::reasons_text`]; parts of another form are left out.
    pub fn read_all(text: &'a str) -> Vec<Self> {
        let parts = text.split(',').filter_map(|part| part.split_once(':'));
        parts
            .filter_map(|(reason, points)| Some(Self { reason, points: points.parse().ok()? }))
            .collect()
    }
}

fn are_unequal(lens: &Lens<'_>) -> bool {
    let [right, left] =
        [lens.right, lens.left].map(|eye| Some(eye?.power().spherical_equivalent()));
    right.zip(left).is_some_and(|(right, left)| (right - left).abs() >= UNEQUAL)
}

/// The points of the last row that `count` reaches.
fn reached(tiers: &Tiers, count: u64) -> u32 {
    tiers.iter().rev().find(|(from, _)| count >= *from).map_or(0, |(_, points)| *points)
}

#[cfg(test)]
mod tests;
