//! Flags and environment: the variables of `spin.toml` that concern a worker, with the same names,
//! defaults and ranges.
//!
//! Values stay text until `queue::Settings::read` checks them.

use anyhow::{Context, Result, anyhow};
use clap::{Args, Parser, Subcommand, ValueEnum};
use orders::DEFAULT_COMPLEXITY_THRESHOLD;
use orders::pipeline::Distributor;
use queue::{Name, SettingError};
use redis::{ConnectionInfo, IntoConnectionInfo};

/// The name that this program drains under.
const CONSUMER: Name = Name::from_static("conventional");

/// The order pipeline as an always-on native service.
#[derive(Debug, Parser)]
#[command(name = "conventional", version)]
pub struct Arguments {
    /// How it runs.
    #[command(flatten)]
    pub options: Options,
    /// What to do instead of running.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Commands other than running.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Command {
    /// Exit code 0 when Redis answers and the streams can be read. For probes.
    Check,
}

/// A role of the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
    /// Scores and routes.
    Distributor,
    /// Fulfils simple orders.
    ReceiverSimple,
    /// Fulfils complex orders.
    ReceiverComplex,
}

/// All settings, as they were typed.
#[derive(Debug, Args)]
pub struct Options {
    /// A role of this process; may be given several times, or separated by commas. All roles when
    /// absent.
    #[arg(long = "role", env = "ROLE", value_enum, value_delimiter = ',', global = true)]
    pub roles: Vec<RoleName>,
    /// Redis, as redis://host:port or redis://user:password@host:port.
    #[arg(
        long,
        env = "REDIS_URL",
        hide_env_values = true,
        default_value = "redis://127.0.0.1:6379",
        global = true
    )]
    pub redis_url: String,
    /// Name of the queue.
    #[arg(long, env = "QUEUE", default_value_t = defaults().queue.to_string(), global = true)]
    pub queue: String,
    /// Score from which an order is complex.
    #[arg(
        long,
        env = "COMPLEXITY_THRESHOLD",
        default_value_t = DEFAULT_COMPLEXITY_THRESHOLD.to_string(),
        global = true
    )]
    pub complexity_threshold: String,
    /// Maximum number of orders claimed at once.
    #[arg(long, env = "BATCH_SIZE", default_value_t = defaults().batch_size.to_string(), global = true)]
    pub batch_size: String,
    /// How long an entry may be pending before it is redelivered.
    #[arg(long, env = "CLAIM_IDLE_MS", default_value_t = defaults().claim_idle_ms.to_string(), global = true)]
    pub claim_idle_ms: String,
    /// How often an entry is delivered, the first time included, before it is dead-lettered.
    #[arg(
        long,
        env = "MAX_DELIVERIES",
        default_value_t = defaults().max_deliveries.to_string(),
        global = true
    )]
    pub max_deliveries: String,
    /// How long one drain may last before it rings for the next.
    #[arg(
        long,
        env = "DRAIN_BUDGET_MS",
        default_value_t = defaults().drain_budget_ms.to_string(),
        global = true
    )]
    pub drain_budget_ms: String,
    /// How long a ring of the bell counts; further rings within it are dropped.
    #[arg(long, env = "BELL_MS", default_value_t = defaults().bell_ms.to_string(), global = true)]
    pub bell_ms: String,
    /// How long a drain waits for more work when a busy stream is empty; 0 for not at all.
    #[arg(long, env = "LINGER_MS", default_value_t = defaults().linger_ms.to_string(), global = true)]
    pub linger_ms: String,
    /// How long a confirmation is kept, in seconds.
    #[arg(long, env = "RETENTION_S", default_value_t = defaults().retention_s.to_string(), global = true)]
    pub retention_s: String,
}

/// All settings, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The roles of this process, each once.
    pub roles: Vec<RoleName>,
    /// Redis, with login. Only its address is printed.
    pub redis: ConnectionInfo,
    /// The role that routes.
    pub distributor: Distributor,
    /// How the queue is used.
    pub queue: queue::Settings,
}

fn defaults() -> queue::Settings {
    orders::pipeline::settings()
}

impl Options {
    /// Checks all values.
    ///
    /// # Errors
    /// Names the flag and the environment variable of the first wrong one.
    pub fn check(&self) -> Result<Settings> {
        let variables = |name: &str| {
            let value = match name {
                "queue" => &self.queue,
                "complexity_threshold" => &self.complexity_threshold,
                "batch_size" => &self.batch_size,
                "claim_idle_ms" => &self.claim_idle_ms,
                "max_deliveries" => &self.max_deliveries,
                "drain_budget_ms" => &self.drain_budget_ms,
                "bell_ms" => &self.bell_ms,
                "linger_ms" => &self.linger_ms,
                "retention_s" => &self.retention_s,
                _ => return Err("there is no such flag".to_owned()),
            };
            Ok(value.clone())
        };
        let by_flag = |error: SettingError| {
            anyhow!(
                "--{} ({}): {}",
                error.name.replace('_', "-"),
                error.name.to_uppercase(),
                error.fault
            )
        };
        let mut roles = self.roles.clone();
        if roles.is_empty() {
            roles = RoleName::value_variants().to_vec();
        }
        roles.sort_by_key(|role| *role as u8);
        roles.dedup();
        Ok(Settings {
            roles,
            redis: self
                .redis_url
                .as_str()
                .into_connection_info()
                .context("--redis-url (REDIS_URL)")?,
            distributor: Distributor::read(variables).map_err(by_flag)?,
            queue: queue::Settings {
                consumer: CONSUMER,
                ..defaults().read(variables).map_err(by_flag)?
            },
        })
    }
}

#[cfg(test)]
mod tests;
