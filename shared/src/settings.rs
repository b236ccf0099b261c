//! The variables of `spin.toml`: read, checked and named in one place.
//!
//! The defaults here are those of `spin.toml`; a test compares the two. A wrong value is refused before any work starts, with
//! the variable's name.

use std::ops::RangeInclusive;

use subtle::ConstantTimeEq;

use crate::journal::LogLevel;
use crate::queue::{ConsumerName, MOST_PARTITIONS, QueueName};

/// A variable that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("variable {name}: {fault}")]
pub struct SettingsError {
    /// The variable.
    pub name: &'static str,
    /// Why.
    pub fault: Fault,
}

/// Why a variable cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The host does not give it; what the host said.
    #[error("{0}")]
    Unreadable(String),
    /// It is not a whole number in its range.
    #[error("expected a whole number from {} to {}, found {found:?}", .range.start(), .range.end())]
    OutOfRange {
        /// The values allowed.
        range: RangeInclusive<u32>,
        /// The value found.
        found: String,
    },
    /// It cannot stand in a header. The value is a secret and is not told.
    #[error("expected visible ASCII characters without a blank, or nothing")]
    NotAToken,
    /// It has to be set where there are so many partitions.
    #[error("expected the address of a server, because partitions is {0}")]
    NotSet(usize),
    /// The names of the partitions would be too long.
    #[error("expected at most {most} characters where there are partitions, found {found}")]
    TooLong {
        /// The most characters.
        most: usize,
        /// The characters found.
        found: usize,
    },
    /// It is no level of a log; the value found.
    #[error("expected error, warn, info or debug, found {0:?}")]
    NotALevel(String),
    /// It is not a name that can stand in a key; the value found.
    #[error("expected 1 to 64 letters, digits, '-', '_' or '.', found {0:?}")]
    NotAName(String),
}

/// How the queue is used; the same for every component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSettings {
    /// `queue`: the name of the queue, part of every key and channel.
    pub queue: QueueName,
    /// `batch_size`: the most entries claimed at once.
    pub batch_size: u32,
    /// `claim_idle_ms`: how long an entry may be pending before it is redelivered.
    pub claim_idle_ms: u32,
    /// `max_deliveries`: how often an entry is delivered, the first time included, before it is dead-lettered.
    pub max_deliveries: u32,
    /// `drain_budget_ms`: how long one drain may last before it hands over to the next.
    pub drain_budget_ms: u32,
    /// `bell_ms`: how long a ring counts as heard-soon; further rings within it are dropped.
    pub bell_ms: u32,
    /// `retention_s`: how long a confirmation and the state of its order are kept, in seconds.
    pub retention_s: u32,
    /// Under what name it is drained. No variable: it says which program drains, and is set by that program.
    pub consumer: ConsumerName,
}

/// What `orders-api` needs beside [`QueueSettings`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiSettings {
    /// `max_backlog`: the most orders that may wait; 0 for no limit.
    pub max_backlog: u32,
    /// `max_orders_per_request`: the most orders in one request.
    pub max_orders_per_request: u32,
    /// `max_body_bytes`: the longest body of a request.
    pub max_body_bytes: u32,
}

/// What the dashboard may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DashboardSettings {
    /// `demo_orders`: the most orders in a burst that its button sends; 0 for no button.
    pub demo_orders: u32,
}

/// What a request must carry as `Authorization: Bearer` to see or change orders. It is never printed.
pub struct ApiToken(String);

impl ApiToken {
    /// Whether the value of an `Authorization` header carries this token.
    ///
    /// Takes as long for a wrong token as for the right one; only the token's length can be told from the time.
    pub fn is_in(&self, authorization: &[u8]) -> bool {
        let scheme_and_blank = b"Bearer ".len();
        match authorization.split_at_checked(scheme_and_blank) {
            Some((scheme, token)) => {
                scheme.eq_ignore_ascii_case(b"Bearer ")
                    && bool::from(token.trim_ascii().ct_eq(self.0.as_bytes()))
            }
            None => false,
        }
    }
}

