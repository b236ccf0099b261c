//! `loadtest compare`

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::Group;
use crate::report::Report;

/// `loadtest compare`
#[derive(Debug, Args)]
pub struct CompareOptions {
    /// Reports as `--json` wrote them, each on its own.
    pub files: Vec<PathBuf>,
    /// Several runs of one kind, of which the median counts: NAME=FILE,FILE,... May be given again.
    #[arg(long, value_parser = group)]
    pub group: Vec<NamedFiles>,
    /// Writes the comparison here as an HTML page as well.
    #[arg(long)]
    pub html: Option<PathBuf>,
}

/// The files of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFiles {
    /// Its name.
    pub name: String,
    /// Its reports.
    pub files: Vec<PathBuf>,
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
    /// Reads all reports: single files first, then groups, each in the order given.
    ///
    /// # Errors When a file cannot be read or is no report of this version, or when there is
    /// nothing to compare.
    pub(super) fn groups(&self) -> Result<Vec<Group>> {
        let single = self.files.iter().map(|file| NamedFiles {
            name: file.file_stem().unwrap_or(file.as_os_str()).to_string_lossy().into_owned(),
            files: vec![file.clone()],
        });
        let named: Vec<NamedFiles> = single.chain(self.group.iter().cloned()).collect();
        if named.len() < 2 {
            bail!("expected at least two reports or groups to compare, found {}", named.len());
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
