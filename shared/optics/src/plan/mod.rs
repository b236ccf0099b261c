//! The production steps of an order, and how long they take: [`plan`].
//!
//! All prescriptions of an order travel as one batch. Each station is set up once and then takes
//! the lenses in rounds; the next step starts when the batch is through. Lines without a
//! prescription are only picked and packed. Absent: the load of the factory, shifts and weekends
//! (those belong to the promise).

mod stations;

use serde::Serialize;
use strum::EnumCount;

use crate::prescription::{Coating, Eye, Lens};
use crate::stock;
pub use stations::{PLAN_TABLE, Step};
use stations::{STATIONS, Station};

/// The path of an order through the factory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The table of stations and minutes that was in force, [`PLAN_TABLE`].
    pub table: &'static str,
    /// Lenses made for a prescription.
    pub lenses: u64,
    /// The necessary steps, in their order.
    pub steps: Vec<PlannedStep>,
    /// Working minutes from the first step to the last.
    pub lead_time_minutes: u32,
}

/// One step of the whole batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PlannedStep {
    /// What is done.
    pub step: Step,
    /// Lenses, at coating once for each layer; at picking lines, at packing pieces of all lines.
    pub pieces: u64,
    /// How often the station is set up: once, but for each tint and each coating.
    pub setups: u32,
    /// Minutes for the batch.
    pub minutes: u32,
}

/// The work of an order, counted over all its lines.
#[derive(Debug, Default)]
struct Work<'a> {
    lines: u64,
    pieces: u64,
    lenses: u64,
    surfaced: u64,
    progressive: u64,
    edged: u64,
    /// Lenses for each tint, sorted by its name.
    tinted: Vec<(&'a str, u64)>,
    /// Lenses for each coating that the factory applies.
    coated: [u64; Coating::COUNT],
}

/// The plan for an order by its lines: the quantity of each, and its prescription. A line of
/// quantity 0 needs no work.
pub fn plan<'a>(lines: impl IntoIterator<Item = (u32, Option<&'a Lens<'a>>)>) -> Plan {
    let mut work = Work::default();
    for (quantity, lens) in lines.into_iter().filter(|(quantity, _)| *quantity > 0) {
        work.add(quantity.into(), lens);
    }
    let steps: Vec<_> = STATIONS.iter().filter_map(|station| work.at(station)).collect();
    let lead_time_minutes = steps.iter().fold(0u32, |sum, step| sum.saturating_add(step.minutes));
    Plan { table: PLAN_TABLE, lenses: work.lenses, steps, lead_time_minutes }
}

impl<'a> Work<'a> {
    fn add(&mut self, quantity: u64, lens: Option<&'a Lens<'_>>) {
        self.lines += 1;
        self.pieces += quantity;
        let Some(lens) = lens else { return };
        let lenses_with = |is_counted: &dyn Fn(&Eye) -> bool| {
            lens.eyes().filter(|eye| is_counted(eye)).count() as u64 * quantity
        };
        let lenses = lenses_with(&|_| true);
        self.lenses += lenses;
        // Contact lenses are bought finished.
        if lens.is_contact {
            return;
        }
        let surfaced = lenses_with(&|eye| !stock::has(lens, eye));
        self.surfaced += surfaced;
        self.progressive += lenses_with(&Eye::is_progressive);
        self.edged += if lens.frame.is_some() { lenses } else { 0 };
        if let Some(tint) = lens.tint.as_deref() {
            match self.tinted.binary_search_by_key(&tint, |(name, _)| name) {
                Ok(place) => self.tinted[place].1 += lenses,
                Err(place) => self.tinted.insert(place, (tint, lenses)),
            }
        }
        for coating in lens.coatings.iter().filter(|coating| coating.is_applied()) {
            self.coated[*coating as usize] += surfaced;
        }
    }

    /// The work of the batch at a station; none if nothing needs it.
    fn at(&self, station: &Station) -> Option<PlannedStep> {
        match station.step {
            Step::Pick => station.plan([self.lines]),
            Step::Blank | Step::Inspect => station.plan([self.lenses]),
            Step::Block | Step::Generate | Step::Polish => station.plan([self.surfaced]),
            Step::Engrave => station.plan([self.progressive]),
            Step::Tint => station.plan(self.tinted.iter().map(|(_, lenses)| *lenses)),
            Step::Coat => station.plan(self.coated),
            Step::Edge => station.plan([self.edged]),
            Step::Pack => station.plan([self.pieces]),
        }
    }
}

impl Station {
    /// For each group that needs its own set-up: the set-up, then the rounds that its pieces need.
    fn plan(&self, groups: impl IntoIterator<Item = u64>) -> Option<PlannedStep> {
        let (mut pieces, mut setups, mut minutes) = (0, 0, 0);
        for group in groups.into_iter().filter(|group| *group > 0) {
            let rounds = group.div_ceil(u64::from(self.at_once));
            pieces += group;
            setups += 1;
            minutes += u64::from(self.setup_minutes) + rounds * u64::from(self.round_minutes);
        }
        let minutes = u32::try_from(minutes).unwrap_or(u32::MAX);
        (setups > 0).then_some(PlannedStep { step: self.step, pieces, setups, minutes })
    }
}

#[cfg(test)]
mod tests;
