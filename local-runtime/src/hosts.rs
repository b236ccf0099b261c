//! `allowed_outbound_hosts`: the servers that a component may reach.
//!
//! An entry is `scheme://host:port`. Scheme and port may be `*`, the port a range `a..b`, the host
//! `*` or `*.domain`. An entry without a port has the default port of its scheme. Entries are
//! parsed before anything starts. A server that is not listed is refused when a component connects.

use std::ops::RangeInclusive;

use anyhow::{Context, Result, bail, ensure};
use url::Url;

/// The entries of one component.
#[derive(Debug, Default)]
pub(crate) struct AllowedHosts(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    /// `None` is `*`.
    scheme: Option<String>,
    /// As written. A leading `*` matches any prefix.
    host: String,
    ports: RangeInclusive<u16>,
}

impl AllowedHosts {
    /// Parses an entry whose templates are filled in.
    pub(crate) fn push(&mut self, entry: &str) -> Result<()> {
        self.0.push(parse(entry)?);
        Ok(())
    }

    /// Whether the component may reach the server of a URL. The URL must have this scheme.
    pub(crate) fn allow(&self, scheme: &str, url: &str) -> bool {
        Url::parse(url).is_ok_and(|url| url.scheme() == scheme && self.allow_url(&url))
    }

    /// A URL without a host is never allowed.
    fn allow_url(&self, url: &Url) -> bool {
        let port = url.port().or_else(|| usual_port(url.scheme()));
        url.host_str().zip(port).is_some_and(|(host, port)| {
            self.0.iter().any(|Entry { scheme, host: allowed, ports }| {
                scheme.as_deref().is_none_or(|allowed| allowed == url.scheme())
                    && allowed.strip_prefix('*').map_or(allowed == host, |end| host.ends_with(end))
                    && ports.contains(&port)
            })
        })
    }
}

fn usual_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "redis" => Some(6379),
        _ => None,
    }
}

fn parse(entry: &str) -> Result<Entry> {
    let entry = entry.trim();
    let is_old = entry == "insecure:allow-all";
    ensure!(!is_old, "`insecure:allow-all` is no longer supported; write `*://*:*`");
    let (scheme, rest) = entry.split_once("://").context("a host entry is scheme://host:port")?;
    let scheme = match scheme {
        "*" => None,
        "http" | "redis" => Some(scheme.to_owned()),
        "https" | "rediss" => bail!("{scheme} (over TLS) is not supported by local-runtime"),
        other => {
            bail!(
                "the scheme {other:?} is not supported by local-runtime, which has http and redis"
            )
        }
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.split_once('/').is_some_and(|(address, _)| address.parse::<std::net::IpAddr>().is_ok())
    {
        bail!("a range of addresses is not supported by local-runtime");
    }
    ensure!(!rest.contains(['/', '?', '#']), "a host entry has no path, query or fragment");
    ensure!(!rest.contains('@'), "a host entry has no user or password");
    let (host, port) = split_port(rest)?;
    let ports = if let Some(port) = port {
        parse_ports(port)?
    } else {
        let usual = scheme.as_deref().and_then(usual_port);
        let port = usual.context("a host entry of any scheme needs a port")?;
        port..=port
    };
    check_host(host)?;
    Ok(Entry { scheme, host: host.to_owned(), ports })
}

/// Splits `host:port`, where the host may be an IPv6 address in brackets.
fn split_port(text: &str) -> Result<(&str, Option<&str>)> {
    let after_bracket = match (text.starts_with('['), text.find(']')) {
        (true, Some(end)) => end + 1,
        (true, None) => bail!("a host entry has `[` without `]`"),
        (false, _) => 0,
    };
    match text[after_bracket..].split_once(':') {
        Some((host_end, port)) => Ok((&text[..after_bracket + host_end.len()], Some(port))),
        None => Ok((text, None)),
    }
}

fn check_host(host: &str) -> Result<()> {
    if host == "self" || host == "self.alt" || host.ends_with(".spin.internal") {
        bail!("the host {host:?} (local service chaining) is not supported by local-runtime");
    }
    if let Some(domain) = host.strip_prefix("*.") {
        let is_whole = !domain.is_empty() && !domain.contains('*');
        ensure!(is_whole, "a wildcard host is `*` or `*.domain`");
    } else if host != "*" {
        let is_whole = !host.is_empty() && !host.contains('*');
        ensure!(is_whole, "a host is a name, an address, `*` or `*.domain`");
        let is_one = !host.contains(['{', '}', ',']);
        ensure!(is_one, "a list of hosts in one entry is not supported by local-runtime");
    }
    Ok(())
}

fn parse_ports(text: &str) -> Result<RangeInclusive<u16>> {
    if text == "*" {
        return Ok(0..=u16::MAX);
    }
    let number =
        |text: &str| text.parse::<u16>().ok().context("a port is a number, a range a..b or `*`");
    let Some((first, end)) = text.split_once("..") else {
        let port = number(text)?;
        return Ok(port..=port);
    };
    let (first, end) = (number(first)?, number(end)?);
    ensure!(first < end, "a range of ports must not be empty");
    // A range excludes its end.
    Ok(first..=end - 1)
}

#[cfg(test)]
mod tests;
