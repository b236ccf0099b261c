//! Axes with round ticks, linear or logarithmic.

use crate::report::units::{chosen_time, short};

#[derive(Debug)]
pub(super) struct Axis {
    pub(super) is_logarithmic: bool,
    low: f64,
    high: f64,
    pub(super) ticks: Vec<(f64, String)>,
}

/// About how many ticks fit on a vertical or horizontal axis.
const TICKS: f64 = 5.0;
const TICKS_OF_TIME: f64 = 7.0;

impl Axis {
    /// From 0 to a round number above `most`, so that no line lies on the upper edge.
    pub(super) fn amount(most: f64) -> Self {
        let step = round_step(most.max(1e-9) / TICKS);
        let steps = (most.max(1e-9) * 1.02 / step).ceil();
        let ticks = (0..=steps as u32).map(|tick| f64::from(tick) * step);
        let ticks = ticks.map(|tick| (tick, short(tick))).collect();
        Self { is_logarithmic: false, low: 0.0, high: steps * step, ticks }
    }

    /// From 0 to exactly `end`, in units of `unit`.
    pub(super) fn time(end: f64, unit: f64) -> Self {
        let step = round_step(end / unit / TICKS_OF_TIME);
        let steps = (end / unit / step + 1e-9).floor();
        let ticks = (0..=steps as u32).map(|tick| f64::from(tick) * step);
        let ticks = ticks.map(|tick| (tick * unit, short(tick))).collect();
        Self { is_logarithmic: false, low: 0.0, high: end, ticks }
    }

    /// Latencies in ms: logarithmic where they differ by more than a factor of 20, else from 0.
    pub(super) fn latency(least: f64, most: f64) -> Self {
        let least = least.max(1e-3);
        if most <= least * 20.0 {
            let mut axis = Self::amount(most);
            for (tick, label) in &mut axis.ticks {
                *label = chosen_time(*tick);
            }
            return axis;
        }
        let (first, last) = (least.log10().floor() as i32, most.log10().ceil() as i32);
        let every = ((last - first) / 6).max(1) as usize;
        let ticks = (first..=last).step_by(every).map(|power| 10f64.powi(power));
        let ticks = ticks.map(|tick| (tick, chosen_time(tick))).collect();
        Self { is_logarithmic: true, low: 10f64.powi(first), high: 10f64.powi(last), ticks }
    }

    /// From 0 at the low end to 1 at the high end.
    pub(super) fn share(&self, value: f64) -> f64 {
        let place = |value: f64| if self.is_logarithmic { value.max(1e-9).log10() } else { value };
        let (low, high) = (place(self.low), place(self.high));
        ((place(value) - low) / (high - low)).clamp(0.0, 1.0)
    }
}

/// 1, 2 or 5 times a power of ten, the first that is not below `least`.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0].map(|step| step * power);
    steps.into_iter().find(|step| *step >= least * (1.0 - 1e-9)).unwrap_or(power * 10.0)
}

#[cfg(test)]
mod tests;
