//! The Spin app as a process: by the real `spin`, or by `local-runtime` where that is missing.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::programs;
use crate::repository::Repository;

/// What runs the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Runtime {
    /// `spin up` of the installed Spin
    Spin,
    /// This project's own runner
    Local,
}

impl Runtime {
    /// The given one; by default Spin if it is installed.
    pub(crate) fn choose(given: Option<Self>) -> Result<Self> {
        let spin_is_installed = programs::find("spin").is_some();
        match given {
            Some(Self::Spin) if !spin_is_installed => {
                bail!(
                    "--runtime spin: `spin` is not on the PATH; install Spin 3 or 4, or use --runtime local"
                )
            }
            Some(runtime) => Ok(runtime),
            None if spin_is_installed => Ok(Self::Spin),
            None => Ok(Self::Local),
        }
    }

    /// The command that runs the app. The user's current directory is kept: `extra` may name files.
    pub(crate) fn command(
        self,
        repository: &Repository,
        manifest: &Path,
        redis_url: &str,
        listen: SocketAddr,
        extra: &[OsString],
    ) -> Command {
        let mut command = match self {
            Self::Spin => Command::new("spin"),
            Self::Local => Command::new(repository.program("local-runtime")),
        };
        command.args(["up", "-f"]).arg(manifest);
        command.args(["--listen", &listen.to_string()]).args(extra);
        command.env("SPIN_VARIABLE_REDIS_URL", redis_url);
        command
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Spin => "spin",
            Self::Local => "local-runtime",
        }
    }
}

/// The channels of all bells in a Spin manifest.
pub(crate) fn channels(manifest: &str) -> Result<Vec<String>> {
    let manifest: toml::Table = manifest.parse()?;
    let queue = std::env::var("SPIN_VARIABLE_QUEUE").ok().or_else(|| {
        let default = manifest.get("variables")?.get("queue")?.get("default")?;
        default.as_str().map(str::to_owned)
    });
    let queue = queue.context("the manifest has no default for the variable `queue`")?;
    let triggers = manifest.get("trigger").and_then(|triggers| triggers.get("redis")?.as_array());
    let channels = triggers.into_iter().flatten().filter_map(|trigger| {
        Some(trigger.get("channel")?.as_str()?.replace("{{ queue }}", &queue))
    });
    Ok(channels.collect())
}

/// Whether the runtime answers HTTP. An address that means every interface leads to the loopback.
pub(crate) fn serves(listen: SocketAddr) -> bool {
    let limit = Duration::from_millis(500);
    let answer = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&listen, limit)?;
        stream.set_read_timeout(Some(limit))?;
        let request = format!(
            "GET /.well-known/spin/health HTTP/1.1\r\nHost: {listen}\r\nConnection: close\r\n\r\n"
        );
        // In one write: a server that answers after the first part resets the connection.
        stream.write_all(request.as_bytes())?;
        let mut response = Vec::new();
        let _ = stream.take(64 * 1024).read_to_end(&mut response);
        Ok(response.starts_with(b"HTTP/1.1 200 "))
    };
    answer().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A manifest without the receiver of the simple lane, and that receiver without what differs.
    fn apart(manifest: &str) -> (toml::Table, toml::Table) {
        let mut manifest: toml::Table = manifest.parse().unwrap();
        let components = manifest["component"].as_table_mut().unwrap();
        let mut receiver = match components.remove("receiver-simple") {
            Some(toml::Value::Table(receiver)) => receiver,
            other => panic!("{other:?}"),
        };
        for field in ["source", "description", "build", "dependencies"] {
            receiver.remove(field);
        }
        (manifest, receiver)
    }

    #[test]
    fn the_variant_in_typescript_is_the_same_application_with_another_receiver() {
        let (rust, receiver) = apart(include_str!("../../spin.toml"));
        let (typescript, other) = apart(include_str!("../../spin.typescript.toml"));
        assert_eq!(rust, typescript);
        assert_eq!(receiver, other);
        assert!(receiver.contains_key("variables"), "{receiver:?}");
    }

    #[test]
    fn the_bells_of_the_app_are_those_of_its_manifest() {
        let manifest = include_str!("../../spin.toml");
        let expected = ["orders.ingress", "orders.simple", "orders.complex"];
        assert_eq!(channels(manifest).unwrap(), expected);
    }
}
