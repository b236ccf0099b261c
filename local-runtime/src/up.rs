//! `local-runtime up` from its options to its end.
//!
//! The order is the contract: everything is resolved, compiled and linked before a port is bound, every Redis
//! channel is subscribed to before the lines that say so are printed, and nothing is served before that.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::app::App;
use crate::cache::{Cache, give_memory_back};
use crate::cli::UpOptions;
use crate::component::Components;
use crate::copies;
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
    let addresses = copies::addresses(options)?;
    copies::raise_file_limit();
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
    let cache = Cache::open(
        options.cache_dir.clone().unwrap_or_else(|| state_folder.join("local-runtime")),
    )?;
    let components =
        Components::load(&mut app, &engine(limits)?, limits, &cache, &logs, options.quiet)?;
    end_on_signal(components.meter.clone())?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("failed to start the runtime's threads")?
        .block_on(run(app, router, Arc::new(components), options, &addresses, &logs))
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
    addresses: &[SocketAddr],
    logs: &Path,
) -> Result<()> {
    let listeners = listen(addresses).await?;
    let addresses: Vec<_> = listeners
        .iter()
        .map(TcpListener::local_addr)
        .collect::<Result<_, _>>()
        .context("failed to read the addresses listened on")?;
    let on_loss = if options.no_reconnect { OnLoss::End } else { OnLoss::Reconnect };
    let redis = RedisTrigger::group(&app, &components, on_loss);
    let http = Arc::new(HttpTrigger::new(&mut app, router, components.clone()));

    let mut lines =
        vec![format!("Logging component stdio to \"{}\"", logs.display()), String::new()];
    lines.extend(http.banner(&addresses));
    lines.extend(RedisTrigger::banner(&app, &redis));
    drop(app);
    let mut connecting = JoinSet::new();
    for trigger in redis {
        connecting
            .spawn(async move { trigger.connect().await.map(|connection| (trigger, connection)) });
    }
    let mut triggers = JoinSet::new();
    while let Some(connected) = connecting.join_next().await {
        let (trigger, connection) = connected.context("failed to connect to Redis")??;
        triggers.spawn(trigger.run(connection));
    }
    for (copy, listener) in listeners.into_iter().enumerate() {
        triggers.spawn(http.clone().serve(copy, listener));
    }
    print(&lines.join("\n"));
    drop(lines);
    give_memory_back();

    // None of them ends by itself, but for a Redis trigger that may not reconnect.
    triggers.join_next().await;
    print_figures(&components.meter);
    bail!("A trigger exited unexpectedly. Terminating.")
}

async fn listen(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>> {
    let mut listeners = Vec::with_capacity(addresses.len());
    for (address, copy) in addresses.iter().zip(1..) {
        let listener = TcpListener::bind(address).await.with_context(|| match addresses {
            [_] => format!("failed to listen on {address} (--listen)"),
            _ => format!("failed to listen on {address} for copy {copy} (--listen, --copies)"),
        })?;
        listeners.push(listener);
    }
    Ok(listeners)
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