impl std::fmt::Debug for ApiToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ApiToken")
    }
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self {
            queue: QueueName::default(),
            batch_size: 200,
            claim_idle_ms: 5_000,
            max_deliveries: 5,
            drain_budget_ms: 5_000,
            bell_ms: 1_000,
            retention_s: 86_400,
            consumer: ConsumerName::default(),
        }
    }
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            max_backlog: 1_000_000,
            max_orders_per_request: 10_000,
            max_body_bytes: 16 * 1024 * 1024,
        }
    }
}

impl Default for DashboardSettings {
    fn default() -> Self {
        Self { demo_orders: 10_000 }
    }
}

/// `complexity_threshold` by default: the score from which an order is complex.
pub const DEFAULT_COMPLEXITY_THRESHOLD: u32 = 50;

/// Asks the host for a variable by name.
pub trait Variables {
    /// The value, or what the host said.
    ///
    /// # Errors
    /// When the host does not give it.
    fn get(&self, name: &str) -> Result<String, String>;
}

impl<F: Fn(&str) -> Result<String, String>> Variables for F {
    fn get(&self, name: &str) -> Result<String, String> {
        self(name)
    }
}

impl QueueSettings {
    /// Reads and checks the variables.
    ///
    /// # Errors
    /// Names the first variable that is absent or wrong.
    pub fn read(variables: &impl Variables) -> Result<Self, SettingsError> {
        Ok(Self {
            queue: name(variables, "queue")?,
            // A commit hands each id to Lua's unpack, which takes about 8,000 values.
            batch_size: number(variables, "batch_size", 1..=1_000)?,
            claim_idle_ms: number(variables, "claim_idle_ms", 10..=86_400_000)?,
            max_deliveries: number(variables, "max_deliveries", 1..=1_000)?,
            drain_budget_ms: number(variables, "drain_budget_ms", 1..=600_000)?,
            bell_ms: number(variables, "bell_ms", 1..=60_000)?,
            retention_s: number(variables, "retention_s", 1..=31_536_000)?,
            consumer: ConsumerName::default(),
        })
    }

    /// `retention_s` in ms.
    pub(crate) fn retention_ms(&self) -> i64 {
        i64::from(self.retention_s) * 1000
    }
}

impl ApiSettings {
    /// Reads and checks the variables.
    ///
    /// # Errors
    /// Names the first variable that is absent or wrong.
    pub fn read(variables: &impl Variables) -> Result<Self, SettingsError> {
        Ok(Self {
            max_backlog: number(variables, "max_backlog", 0..=u32::MAX)?,
            max_orders_per_request: number(variables, "max_orders_per_request", 1..=100_000)?,
            max_body_bytes: number(variables, "max_body_bytes", 1..=256 * 1024 * 1024)?,
        })
    }
}

/// Reads `log_level`.
///
/// # Errors
/// When it is absent or no level.
pub fn log_level(variables: &impl Variables) -> Result<LogLevel, SettingsError> {
    let found = text(variables, "log_level")?;
    LogLevel::parse(&found)
        .ok_or(SettingsError { name: "log_level", fault: Fault::NotALevel(found) })
}

impl DashboardSettings {
    /// Reads and checks the variables.
    ///
    /// # Errors
    /// Names the first variable that is absent or wrong.
    pub fn read(variables: &impl Variables) -> Result<Self, SettingsError> {
        Ok(Self { demo_orders: number(variables, "demo_orders", 0..=1_000_000)? })
    }
}

/// Reads `complexity_threshold`.
///
/// # Errors
/// When it is absent or not a number from 1 to 1,000,000.
pub fn complexity_threshold(variables: &impl Variables) -> Result<u32, SettingsError> {
    number(variables, "complexity_threshold", 1..=1_000_000)
}

/// Reads `redis_url`.
///
/// # Errors
/// When the host does not give it.
pub fn redis_url(variables: &impl Variables) -> Result<String, SettingsError> {
    text(variables, "redis_url")
}

