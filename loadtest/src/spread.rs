//! One figure over several runs.

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
    pub(crate) runs: usize,
}

impl Spread {
    /// `None` without figures.
    pub(crate) fn over(mut figures: Vec<f64>) -> Option<Self> {
        figures.retain(|figure| figure.is_finite());
        figures.sort_by(f64::total_cmp);
        let (min, max) = (*figures.first()?, *figures.last()?);
        let middle = figures.len() / 2;
        let median = if figures.len() % 2 == 1 {
            figures[middle]
        } else {
            f64::midpoint(figures[middle - 1], figures[middle])
        };
        Some(Self { min, median, max, runs: figures.len() })
    }

    /// Whether the ranges do not overlap.
    pub(crate) fn is_apart_from(&self, other: &Self) -> bool {
        self.min > other.max || self.max < other.min
    }

    /// From the minimum to the maximum, with the unit once if both have the same.
    pub(crate) fn range(&self, show: fn(f64) -> String) -> String {
        let (min, max) = (show(self.min), show(self.max));
        let unit = |figure: &str| figure.split_once(' ').map(|(_, unit)| unit.to_owned());
        let bare = min.split_once(' ').map_or(min.as_str(), |(figure, _)| figure);
        let min = if unit(&min) == unit(&max) { bare } else { &min };
        format!("{min}..{max}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::units::time;

    #[test]
    fn the_median_is_in_the_middle_and_a_range_has_its_unit_once() {
        let spread = Spread::over(vec![4.19, f64::NAN, 3.09, 3.5, 3.7]).unwrap();
        assert_eq!((spread.median, spread.runs), (3.6, 4));
        assert_eq!(spread.range(time), "3.09..4.19 ms");
        assert_eq!(Spread::over(vec![23.3, 1_040.0]).unwrap().range(time), "23.3 ms..1.04 s");
        assert_eq!(Spread::over(Vec::new()), None);
        let other = Spread { min: 4.2, ..spread };
        assert!(other.is_apart_from(&spread) && !spread.is_apart_from(&spread));
    }
}
