//! The stations of the factory and their minutes, as data.

use serde::Serialize;

/// The name of the table: the month it came into force.
pub const PLAN_TABLE: &str = "2026-01";

/// The steps of an order in the factory, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// A station: its set-up and its rounds.
pub(super) struct Station {
    pub(super) step: Step,
    /// Minutes to set it up, once for the batch; at tinting and coating for each tint and coating.
    pub(super) setup_minutes: u32,
    /// Pieces of one round.
    pub(super) at_once: u32,
    /// Minutes of one round.
    pub(super) round_minutes: u32,
}

/// The manufacturer's planning figures, in force from the month of [`PLAN_TABLE`]: set-up minutes, pieces
/// at once, minutes of a round.
pub(super) const STATIONS: [Station; 11] = [
    station(Step::Pick, 2, 2, 1),
    station(Step::Blank, 2, 4, 1),
    station(Step::Block, 3, 4, 2),
    station(Step::Generate, 5, 6, 3),
    station(Step::Polish, 5, 8, 5),
    station(Step::Engrave, 2, 2, 1),
    station(Step::Tint, 20, 24, 30),
    station(Step::Coat, 30, 120, 45),
    station(Step::Edge, 3, 6, 4),
    station(Step::Inspect, 2, 2, 2),
    station(Step::Pack, 3, 20, 2),
];

const fn station(step: Step, setup_minutes: u32, at_once: u32, round_minutes: u32) -> Station {
    Station { step, setup_minutes, at_once, round_minutes }
}
