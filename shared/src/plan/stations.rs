//! The stations of the works and their minutes, as data.

use serde::Serialize;

/// The name of the table: the month it came into force.
pub const PLAN_TABLE: &str = "2026-01";

/// What is done to an order on its way through the works, in that order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Take the lines from the shelves.
    Pick,
    /// Choose the blanks or finished lenses.
    Blank,
    /// Fix each blank to its block.
    Block,
    /// Cut the back surface.
    Generate,
    /// Polish it.
    Polish,
    /// Mark the reference points of progressive lenses.
    Engrave,
    /// Dye in the bath of the tint.
    Tint,
    /// Coat, one layer after the other.
    Coat,
    /// Cut to the shape of the frame.
    Edge,
    /// Measure against the tolerances.
    Inspect,
    /// Pack and label.
    Pack,
}

/// A station: how it is set up and how it takes pieces.
pub(super) struct Station {
    pub(super) step: Step,
    pub(super) name: &'static str,
    /// Minutes to set it up, once for the batch; at tinting and coating for each tint and coating.
    pub(super) setup_minutes: u32,
    /// Pieces that are worked on at once.
    pub(super) at_once: u32,
    /// Minutes until they are done.
    pub(super) round_minutes: u32,
}

/// The maker's own planning figures, in force from the month of [`PLAN_TABLE`].
pub(super) const STATIONS: [Station; 11] = [
    Station { step: Step::Pick, name: "store", setup_minutes: 2, at_once: 2, round_minutes: 1 },
    Station {
        step: Step::Blank,
        name: "lens store",
        setup_minutes: 2,
        at_once: 4,
        round_minutes: 1,
    },
    Station { step: Step::Block, name: "blocker", setup_minutes: 3, at_once: 4, round_minutes: 2 },
    Station {
        step: Step::Generate,
        name: "generator",
        setup_minutes: 5,
        at_once: 6,
        round_minutes: 3,
    },
    Station {
        step: Step::Polish,
        name: "polisher",
        setup_minutes: 5,
        at_once: 8,
        round_minutes: 5,
    },
    Station { step: Step::Engrave, name: "laser", setup_minutes: 2, at_once: 2, round_minutes: 1 },
    Station {
        step: Step::Tint,
        name: "tint bath",
        setup_minutes: 20,
        at_once: 24,
        round_minutes: 30,
    },
    Station {
        step: Step::Coat,
        name: "coater",
        setup_minutes: 30,
        at_once: 120,
        round_minutes: 45,
    },
    Station { step: Step::Edge, name: "edger", setup_minutes: 3, at_once: 6, round_minutes: 4 },
    Station {
        step: Step::Inspect,
        name: "inspection",
        setup_minutes: 2,
        at_once: 2,
        round_minutes: 2,
    },
    Station { step: Step::Pack, name: "dispatch", setup_minutes: 3, at_once: 20, round_minutes: 2 },
];
