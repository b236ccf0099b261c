//! A run of `versus` for the terminal: the table, and in words what it says and what it does not.

use std::fmt::Write as _;

use super::options::Runtime;
use super::report::{Compared, VersusReport};
use crate::compare::Spread;
use crate::report::text::write_wrapped;
use crate::report::units::{count, digits};

const MIB: f64 = 1024.0 * 1024.0;

impl VersusReport {
    /// The report for a reader.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_text(&mut text);
        text
    }

    fn write_text(&self, text: &mut String) -> std::fmt::Result {
        let settings = &self.settings;
        let runtime = self.runtime();
        let head = format!(
            "Wasm on {runtime} and conventional, one process each, in turn: {} rounds of {} orders (seed {}, {} with a prescription), \
             each side on a fresh Redis {}",
            settings.rounds,
            count(settings.orders),
            settings.seed,
            settings.prescriptions,
            settings.redis_version
        );
        write_wrapped(text, "", "", &head)?;
        let redis = settings
            .redis_settings
            .iter()
            .map(|setting| format!("{} {}", setting.name, setting.value));
        write_wrapped(text, "", "", &format!("Redis: {}", redis.collect::<Vec<_>>().join(", ")))?;
        let host = &self.host;
        let host = format!("{} cores, {}, {}", self.cores, host.cpu, host.kernel);
        write_wrapped(text, "", "", &host)?;
        writeln!(text)?;
        writeln!(
            text,
            "  {:<30}{:>18}{:>18}{:>9}{:>11}",
            "median", "Wasm", "conventional", "ratio", "by round"
        )?;
        self.figures.iter().try_for_each(|figure| figure.write_text(text))?;
        writeln!(text)?;
        for artifact in &self.artifacts {
            let mib = digits(artifact.bytes as f64 / MIB);
            writeln!(text, "  {:<30}{:>14} MiB  {}", artifact.name, mib, artifact.what)?;
        }
        writeln!(text)?;
        for words in self.words() {
            write_wrapped(text, "- ", "  ", &words)?;
        }
        writeln!(text)?;
        writeln!(text, "every order of every round was found exactly once, as it must be")
    }

    fn runtime(&self) -> &'static str {
        match self.settings.runtime {
            Runtime::Local => "local-runtime",
            Runtime::Spin => "spin",
        }
    }

    /// What the figures say and what not.
    fn words(&self) -> Vec<String> {
        let mut words = vec![
            "A ratio is Wasm by conventional: that of the medians, and the median of the rounds' own ratios. Where the two differ much, \
             the machine changed from round to round."
                .to_owned(),
        ];
        let overlap = |figure: &&Compared| !figure.wasm.is_apart_from(&figure.conventional);
        let names: Vec<&str> =
            self.figures.iter().filter(overlap).map(|figure| figure.name).collect();
        if !names.is_empty() {
            words.push(format!(
                "The rounds of both sides overlap, and the difference may be noise, in {}.",
                names.join("; ")
            ));
        }
        words.push(
            "CPU time and memory of the app are what a side costs. Orders a second are not: both wait for the same Redis, which shares this \
             machine with them and with the sender."
                .to_owned(),
        );
        if self.settings.runtime == Runtime::Local {
            words.push(
                "The runtime is local-runtime, not Spin: another program on the same engine."
                    .to_owned(),
            );
        }
        words.push(
            "The service has no HTTP and no sandbox; the Wasm side answers HTTP and starts an instance for each event. Neither ran in a \
             container or a cluster."
                .to_owned(),
        );
        words
    }
}

impl Compared {
    fn write_text(&self, text: &mut String) -> std::fmt::Result {
        let ratio =
            |ratio: Option<f64>| ratio.map_or_else(|| "-".into(), |ratio| format!("x{ratio:.2}"));
        let (wasm, conventional) =
            ((self.show)(self.wasm.median), (self.show)(self.conventional.median));
        let (medians, rounds) = (ratio(self.ratio_of_medians), ratio(self.median_of_ratios));
        writeln!(text, "  {:<30}{wasm:>18}{conventional:>18}{medians:>9}{rounds:>11}", self.name)?;
        if self.wasm.runs < 2 {
            return Ok(());
        }
        let range = |spread: &Spread| range(&(self.show)(spread.least), &(self.show)(spread.most));
        writeln!(text, "  {:<30}{:>18}{:>18}", "", range(&self.wasm), range(&self.conventional))
    }
}

/// From the least to the most, with the unit once where both have the same.
pub(crate) fn range(least: &str, most: &str) -> String {
    let unit = |figure: &str| figure.split_once(' ').map(|(_, unit)| unit.to_owned());
    let bare = least.split_once(' ').map_or(least, |(figure, _)| figure);
    let least = if unit(least) == unit(most) { bare } else { least };
    format!("{least}..{most}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_says_its_unit_once_unless_there_are_two() {
        assert_eq!(range("3.09 ms", "4.19 ms"), "3.09..4.19 ms");
        assert_eq!(range("23.3 ms", "1.04 s"), "23.3 ms..1.04 s");
        assert_eq!(range("8,994", "10,570"), "8,994..10,570");
    }
}
