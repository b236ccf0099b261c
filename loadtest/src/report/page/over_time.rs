//! Lines over time for the pages of other commands, drawn as a report's charts are.

use anyhow::Result;
use maud::Markup;

use super::axis::Axis;
use super::charts::{AMOUNTS, Chart, Key, TIMES, lines, most};
use super::plot::Plot;
use super::series::{Figures, Runs};
use super::style::Slot;
use crate::report::units::{digits, time};

/// The most rows of the table behind a chart.
const ROWS: usize = 20;

/// A chart of one or more lines.
#[derive(Debug)]
pub(crate) struct Lines {
    /// Its name within the page.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// What is measured in which unit.
    pub(crate) unit: &'static str,
    /// What the picture shows, in words.
    pub(crate) summary: String,
    pub(crate) scale: Scale,
    /// Length of the axis of time.
    pub(crate) end_ms: f64,
    /// At most as many as there are colours; four.
    pub(crate) lines: Vec<Line>,
}

/// A line; a gap ends a run of points, each a time in ms and a value.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) runs: Runs,
}

/// What values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Amounts, from 0.
    Amount,
    /// Times in ms.
    Latency,
}

impl Lines {
    /// The chart with its caption and its figures as a table.
    ///
    /// # Errors
    /// None that a string can cause.
    pub(crate) fn draw(self) -> Result<Markup> {
        let slots = [Slot::First, Slot::Second, Slot::Third, Slot::Fourth];
        let values = || {
            self.lines.iter().flat_map(|line| line.runs.iter().flatten()).map(|(_, value)| *value)
        };
        let high = most(values());
        let (y, label_room) = match self.scale {
            Scale::Amount => (Axis::amount(high), AMOUNTS),
            Scale::Latency => (Axis::latency(values().fold(high, f64::min), high), TIMES),
        };
        let (name, unit_ms) = match self.end_ms {
            end if end >= 4.0 * 3_600_000.0 => ("h", 3_600_000.0),
            end if end >= 240_000.0 => ("min", 60_000.0),
            _ => ("s", 1_000.0),
        };
        let figures = self.figures(name, unit_ms);
        let legend = if self.lines.len() > 1 {
            slots
                .iter()
                .zip(&self.lines)
                .map(|(slot, line)| (*slot, Key::Line, line.name))
                .collect()
        } else {
            Vec::new()
        };
        let series =
            slots.into_iter().zip(self.lines).map(|(slot, line)| lines(slot, line.runs)).collect();
        let x_title = format!("{name} since the curve began");
        let plot = Plot { x: Axis::time(self.end_ms, unit_ms), y, x_title, label_room, series };
        let plot = (high > 0.0).then_some(plot);
        let Self { id, title, unit, summary, .. } = Self { lines: Vec::new(), ..self };
        super::figure(&Chart { id, title, unit, summary, legend, plot, figures })
    }

    /// The highest value of each stretch of time.
    fn figures(&self, name: &str, unit_ms: f64) -> Figures {
        let show =
            |value: f64| if self.scale == Scale::Latency { time(value) } else { digits(value) };
        let stretch_ms = self.end_ms / ROWS as f64;
        let row = |place: usize| {
            let from_ms = place as f64 * stretch_ms;
            let within = |at_ms: f64| at_ms >= from_ms && at_ms < from_ms + stretch_ms;
            let cell = |line: &Line| {
                let points = line.runs.iter().flatten().filter(|(at_ms, _)| within(*at_ms));
                points.map(|(_, value)| *value).reduce(f64::max).map_or_else(|| "-".into(), show)
            };
            let from = format!("{} {name}", digits(from_ms / unit_ms));
            [from].into_iter().chain(self.lines.iter().map(cell)).collect()
        };
        let head = ["from".to_owned()]
            .into_iter()
            .chain(self.lines.iter().map(|line| line.name.to_owned()));
        Figures { head: head.collect(), rows: (0..ROWS).map(row).collect(), ..Figures::default() }
            .noted("The most of each stretch of time.")
    }
}
