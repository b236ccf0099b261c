//! `local-runtime up` from its options to its end.
//!
//! The order is the contract: everything is resolved, compiled and linked before a port is bound, every Redis
//! channel is subscribed to before the lines that say so are printed, and nothing is served before that.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::app::App;
use crate::cache::Cache;
use crate::cli::UpOptions;
use crate::component::Components;
use crate::engine::{Limits, engine};
use crate::http_trigger::HttpTrigger;
use crate::metering::{Figures, Meter};
use crate::output::print;
use crate::redis_trigger::{OnLoss, RedisTrigger};
use crate::router::Router;

/// Runs an application until SIGINT or SIGTERM, which end the process with code 0.
///
/// # Errors
/// When the manifest, a component or an option is refused, the port is taken, or, with `--no-reconnect`, Redis
/// can't be reached or is lost.
pub fn up(options: &UpOptions) -> Result<()> {
    let mut app = App::load(options)?;
    let router = Router::new(app.routes.iter().map(|route| route.path.as_str()))?;
    let state_folder = app.folder.join(".spin");
    let logs = state_folder.join("logs");
    std::fs::create_dir_all(&logs)
        .with_context(|| format!("failed to make the folder {}", logs.display()))?;
    let limits = Limits {
        max_memory: options.max_instance_memory as usize * 1024 * 1024,
        timeout: options.invocation_timeout_ms.map(Duration::from_millis),
    };
    let cache = Cache::open(options.cache_dir.clone().unwrap_or_else(|| state_folder.join("local-runtime")))?;
    let components = Components::load(&mut app, &engine(limits)?, limits, &cache, &logs, options.quiet)?;
    end_on_signal(components.meter.clone())?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("failed to start the runtime's threads")?
        .block_on(run(app, router, Arc::new(components), options, &logs))
}

/// Ends the process on a signal, from a thread of its own: handlers that compute can't hold it up.
fn end_on_signal(meter: Arc<Meter>) -> Result<()> {
    ctrlc::set_handler(move || {
        print_figures(&meter);
        std::process::exit(0);
    })
    .context("failed to listen for signals")
}

async fn run(
    mut app: App,
    router: Router,
    components: Arc<Components>,
    options: &UpOptions,
    logs: &Path,
) -> Result<()> {
    let listener = TcpListener::bind(options.listen)
        .await
        .with_context(|| format!("failed to listen on {} (--listen)", options.listen))?;
    let address = listener.local_addr().context("failed to read the address listened on")?;
    let on_loss = if options.no_reconnect { OnLoss::End } else { OnLoss::Reconnect };
    let redis = RedisTrigger::group(&app.subscriptions, &components, on_loss);
    let http = Arc::new(HttpTrigger::new(&mut app, router, components.clone(), address));

    let mut lines = vec![format!("Logging component stdio to \"{}\"", logs.display()), String::new()];
    lines.extend(http.banner());
    let mut connecting = JoinSet::new();
    for trigger in redis {
        lines.extend(trigger.banner());
        connecting.spawn(async move { trigger.connect().await.map(|connection| (trigger, connection)) });
    }
    let mut triggers = JoinSet::new();
    while let Some(connected) = connecting.join_next().await {
        let (trigger, connection) = connected.context("failed to connect to Redis")??;
        triggers.spawn(trigger.run(connection));
    }
    triggers.spawn(http.serve(listener));
    print(&lines.join("\n"));

    // None of them ends by itself, but for a Redis trigger that may not reconnect.
    triggers.join_next().await;
    print_figures(&components.meter);
    bail!("A trigger exited unexpectedly. Terminating.")
}

fn print_figures(meter: &Meter) {
    let report = meter.report();
    print("Instance starts:");
    print_line("all", &report.all);
    report.components.iter().for_each(|(id, figures)| print_line(id, figures));
}

fn print_line(name: &str, figures: &Figures) {
    let Figures { starts, p50_us, p99_us, max_us } = figures;
    print(&format!("  {name}: {starts}, p50 {p50_us} us, p99 {p99_us} us, max {max_us} us"));
}
