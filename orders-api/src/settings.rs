//! The API's own variables, checked before any work starts.

use std::fmt::Display;

use queue::settings::{SettingError, number, text};

/// The API's variables, which `spin.toml` describes. There is no `Debug`, because one is secret.
pub struct Settings {
    pub(crate) api_token: Option<String>,
    /// In lower case, without ports.
    pub(crate) allowed_hosts: Vec<String>,
    pub(crate) max_backlog: u32,
    pub(crate) max_orders_per_request: u32,
    pub(crate) max_body_bytes: u32,
    pub(crate) demo_orders: u32,
}

impl Settings {
    /// Reads the variables; `get` asks the host for one.
    pub fn read<E: Display>(get: impl Fn(&str) -> Result<String, E>) -> Result<Self, SettingError> {
        Ok(Self {
            api_token: token(text(&get, "api_token")?)?,
            allowed_hosts: hosts(&text(&get, "allowed_hosts")?)?,
            max_backlog: number(&get, "max_backlog", 0..=u32::MAX)?,
            max_orders_per_request: number(&get, "max_orders_per_request", 1..=100_000)?,
            max_body_bytes: number(&get, "max_body_bytes", 1..=256 * 1024 * 1024)?,
            demo_orders: number(&get, "demo_orders", 0..=1_000_000)?,
        })
    }
}

/// Refuses a token that no client can send. The error does not repeat it.
fn token(found: String) -> Result<Option<String>, SettingError> {
    if !found.bytes().all(|byte| byte.is_ascii_graphic()) {
        let fault = "expected visible ASCII characters, or nothing".into();
        return Err(SettingError { name: "api_token", fault });
    }
    Ok(Some(found).filter(|token| !token.is_empty()))
}

fn hosts(found: &str) -> Result<Vec<String>, SettingError> {
    let names = found.split(',').map(str::trim).filter(|name| !name.is_empty());
    let hosts: Vec<String> = names.map(str::to_ascii_lowercase).collect();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if !hosts.iter().all(|host| host.bytes().all(is_name)) {
        let expected = "host names without ports, separated by commas";
        return Err(SettingError::wrong("allowed_hosts", expected, found));
    }
    Ok(hosts)
}
