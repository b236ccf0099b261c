//! Axes with round ticks: linear, logarithmic, and by percentile as latency is read.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use crate::report::units::{chosen_time, short};

#[derive(Debug, Clone)]
pub(super) struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
    ticks: Vec<(f64, String)>,
}

#[derive(Debug, Clone, Copy)]
enum Scale {
    Linear,
    Log,
    /// Of shares: each further nine takes as much room as the one before.
    Tail,
}

impl Scale {
    fn place(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log => value.max(f64::MIN_POSITIVE).log10(),
            Self::Tail => -(1.0 - value.clamp(0.0, 1.0)).max(f64::MIN_POSITIVE).log10(),
        }
    }
}

/// About how many ticks an axis has room for, upwards and sideways.
const TICKS: f64 = 5.0;
const TICKS_OF_TIME: f64 = 7.0;

impl Axis {
    /// From 0 to a round number above `most`, so that no line lies on the upper edge.
    pub(super) fn amount(most: f64) -> Self {
        let step = round_step(most.max(1e-9) / TICKS);
        let steps = (most.max(1e-9) * 1.02 / step).ceil();
        let ticks = (0..=steps as u32).map(|tick| f64::from(tick) * step);
        let ticks = ticks.map(|tick| (tick, short(tick))).collect();
        Self { scale: Scale::Linear, low: 0.0, high: steps * step, ticks }
    }

    /// From 0 to exactly `end`, in units of `unit`.
    pub(super) fn time(end: f64, unit: f64) -> Self {
        let end = end.max(1e-9);
        let step = round_step(end / unit / TICKS_OF_TIME);
        let steps = (end / unit / step + 1e-9).floor();
        let ticks = (0..=steps as u32).map(|tick| f64::from(tick) * step);
        let ticks = ticks.map(|tick| (tick * unit, short(tick))).collect();
        Self { scale: Scale::Linear, low: 0.0, high: end, ticks }
    }

    /// Latencies in ms: logarithmic where they differ by more than a factor of 20, else from 0.
    pub(super) fn latency(least: f64, most: f64) -> Self {
        if most <= least.max(1e-3) * 20.0 {
            let mut axis = Self::amount(most);
            for (tick, label) in &mut axis.ticks {
                *label = chosen_time(*tick);
            }
            return axis;
        }
        let first = least.max(1e-3).log10().floor();
        let last = most.log10().ceil();
        let decades = last - first;
        let steps: &[f64] = if decades <= 2.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let every = (decades / 6.0).ceil().max(1.0) as usize;
        let powers = (first as i32..=last as i32).step_by(every);
        let ticks = powers.flat_map(|power| steps.iter().map(move |step| step * 10f64.powi(power)));
        let high = 10f64.powf(last);
        let ticks = ticks
            .filter(|tick| *tick <= high * 1.001)
            .map(|tick| (tick, chosen_time(tick)))
            .collect();
        Self { scale: Scale::Log, low: 10f64.powf(first), high, ticks }
    }

    /// Shares of `orders`, labelled in %, up to the slowest one.
    pub(super) fn percentile(orders: u64) -> Self {
        let high = 1.0 - 1.0 / (orders.max(2) as f64);
        let all = [
            (0.5, "50"),
            (0.9, "90"),
            (0.99, "99"),
            (0.999, "99.9"),
            (0.9999, "99.99"),
            (0.99999, "99.999"),
        ];
        let ticks = all.iter().filter(|(share, _)| *share <= high + 1e-12);
        let ticks = ticks.map(|(share, label)| (*share, (*label).to_owned())).collect();
        Self { scale: Scale::Tail, low: 0.0, high, ticks }
    }

    pub(super) fn is_logarithmic(&self) -> bool {
        matches!(self.scale, Scale::Log)
    }

    pub(super) fn tick_count(&self) -> usize {
        self.ticks.len()
    }
}

/// 1, 2 or 5 times a power of ten, the first that is not below `least`.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|step| step * power)
        .find(|step| *step >= least * (1.0 - 1e-9))
        .unwrap_or(power * 10.0)
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let (low, high) = (self.scale.place(self.low), self.scale.place(self.high));
        let share = ((self.scale.place(*value) - low) / (high - low)).clamp(0.0, 1.0);
        from + (share * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // Labels and lines are at the same places; there are no lines between them.
        if hint.weight().allow_light_points() {
            Vec::new()
        } else {
            self.ticks.iter().map(|(tick, _)| *tick).collect()
        }
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        self.ticks
            .iter()
            .find(|(tick, _)| tick == value)
            .map(|(_, label)| label.clone())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn amounts_end_at_a_round_number_above_the_most() {
        assert_eq!(labels(&Axis::amount(22_300.0)), ["0", "5000", "10k", "15k", "20k", "25k"]);
        assert_eq!(labels(&Axis::amount(1.0)), ["0", "0.2", "0.4", "0.6", "0.8", "1", "1.2"]);
        assert_eq!(Axis::amount(0.0).low, 0.0);
    }

    #[test]
    fn times_are_labelled_in_their_unit_and_end_where_the_run_ends() {
        let axis = Axis::time(448.0, 1.0);
        assert_eq!(labels(&axis), ["0", "100", "200", "300", "400"]);
        assert_eq!(axis.high, 448.0);
        assert_eq!(labels(&Axis::time(150_000.0, 60_000.0)), ["0", "0.5", "1", "1.5", "2", "2.5"]);
    }

    #[test]
    fn latencies_that_differ_much_are_logarithmic() {
        assert!(!Axis::latency(100.0, 330.0).is_logarithmic());
        let axis = Axis::latency(1.5, 4_000.0);
        assert!(axis.is_logarithmic());
        assert_eq!(labels(&axis), ["1 ms", "10 ms", "100 ms", "1 s", "10 s"]);
    }

    #[test]
    fn each_further_nine_takes_as_much_room_as_the_one_before() {
        let axis = Axis::percentile(10_000);
        assert_eq!(labels(&axis), ["50", "90", "99", "99.9", "99.99"]);
        let at = |share: f64| axis.map(&share, (0, 4_000));
        assert_eq!(
            [at(0.0), at(0.9), at(0.99), at(0.999), at(1.0)],
            [0, 1_000, 2_000, 3_000, 4_000]
        );
    }
}
