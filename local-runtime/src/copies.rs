//! Copies of an application in one process: what each has of its own, which is what its variables change.
//!
//! Spin has nothing of the kind. Copies share the engine, the compiled code, the slots for instances, the figures and the log files;
//! none of it carries anything of an event from one to the other, for every event has a fresh instance.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Result, bail};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::cli::{CopyVariable, UpOptions};
use crate::hosts::AllowedHosts;
use crate::manifest::Manifest;
use crate::variables::{Variables, env_name};

/// The settings of one component in one copy. A thousand copies are mostly alike, so only what differs is kept for each.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) allowed_hosts: Arc<AllowedHosts>,
    /// The variables of the first copy.
    common: Arc<BTreeMap<String, String>>,
    /// The variables that have another value in this one.
    own: Box<[(Box<str>, Box<str>)]>,
}

impl Settings {
    /// Of the first copy.
    pub(crate) fn first(variables: BTreeMap<String, String>, allowed_hosts: AllowedHosts) -> Self {
        Self {
            allowed_hosts: Arc::new(allowed_hosts),
            common: Arc::new(variables),
            own: Box::default(),
        }
    }

    /// Of a further copy, sharing with the first what is the same in both.
    pub(crate) fn like(
        first: &Arc<Self>,
        variables: BTreeMap<String, String>,
        allowed_hosts: AllowedHosts,
    ) -> Arc<Self> {
        let own: Box<[_]> = variables
            .into_iter()
            .filter(|(name, value)| first.common.get(name) != Some(value))
            .map(|(name, value)| (name.into_boxed_str(), value.into_boxed_str()))
            .collect();
        let same_hosts = allowed_hosts == *first.allowed_hosts;
        if own.is_empty() && same_hosts {
            return first.clone();
        }
        let allowed_hosts =
            if same_hosts { first.allowed_hosts.clone() } else { Arc::new(allowed_hosts) };
        Arc::new(Self { allowed_hosts, common: first.common.clone(), own })
    }

    /// The value of a variable.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        let own = self.own.iter().find(|(own, _)| **own == *name).map(|(_, value)| &**value);
        own.or_else(|| self.common.get(name).map(String::as_str))
    }
}

/// Refuses copy variables that would have no effect.
pub(crate) fn check_variables(copy_variables: &[CopyVariable], manifest: &Manifest) -> Result<()> {
    let mut seen = BTreeSet::new();
    for CopyVariable { name, .. } in copy_variables {
        if !manifest.variables.contains_key(name) {
            bail!("--copy-variable names the undeclared variable {name:?}");
        }
        if !seen.insert(name) {
            bail!("--copy-variable names the variable {name:?} twice");
        }
    }
    Ok(())
}

/// The variables of one copy: its own, then those of this process's environment.
pub(crate) fn variables(copy: u32, options: &UpOptions, manifest: &Manifest) -> Result<Variables> {
    Variables::resolve(&manifest.variables, |name| {
        let own = options.copy_variables.iter().find(|variable| env_name(&variable.name) == name);
        own.map(|variable| variable.value(copy)).or_else(|| std::env::var(name).ok())
    })
}

/// The address each copy is to listen on: ports one after the other, or free ones.
///
/// # Errors
/// When there are fewer ports than copies.
pub(crate) fn addresses(options: &UpOptions) -> Result<Vec<SocketAddr>> {
    let UpOptions { listen, copies, .. } = options;
    let port = |index: u32| match listen.port() {
        0 => Some(0),
        first => u16::try_from(u32::from(first) + index).ok(),
    };
    let addresses = (0..*copies).map(|index| Some(SocketAddr::new(listen.ip(), port(index)?)));
    match addresses.collect() {
        Some(addresses) => Ok(addresses),
        None => {
            bail!(
                "--copies: {copies} copies have no room in the ports from {} (--listen)",
                listen.port()
            )
        }
    }
}

/// Lets this process open as many files as the system allows it: a copy has a listener, an event connections, and the usual soft
/// limit of 1,024 is there for programs that use `select`.
pub(crate) fn raise_file_limit() {
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // Where it is refused the old limit stays, and what it forbids is an error with its own words.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}
