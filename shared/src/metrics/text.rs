//! Writes the Prometheus text exposition format, version 0.0.4: families with help and type, samples, histograms.

use std::fmt::{Display, Write as _};

/// The type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only ever rises, but for a start from zero.
    Counter,
    /// Rises and falls.
    Gauge,
    /// Counts values by upper bounds.
    Histogram,
}

impl Kind {
    /// The word of the format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// Label names with their values.
pub(super) type Labels<'a> = [(&'a str, &'a str)];

/// A page in the making.
#[derive(Default)]
pub(super) struct Page {
    text: String,
    /// The value of the label `queue` of the samples that follow, where several queues share the page.
    queue: Option<String>,
}

impl Page {
    /// Begins a family; its samples follow.
    pub(super) fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let help = help.replace('\\', r"\\").replace('\n', r"\n");
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {}", kind.as_str()));
    }

    /// Names the queue that the next samples are of.
    pub(super) fn set_queue(&mut self, queue: Option<&str>) {
        self.queue = queue.map(str::to_owned);
    }

    /// One sample.
    pub(super) fn sample(&mut self, name: &str, labels: &Labels<'_>, value: impl Display) {
        let queue = self.queue.as_deref().map(|queue| ("queue", queue));
        let labels: Vec<String> = queue
            .iter()
            .chain(labels)
            .map(|(label, value)| format!("{label}=\"{}\"", escape(value)))
            .collect();
        match &labels[..] {
            [] => self.line(format_args!("{name} {value}")),
            labels => self.line(format_args!("{name}{{{}}} {value}", labels.join(","))),
        }
    }

    /// A histogram: `buckets` are upper bounds and what was counted in each bucket alone, the last without a bound.
    pub(super) fn histogram(
        &mut self,
        name: &str,
        labels: &Labels<'_>,
        buckets: impl Iterator<Item = (Option<f64>, u64)>,
        sum: f64,
    ) {
        let mut count = 0;
        for (bound, alone) in buckets {
            count += alone;
            let le = bound.map_or_else(|| "+Inf".to_owned(), |bound| bound.to_string());
            let labels: Vec<(&str, &str)> =
                labels.iter().copied().chain([("le", le.as_str())]).collect();
            self.sample(&format!("{name}_bucket"), &labels, count);
        }
        self.sample(&format!("{name}_sum"), labels, sum);
        self.sample(&format!("{name}_count"), labels, count);
    }

    /// The finished page.
    pub(super) fn into_string(self) -> String {
        self.text
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{line}");
    }
}

fn escape(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    // The rules of the format, as Prometheus documents it under "Exposition formats".
    #[test]
    fn what_would_break_a_line_is_escaped() {
        let mut page = Page::default();
        page.family("a_total", Kind::Counter, "one\\two\nthree \"four\"");
        page.sample("a_total", &[("code", "x\\y\"z\n"), ("lane", "simple")], 3);
        page.sample("a_total", &[], 4);
        let expected = "# HELP a_total one\\\\two\\nthree \"four\"\n# TYPE a_total counter\n\
                        a_total{code=\"x\\\\y\\\"z\\n\",lane=\"simple\"} 3\na_total 4\n";
        assert_eq!(page.into_string(), expected);
    }

    #[test]
    fn buckets_are_cumulative_and_the_last_is_the_count() {
        let mut page = Page::default();
        let buckets = [(Some(0.001), 2), (Some(1.0), 0), (Some(2.5), 3), (None, 1)];
        page.histogram("h", &[("lane", "simple")], buckets.into_iter(), 12.25);
        let expected = "h_bucket{lane=\"simple\",le=\"0.001\"} 2\nh_bucket{lane=\"simple\",le=\"1\"} 2\n\
                        h_bucket{lane=\"simple\",le=\"2.5\"} 5\nh_bucket{lane=\"simple\",le=\"+Inf\"} 6\n\
                        h_sum{lane=\"simple\"} 12.25\nh_count{lane=\"simple\"} 6\n";
        assert_eq!(page.into_string(), expected);
    }
}
