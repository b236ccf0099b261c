//! Measures how long instances take to start.
//!
//! A start begins when a trigger begins to handle an event, and ends when the instance can be
//! called. The time that a Redis message waits for earlier ones is not counted.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// The starts of all components.
#[derive(Debug)]
pub(crate) struct Meter {
    histograms: BTreeMap<String, Mutex<Histogram<u64>>>,
}

/// The figures of one component or of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Figures {
    pub(crate) starts: u64,
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
    pub(crate) max_us: u64,
}

/// The reply to `GET /.well-known/local-runtime/instance-starts`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) all: Figures,
    pub(crate) components: BTreeMap<String, Figures>,
}

impl Meter {
    pub(crate) fn new<'a>(components: impl IntoIterator<Item = &'a str>) -> Self {
        let histograms =
            components.into_iter().map(|id| (id.to_owned(), Mutex::new(histogram()))).collect();
        Self { histograms }
    }

    /// Counts one start of a component.
    pub(crate) fn record(&self, component: &str, start: Duration) {
        if let Some(histogram) = self.histograms.get(component) {
            // The histogram resizes automatically, so it can refuse only a start of years.
            let _ = lock(histogram).record(start.as_micros() as u64);
        }
    }

    /// Clears all figures.
    pub(crate) fn reset(&self) {
        self.histograms.values().for_each(|histogram| lock(histogram).reset());
    }

    /// The figures since the start or the last reset.
    pub(crate) fn report(&self) -> Report {
        let mut all = histogram();
        let mut components = BTreeMap::new();
        for (id, histogram) in &self.histograms {
            let histogram = lock(histogram);
            components.insert(id.clone(), figures(&histogram));
            // Both resize automatically and have the same precision, so adding cannot fail.
            let _ = all.add(&*histogram);
        }
        Report { all: figures(&all), components }
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new(3).unwrap_or_else(|error| unreachable!("3 digits are allowed: {error}"))
}

fn lock(histogram: &Mutex<Histogram<u64>>) -> MutexGuard<'_, Histogram<u64>> {
    histogram.lock().unwrap_or_else(PoisonError::into_inner)
}

fn figures(histogram: &Histogram<u64>) -> Figures {
    Figures {
        starts: histogram.len(),
        p50_us: histogram.value_at_quantile(0.5),
        p99_us: histogram.value_at_quantile(0.99),
        max_us: histogram.max(),
    }
}

#[cfg(test)]
mod tests;
