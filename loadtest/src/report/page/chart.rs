//! One chart of a page: a title, a picture, and the same in words.

use super::axis::Axis;
use super::plot::{Mark, Plot, Series};
use super::series::Unit;
use super::style::Slot;

#[derive(Debug)]
pub(super) struct Chart {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) unit: &'static str,
    pub(super) summary: String,
    pub(super) legend: Vec<(Slot, Key, &'static str)>,
    /// `None` if there is nothing to draw; then the summary says why.
    pub(super) plot: Option<Plot>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Line,
    Area,
}

impl Key {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Area => "area",
        }
    }
}

/// Units of room for labels at the left: for amounts, and for times.
const AMOUNTS: u32 = 62;
pub(super) const TIMES: u32 = 78;

pub(super) fn over_time(unit: Unit, y: Axis, series: Vec<Series>) -> Plot {
    Plot { x: unit.axis(), y, x_title: unit.title(), label_room: AMOUNTS, series }
}

pub(super) fn lines(slot: Slot, runs: Vec<Vec<(f64, f64)>>) -> Series {
    Series { slot, marks: runs.into_iter().map(Mark::Line).collect() }
}

pub(super) fn max(values: impl Iterator<Item = f64>) -> f64 {
    values.filter(|value| value.is_finite()).fold(0.0, f64::max)
}
