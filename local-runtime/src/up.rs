//! `local-runtime up` from its options to its end.
//!
//! The order is the contract: resolve, compile and link; bind the port; subscribe; serve; print the
//! lines. If a Redis does not answer, its channels are subscribed to later.

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::future::try_join_all;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::app::App;
use crate::cache::give_memory_back;
use crate::cli::UpOptions;
use crate::component::Components;
use crate::engine::{Limits, engine};
use crate::http_trigger::HttpTrigger;
use crate::metering::{Figures, Meter};
use crate::output::print;
use crate::redis_trigger::RedisTrigger;
use crate::router::Router;

/// How long printing the figures at the end may take.
const PRINT_LIMIT: Duration = Duration::from_millis(500);

/// Runs an application until SIGINT or SIGTERM, which end the process with code 0.
///
/// # Errors
/// When the manifest, a component or an option is refused, or the port is taken. With
/// `--no-reconnect`, also when Redis is unreachable or lost.
pub fn up(options: &UpOptions) -> Result<()> {
    raise_file_limit();
    let mut app = App::load(options)?;
    let router = Router::new(app.routes.iter().map(|route| route.path.as_str()))?;
    let state_folder = app.folder.join(".spin");
    let logs = state_folder.join("logs");
    std::fs::create_dir_all(&logs)
        .with_context(|| format!("failed to make the folder {}", logs.display()))?;
    let limits = Limits {
        max_memory: options.max_instance_memory.unwrap_or(usize::MAX),
        timeout: options.invocation_timeout_ms.map(Duration::from_millis),
    };
    let cache = options.cache_dir.clone().unwrap_or_else(|| state_folder.join("local-runtime"));
    std::fs::create_dir_all(&cache).with_context(|| {
        format!("--cache-dir: failed to make the cache folder {}", cache.display())
    })?;
    let components =
        Components::load(&mut app, &engine(limits)?, limits, &cache, &logs, options.quiet)?;
    end_on_signal(components.meter.clone())?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("failed to start the runtime's threads")?
        .block_on(run(app, router, Arc::new(components), options, &logs))
}

/// Lets this process open as many files as the system allows, because each event has connections.
/// The usual soft limit of 1,024 exists for programs that use `select`.
fn raise_file_limit() {
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // If this fails, the old limit stays. Exceeding it is an error with its own text.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// Ends the process on a signal, in a separate thread. So neither a handler that computes nor a
/// stalled reader of stdout can delay the end.
fn end_on_signal(meter: Arc<Meter>) -> Result<()> {
    ctrlc::set_handler(move || {
        let meter = meter.clone();
        let (printed, is_printed) = mpsc::channel();
        std::thread::spawn(move || {
            print_figures(&meter);
            let _ = printed.send(());
        });
        let _ = is_printed.recv_timeout(PRINT_LIMIT);
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
    let UpOptions { listen, .. } = options;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("failed to listen on {listen} (--listen)"))?;
    let address = listener.local_addr().context("failed to read the address listened on")?;
    let redis = RedisTrigger::group(&app, &components, !options.no_reconnect);
    let http = Arc::new(HttpTrigger::new(&mut app, router, components.clone()));

    let mut lines =
        vec![format!("Logging component stdio to \"{}\"", logs.display()), String::new()];
    lines.extend(http.banner(address));
    lines.extend(redis.iter().flat_map(RedisTrigger::banner));
    drop(app);
    let connections = try_join_all(redis.iter().map(RedisTrigger::connect)).await?;
    let mut triggers = JoinSet::new();
    for (trigger, connection) in redis.into_iter().zip(connections) {
        triggers.spawn(trigger.run(connection));
    }
    triggers.spawn(http.serve(listener));
    print(&lines.join("\n"));
    drop(lines);
    give_memory_back();

    // Only a Redis trigger that may not reconnect ends.
    triggers.join_next().await;
    print_figures(&components.meter);
    bail!("A trigger exited unexpectedly. Terminating.")
}

fn print_figures(meter: &Meter) {
    let report = meter.report();
    print("Instance starts:");
    let components = report.components.iter().map(|(id, figures)| (id.as_str(), figures));
    for (name, figures) in std::iter::once(("all", &report.all)).chain(components) {
        let Figures { starts, p50_us, p99_us, max_us } = figures;
        print(&format!("  {name}: {starts}, p50 {p50_us} us, p99 {p99_us} us, max {max_us} us"));
    }
}
