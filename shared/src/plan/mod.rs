//! How an order goes through the works, and how long that takes: [`plan`].
//!
//! All prescriptions of an order travel as one batch: at each step the station is set up once, then takes the lenses on
//! its machines side by side; the next step starts when the batch is through. Lines without a prescription are only
//! picked and packed. Absent: the load of the works, shifts and weekends (those are the promise's).

mod stations;

use serde::Serialize;

use crate::order::{Eye, Item, Lens, Order};
pub use stations::{PLAN_TABLE, Step};
use stations::{STATIONS, Station};

/// The way of an order through the works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The table of stations and minutes that was in force, [`PLAN_TABLE`].
    pub table: &'static str,
    /// Lenses made for a prescription.
    pub lenses: u64,
    /// The steps that are needed, in their order.
    pub steps: Vec<PlannedStep>,
    /// Working minutes from the first step to the last.
    pub lead_time_minutes: u32,
}

/// One step of the whole batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PlannedStep {
    /// What is done.
    pub step: Step,
    /// Where it is done.
    pub station: &'static str,
    /// How many take it: lenses, at coating once for each layer; lines at picking, pieces of all lines at packing.
    pub pieces: u64,
    /// How often the station is set up: once for the batch, but for each tint and each coating.
    pub setups: u32,
    /// Minutes for the batch.
    pub minutes: u32,
}

/// A finished lens from stock does instead of a made one within these limits, without addition, prism, tint or ordered
/// base curve. Powers, cylinder and index are those from which on the complexity score calls a lens special.
mod stock {
    /// Both principal powers, in dioptres.
    pub(super) const POWER: std::ops::RangeInclusive<f64> = -8.0..=6.0;
    /// The cylinder without its sign, in dioptres.
    pub(super) const CYLINDER: f64 = 2.0;
    /// The refractive index that is no longer in stock.
    pub(super) const INDEX_BELOW: f64 = 1.67;
    /// Coatings that stock lenses have already.
    pub(super) const COATINGS: [&str; 4] =
        ["hard", "antiReflective", "superHydrophobic", "blueFilter"];
}

/// Coatings applied in the works, by name; the others are properties of the blank.
const APPLIED_COATINGS: [&str; 4] = ["hard", "antiReflective", "superHydrophobic", "mirror"];

/// What the steps of an order have to do, counted over all its lines.
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
    /// Lenses for each of [`APPLIED_COATINGS`].
    coated: [u64; APPLIED_COATINGS.len()],
}

/// The plan for `order`. Lines of quantity 0 take no part.
pub fn plan(order: &Order<'_>) -> Plan {
    let mut work = Work::default();
    for item in order.items.iter().filter(|item| item.quantity > 0) {
        work.add(item);
    }
    let mut steps = Vec::with_capacity(STATIONS.len());
    // At most 500 * 10,000 pieces or 500 * 10,000 * 2 lenses with four coatings: the minutes fit a u32 with room to spare.
    let mut lead_time_minutes = 0;
    for station in &STATIONS {
        if let Some(planned) = work.at(station) {
            lead_time_minutes += planned.minutes;
            steps.push(planned);
        }
    }
    Plan { table: PLAN_TABLE, lenses: work.lenses, steps, lead_time_minutes }
}

impl<'a> Work<'a> {
    fn add(&mut self, item: &'a Item<'_>) {
        let quantity = u64::from(item.quantity);
        self.lines += 1;
        self.pieces += quantity;
        let Some(lens) = &item.lens else { return };
        let lenses_with = |is_counted: &dyn Fn(&Eye) -> bool| {
            lens.eyes().filter(|eye| is_counted(eye)).count() as u64 * quantity
        };
        let lenses = lenses_with(&|_| true);
        let surfaced = lenses_with(&|eye| !is_stock(lens, eye));
        self.lenses += lenses;
        self.surfaced += surfaced;
        self.progressive += lenses_with(&|eye| eye.addition > 0.0);
        self.edged += if lens.frame.is_some() { lenses } else { 0 };
        if let Some(tint) = lens.tint.as_deref() {
            match self.tinted.binary_search_by_key(&tint, |(name, _)| name) {
                Ok(place) => self.tinted[place].1 += lenses,
                Err(place) => self.tinted.insert(place, (tint, lenses)),
            }
        }
        for (name, coated) in APPLIED_COATINGS.iter().zip(&mut self.coated) {
            if lens.coatings.iter().any(|coating| coating == name) {
                *coated += surfaced;
            }
        }
    }

    /// What the batch does at a station; none if nothing needs it.
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
    /// For each group that needs a set-up of its own: the set-up, then as many rounds as its pieces need.
    fn plan(&self, groups: impl IntoIterator<Item = u64>) -> Option<PlannedStep> {
        let (mut pieces, mut setups, mut minutes) = (0, 0, 0);
        for group in groups.into_iter().filter(|group| *group > 0) {
            let rounds = group.div_ceil(u64::from(self.at_once));
            pieces += group;
            setups += 1;
            minutes += u64::from(self.setup_minutes) + rounds * u64::from(self.round_minutes);
        }
        let minutes = u32::try_from(minutes).unwrap_or(u32::MAX);
        (setups > 0).then_some(PlannedStep {
            step: self.step,
            station: self.name,
            pieces,
            setups,
            minutes,
        })
    }
}

/// Whether a finished lens from stock does for `eye`.
fn is_stock(lens: &Lens<'_>, eye: &Eye) -> bool {
    let powers = [eye.sphere, eye.sphere + eye.cylinder];
    powers.iter().all(|power| stock::POWER.contains(power))
        && eye.cylinder.abs() <= stock::CYLINDER
        && eye.addition == 0.0
        && eye.prism == 0.0
        && lens.base_curve.is_none()
        && lens.tint.is_none()
        && lens.index.is_none_or(|index| index < stock::INDEX_BELOW)
        && lens.coatings.iter().all(|coating| stock::COATINGS.contains(&&**coating))
}

#[cfg(test)]
mod tests;
