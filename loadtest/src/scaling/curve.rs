//! When orders come: a day, a spike or a constant rate, as times in whole milliseconds.

use anyhow::{Context, Result, ensure};

use super::options::CurveOptions;
use crate::day::Day;
use crate::report::units::{count, digits, orders, rate};
use crate::schedule::{Segment, due_us};

/// The most orders that are replayed; each is followed.
const MOST_ORDERS: usize = 20_000_000;

/// Orders by the moment they are due.
#[derive(Debug, Clone)]
pub struct Curve {
    /// What it is, in words.
    pub name: String,
    /// In ms since the curve began, in order.
    pub due_ms: Vec<u64>,
    /// Length of the curve in ms; quiet time at its end counts.
    pub length_ms: u64,
}

impl Curve {
    /// The curve that the flags mean.
    ///
    /// # Errors
    /// When a file cannot be used, or there would be no orders or too many; the text names the flag.
    pub fn of(options: &CurveOptions) -> Result<Self> {
        let CurveOptions { multiply, within_s, duration_s, .. } = *options;
        let (flag, name, segments) = match options {
            CurveOptions { shape: Some(path), .. } => {
                let day = Day::read(path).context("--shape")?.times(multiply);
                let segments = day.knots().windows(2).map(|knots| Segment {
                    duration_s: knots[1].at_s - knots[0].at_s,
                    from: knots[0].orders_per_minute / 60.0,
                    to: knots[1].orders_per_minute / 60.0,
                });
                let times =
                    if multiply == 1.0 { String::new() } else { format!(" times {multiply}") };
                ("--shape", format!("the day of {}{times}", path.display()), segments.collect())
            }
            CurveOptions { spike: Some(spike), .. } if within_s == 0.0 => {
                let due_ms = vec![0; *spike as usize];
                let name = format!("a spike of {} at once", orders(u64::from(*spike)));
                return Ok(Self { name, due_ms, length_ms: 0 });
            }
            CurveOptions { spike: Some(spike), .. } => {
                let orders_per_s = f64::from(*spike) / within_s;
                let name = format!(
                    "a spike of {} within {} s",
                    orders(u64::from(*spike)),
                    digits(within_s)
                );
                ("--spike", name, vec![Segment::constant(within_s, orders_per_s)])
            }
            CurveOptions { rate: Some(orders_per_s), .. } => {
                let name = format!("{} for {} s", rate(*orders_per_s), digits(duration_s));
                ("--rate", name, vec![Segment::constant(duration_s, *orders_per_s)])
            }
            _ => anyhow::bail!("--shape, --spike or --rate: one of them is needed"),
        };
        let length_s: f64 = segments.iter().map(|segment| segment.duration_s).sum();
        let all = due_us(segments, options.arrivals, options.seed).take(MOST_ORDERS + 1);
        let due_ms: Vec<u64> = all.map(|due_us| due_us / 1_000).collect();
        ensure!(!due_ms.is_empty(), "{flag}: there are no orders in it");
        ensure!(
            due_ms.len() <= MOST_ORDERS,
            "{flag}: more than {} orders",
            count(MOST_ORDERS as u64)
        );
        Ok(Self { name, due_ms, length_ms: (length_s * 1e3).ceil() as u64 })
    }
}
