//! A short histogram for people, merged from the many buckets of a report.

use super::Bucket;

/// Entry ids have whole milliseconds, so finer rows would show only the clock.
const CLOCK_MS: f64 = 1.0;
/// Where rows may end within a decade, from fine to coarse.
const STEPS: [&[f64]; 4] = [
    &[1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0],
    &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0],
    &[1.0, 2.0, 5.0],
    &[1.0],
];

/// At most `most` steps with round bounds, from the fastest order to the slowest.
pub(crate) fn rows(buckets: &[Bucket], most: usize) -> Vec<Bucket> {
    let full = || buckets.iter().filter(|bucket| bucket.orders > 0);
    let Some(slowest) = full().map(|bucket| bucket.up_to_ms).reduce(f64::max) else {
        return Vec::new();
    };
    let fastest = full().map(|bucket| bucket.up_to_ms.max(CLOCK_MS)).fold(f64::MAX, f64::min);
    let bounds = STEPS
        .iter()
        .map(|steps| bounds(steps, fastest, slowest))
        .find(|bounds| bounds.len() <= most)
        .unwrap_or_else(|| thinned(&bounds(STEPS[STEPS.len() - 1], fastest, slowest), most));
    let mut rows: Vec<Bucket> =
        bounds.into_iter().map(|up_to_ms| Bucket { up_to_ms, orders: 0 }).collect();
    for bucket in full() {
        let place = rows.partition_point(|row| row.up_to_ms < bucket.up_to_ms).min(rows.len() - 1);
        rows[place].orders += bucket.orders;
    }
    rows
}

fn bounds(steps: &[f64], fastest: f64, slowest: f64) -> Vec<f64> {
    let decades = fastest.log10().floor() as i32..=slowest.max(1.0).log10().ceil() as i32;
    let all = decades.flat_map(|decade| steps.iter().map(move |step| step * 10f64.powi(decade)));
    let mut bounds: Vec<f64> = Vec::new();
    for bound in all.filter(|bound| *bound >= fastest) {
        if bound - bounds.last().unwrap_or(&0.0) >= CLOCK_MS {
            bounds.push(bound);
        }
        if bound >= slowest {
            break;
        }
    }
    bounds
}

fn thinned(bounds: &[f64], most: usize) -> Vec<f64> {
    let step = bounds.len().div_ceil(most.max(1));
    // Counted from the end, to keep the last one.
    let mut kept: Vec<f64> = bounds.iter().rev().step_by(step).copied().collect();
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests;
