//! `burst`, `steady`, `curve` and `replay`: a run, its report and its exit code.

use anyhow::Result;

use crate::options::Load;
use crate::outcome::{Outcome, say};
use crate::output::{Output, publish};
use crate::report::page;
use crate::run::execute;
use crate::stop;

pub(crate) fn run(load: &Load) -> Result<Outcome> {
    let target = load.target();
    let (json, html, input) = (target.json.as_deref(), target.html.as_deref(), load.input());
    let json = Output::create(json, "--json", &[("--html", html), input])?;
    let html = Output::create(html, "--html", &[input])?;
    // The first signal ends the sending, the second the waiting, the third the process.
    stop::listen(Some(3))?;
    let (report, failure) = execute(load)?;
    publish(&report.to_text(), || {
        json.map_or(Ok(()), |json| json.write_json(&report))?;
        html.map_or(Ok(()), |html| html.write(page::page(&report).as_bytes()))
    })?;
    match failure {
        Some(failure) if report.is_clean() => return Err(failure),
        Some(failure) => say(&failure),
        None => {}
    }
    Ok(match report.interrupted {
        true if report.is_clean() => Outcome::Interrupted,
        _ if report.is_success() => Outcome::Good,
        _ => Outcome::Bad,
    })
}
