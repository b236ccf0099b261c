//! When orders are due: each shape becomes one rising sequence of times.
//!
//! A shape is a piecewise linear rate over time. Its integral is the number of orders due until a
//! moment; the inverse gives the time of the next order. The load is open loop: the times do not
//! depend on the system under test.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::report::Arrivals;

/// The rate changes linearly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Segment {
    pub(crate) duration_s: f64,
    /// Orders a second.
    pub(crate) from: f64,
    pub(crate) to: f64,
}

impl Segment {
    pub(crate) fn constant(duration_s: f64, rate: f64) -> Self {
        Self { duration_s, from: rate, to: rate }
    }

    pub(crate) fn orders(&self) -> f64 {
        f64::midpoint(self.from, self.to) * self.duration_s
    }

    /// In seconds since its start.
    fn when(&self, orders: f64) -> f64 {
        // from * t + slope / 2 * t^2 = orders, solved in the form that does not cancel out for a
        // slope near 0.
        let slope = (self.to - self.from) / self.duration_s;
        let root = (self.from * self.from + 2.0 * slope * orders).max(0.0).sqrt();
        let seconds = if self.from + root > 0.0 { 2.0 * orders / (self.from + root) } else { 0.0 };
        seconds.min(self.duration_s)
    }
}

/// The times, in microseconds from the start, at which the orders of these stretches are due.
///
/// If evenly spaced, the first order is due when the first stretch with a rate begins. Random
/// arrivals are a Poisson process: the gaps, measured in orders, are exponentially distributed.
pub(crate) fn due_us(
    segments: Vec<Segment>,
    arrivals: Arrivals,
    seed: u64,
) -> impl Iterator<Item = u64> + Send {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    // A stream of random numbers that no order uses.
    random.set_stream(u64::MAX);
    let mut gap = move || match arrivals {
        Arrivals::Even => 1.0,
        // The logarithm of a number in (0, 1].
        Arrivals::Random => -(1.0 - random.random::<f64>()).ln(),
    };
    let mut next = if arrivals == Arrivals::Even { 0.0 } else { gap() };
    let mut segments = segments.into_iter();
    let mut segment = segments.next();
    let (mut began_at_s, mut due_before) = (0.0, 0.0);
    std::iter::from_fn(move || {
        loop {
            let current = segment?;
            let orders = current.orders();
            // A rounding error must not add an order.
            if next - due_before < orders - 1e-6 {
                let at_s: f64 = began_at_s + current.when(next - due_before);
                next += gap();
                return Some((at_s * 1e6).round() as u64);
            }
            began_at_s += current.duration_s;
            due_before += orders;
            segment = segments.next();
        }
    })
}

#[cfg(test)]
mod tests;