/// The variables that say where the partitions are, one for each.
const REDIS_URLS: [&str; MOST_PARTITIONS] = [
    "redis_url",
    "redis_url_p1",
    "redis_url_p2",
    "redis_url_p3",
    "redis_url_p4",
    "redis_url_p5",
    "redis_url_p6",
    "redis_url_p7",
];
/// The host in the default of all but the first: a host entry cannot be empty, and this name is reserved to lead nowhere.
const UNSET_HOST: &str = "unset.invalid";

/// Reads where the partitions of a queue are: `redis_url`, and as many of `redis_url_p1` to `redis_url_p7` as `partitions` asks for.
///
/// # Errors
/// When `partitions` is wrong, an address is missing, or the queue's name leaves no room for the partitions' numbers.
pub fn redis_urls(
    variables: &impl Variables,
    queue: &QueueName,
) -> Result<Vec<String>, SettingsError> {
    let partitions = number(variables, "partitions", 1..=MOST_PARTITIONS as u32)? as usize;
    let (found, most) = (queue.as_str().len(), QueueName::LONGEST - "-7".len());
    if partitions > 1 && found > most {
        return Err(SettingsError { name: "queue", fault: Fault::TooLong { most, found } });
    }
    let urls = REDIS_URLS.iter().take(partitions).map(|name| match text(variables, name)? {
        url if url.contains(UNSET_HOST) => {
            Err(SettingsError { name, fault: Fault::NotSet(partitions) })
        }
        url => Ok(url),
    });
    urls.collect()
}

/// Reads `api_token`; `None` when it is empty, which leaves the API open.
///
/// # Errors
/// When it is absent or has a character that a client cannot send.
pub fn api_token(variables: &impl Variables) -> Result<Option<ApiToken>, SettingsError> {
    let found = text(variables, "api_token")?;
    if !found.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(SettingsError { name: "api_token", fault: Fault::NotAToken });
    }
    Ok((!found.is_empty()).then_some(ApiToken(found)))
}

fn text(variables: &impl Variables, name: &'static str) -> Result<String, SettingsError> {
    variables.get(name).map_err(|reason| SettingsError { name, fault: Fault::Unreadable(reason) })
}

fn name(variables: &impl Variables, name: &'static str) -> Result<QueueName, SettingsError> {
    let found = text(variables, name)?;
    QueueName::parse(&found).ok_or(SettingsError { name, fault: Fault::NotAName(found) })
}

fn number(
    variables: &impl Variables,
    name: &'static str,
    range: RangeInclusive<u32>,
) -> Result<u32, SettingsError> {
    let found = text(variables, name)?;
    match found.trim().parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(SettingsError { name, fault: Fault::OutOfRange { range, found } }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(value: &str) -> Result<Option<ApiToken>, SettingsError> {
        api_token(&|_: &str| Ok(value.to_owned()))
    }

    #[test]
    fn only_the_very_token_behind_the_scheme_opens() {
        let token = token("s3cret-Token").unwrap().unwrap();
        for right in ["Bearer s3cret-Token", "bearer s3cret-Token", "BEARER  s3cret-Token "] {
            assert!(token.is_in(right.as_bytes()), "{right}");
        }
        for wrong in [
            "",
            "Bearer",
            "Bearer ",
            "s3cret-Token",
            "Basic s3cret-Token",
            "Bearer s3cret-toke",
            "Bearer s3cret-token",
            "Bearer s3cret-Token2",
            "Bearer s3cret-Token, x",
            "Bearers3cret-Token",
            "Bearer s3cret-Token\0",
        ] {
            assert!(!token.is_in(wrong.as_bytes()), "{wrong}");
        }
    }

    #[test]
    fn a_token_that_no_client_can_send_is_refused_without_being_told() {
        assert!(token("").unwrap().is_none());
        for wrong in ["hush hush", "hush\n", "h\u{fc}sh", " "] {
            let error = token(wrong).unwrap_err();
            assert_eq!(error, SettingsError { name: "api_token", fault: Fault::NotAToken });
            assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
        }
        assert_eq!(format!("{:?}", token("hush").unwrap()), "Some(ApiToken)");
    }
}
