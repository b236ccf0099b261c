//! A run of `versus` for the terminal: the table, and in words what it says and what it does not.

use std::fmt::Write as _;

use super::options::Runtime;
use super::report::{Compared, VersusReport};
use crate::report::text::write_wrapped;
use crate::report::units::count;

impl VersusReport {
    pub(crate) fn to_text(&self) -> String {
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
        for words in self.words() {
            write_wrapped(text, "- ", "  ", &words)?;
        }
        writeln!(text)?;
        writeln!(text, "every order of every round was found exactly once, as expected")
    }

    fn runtime(&self) -> &'static str {
        match self.settings.runtime {
            Runtime::Local => "local-runtime",
            Runtime::Spin => "spin",
        }
    }

    fn words(&self) -> Vec<String> {
        let mut words = vec![
            "A ratio is Wasm to conventional: that of the medians, and the median of the rounds' ratios. If the two differ much, the \
             machine changed from round to round."
                .to_owned(),
        ];
        let overlap = |figure: &&Compared| {
            figure.conventional.is_some_and(|other| !figure.wasm.is_apart_from(&other))
        };
        let names: Vec<&str> =
            self.figures.iter().filter(overlap).map(|figure| figure.name).collect();
        if !names.is_empty() {
            words.push(format!(
                "The rounds of both sides overlap, and the difference may be noise, in {}.",
                names.join("; ")
            ));
        }
        words.push(
            "CPU time and memory of the app are what a side costs. Orders a second are not: both wait for a Redis that shares this \
             machine with them and with the sender."
                .to_owned(),
        );
        if self.settings.runtime == Runtime::Local {
            words.push(
                "The runtime is local-runtime, not Spin. Spin 4.0.2 took 1.6 times the app CPU of local-runtime for the same burst."
                    .to_owned(),
            );
        }
        words.push(
            "The start of an instance is a fresh sandbox in a running process, from the event to the call. A cluster adds scheduling, \
             images and pods to the start of a process."
                .to_owned(),
        );
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
        let wasm = (self.show)(self.wasm.median);
        let conventional = self.conventional.map(|spread| (self.show)(spread.median));
        let conventional = conventional.unwrap_or_else(|| "-".into());
        let (medians, rounds) = (ratio(self.ratio_of_medians), ratio(self.median_of_ratios));
        writeln!(text, "  {:<30}{wasm:>18}{conventional:>18}{medians:>9}{rounds:>11}", self.name)?;
        if self.wasm.runs < 2 {
            return Ok(());
        }
        let wasm = self.wasm.range(self.show);
        let conventional = self.conventional.map(|spread| spread.range(self.show));
        let conventional = conventional.unwrap_or_default();
        writeln!(text, "  {:<30}{wasm:>18}{conventional:>18}", "")
    }
}
