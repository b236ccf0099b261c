//! `loadtest compare`: its flags, and the reports that they name.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::Group;
use super::gate::Gate;
use crate::outcome::UsageError;
use crate::report::Report;

#[derive(Debug, Args)]
pub(crate) struct CompareOptions {
    /// Reports in JSON, each a group of its own.
    files: Vec<PathBuf>,
    /// Several runs of one kind, of which the median counts: NAME=FILE,FILE,... May be repeated.
    #[arg(long, value_parser = group, help_heading = "Groups")]
    group: Vec<NamedFiles>,
    /// Exits with 1 if a figure of a group differs from the first group by more than this, such as
    /// 'latency_p99>+10%' or 'orders_per_s<-5%'. May be repeated.
    #[arg(long, help_heading = "Result")]
    pub(super) fail_if: Vec<Gate>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct NamedFiles {
    name: String,
    files: Vec<PathBuf>,
}

fn group(text: &str) -> Result<NamedFiles, String> {
    let parts = text.split_once('=').map(|(name, files)| (name.trim(), files.split(',')));
    match parts {
        Some((name, files))
            if !name.is_empty() && files.clone().all(|file| !file.trim().is_empty()) =>
        {
            Ok(NamedFiles {
                name: name.into(),
                files: files.map(|file| file.trim().into()).collect(),
            })
        }
        _ => Err("expected NAME=FILE,FILE,...".into()),
    }
}

impl CompareOptions {
    /// Single files first, then groups, each in the order given.
    pub(super) fn groups(&self) -> Result<Vec<Group>> {
        let single = self.files.iter().map(|file| NamedFiles {
            name: file.file_stem().unwrap_or(file.as_os_str()).to_string_lossy().into_owned(),
            files: vec![file.clone()],
        });
        let named: Vec<NamedFiles> = single.chain(self.group.iter().cloned()).collect();
        if named.len() < 2 {
            let found = named.len();
            bail!(UsageError(format!("expected at least two reports or groups, found {found}")));
        }
        named
            .into_iter()
            .map(|NamedFiles { name, files }| {
                let reports = files.iter().map(|file| Report::read(file)).collect::<Result<_>>();
                Ok(Group { reports: reports.with_context(|| format!("group {name}"))?, name })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_a_name_and_its_files() {
        let files = ["a.json", "b.json"].map(PathBuf::from).to_vec();
        assert_eq!(group("wasm=a.json, b.json"), Ok(NamedFiles { name: "wasm".into(), files }));
        for wrong in ["a.json", "=a.json", "wasm=", "wasm=a.json,,b.json"] {
            assert!(group(wrong).is_err(), "{wrong}");
        }
    }
}
