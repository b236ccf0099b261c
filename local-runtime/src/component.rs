//! Loaded components and the start of their instances.
//!
//! Each event gets a fresh instance, which is dropped when the handler ends.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use wasmtime::component::InstancePre;
use wasmtime::error::Context as _;
use wasmtime::{Engine, PoolConcurrencyLimitError, Store, Trap};
use wasmtime_wasi_http::p2::bindings::ProxyPre;

use crate::app::{App, ComponentConfig};
use crate::bindings::redis_trigger::RedisTriggerPre;
use crate::cache;
use crate::engine::Limits;
use crate::instance::{State, linker};
use crate::metering::Meter;
use crate::output::Output;

/// All components of an application, ready to be started.
pub(crate) struct Components {
    pub(crate) by_id: BTreeMap<String, Arc<LoadedComponent>>,
    pub(crate) meter: Arc<Meter>,
}

pub(crate) struct LoadedComponent {
    pub(crate) config: Arc<ComponentConfig>,
    output: Output,
    limits: Limits,
    meter: Arc<Meter>,
    engine: Engine,
    /// Present if the component has an HTTP trigger.
    pub(crate) http: Option<ProxyPre<State>>,
    /// Present if the component has a Redis trigger.
    pub(crate) redis: Option<RedisTriggerPre<State>>,
}

impl Components {
    /// Compiles and links every component of an application. Errors name the component.
    pub(crate) fn load(
        app: &mut App,
        engine: &Engine,
        limits: Limits,
        cache: &Path,
        logs: &Path,
        quiet: bool,
    ) -> Result<Self> {
        let meter = Arc::new(Meter::new(app.components.keys().map(String::as_str)));
        let mut by_id = BTreeMap::new();
        // Several components may have the same file, which is loaded once.
        let mut linked: BTreeMap<_, InstancePre<State>> = BTreeMap::new();
        for (id, config) in std::mem::take(&mut app.components) {
            let output = Output::open(logs, &id, quiet)?;
            let files = (config.wasm.clone(), config.dependencies.clone());
            let pre = match linked.get(&files) {
                Some(pre) => Ok(pre.clone()),
                None => cache::load(cache, engine, &files.0, &files.1).and_then(|component| {
                    limits.check(&component)?;
                    Ok(linker(engine, &component)?.instantiate_pre(&component)?)
                }),
            };
            let loaded = pre.and_then(|pre| {
                linked.insert(files, pre.clone());
                Ok(LoadedComponent {
                    http: config.has_http.then(|| http_export(&pre)).transpose()?,
                    redis: config.has_redis.then(|| redis_export(&pre)).transpose()?,
                    config: Arc::new(config),
                    output,
                    limits,
                    meter: meter.clone(),
                    engine: engine.clone(),
                })
            });
            let loaded = loaded.with_context(|| format!("component {id:?}"))?;
            by_id.insert(id, Arc::new(loaded));
        }
        cache::evict(cache, linked.len());
        Ok(Self { by_id, meter })
    }
}

impl LoadedComponent {
    /// Handles one event with a fresh instance, within the time limit.
    ///
    /// The engine ends a guest that computes too long. This function ends one that waits too long.
    pub(crate) async fn handle<I>(
        &self,
        start: impl AsyncFnOnce(&mut Store<State>) -> wasmtime::Result<I>,
        call: impl AsyncFnOnce(&mut Store<State>, I) -> Result<()>,
    ) -> Result<()> {
        let since = Instant::now();
        let mut store = self.store();
        let handled = async {
            let instance = start(&mut store).await?;
            self.meter.record(&self.config.id, since.elapsed());
            call(&mut store, instance).await
        };
        let result = match self.limits.timeout {
            None => handled.await,
            Some(timeout) => tokio::time::timeout(timeout, handled)
                .await
                .unwrap_or_else(|_| Err(Trap::Interrupt.into())),
        };
        result.map_err(|error| self.explain(error, &store))
    }

    fn store(&self) -> Store<State> {
        let state = State::new(self.config.clone(), &self.output, self.limits.max_memory);
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.memory);
        if let Some(timeout) = self.limits.timeout {
            store.set_epoch_deadline(Limits::deadline_ticks(timeout));
        }
        store
    }

    /// Names the limit if a limit caused the error.
    fn explain(&self, error: anyhow::Error, store: &Store<State>) -> anyhow::Error {
        if error.downcast_ref::<Trap>() == Some(&Trap::Interrupt) {
            let ms = self.limits.timeout.unwrap_or_default().as_millis();
            return anyhow!("it ran longer than {ms} ms and was ended (--invocation-timeout-ms)");
        }
        if let Some(limit) = error.downcast_ref::<PoolConcurrencyLimitError>() {
            return anyhow!("too many instances run at once: {limit}");
        }
        if let Some(limit) = store.data().memory.exceeded() {
            return error.context(format!(
                "it asked for more than {limit} bytes of memory (--max-instance-memory)"
            ));
        }
        error
    }
}

fn http_export(pre: &InstancePre<State>) -> wasmtime::Result<ProxyPre<State>> {
    ProxyPre::new(pre.clone())
        .context("it has an HTTP trigger but does not export wasi:http/incoming-handler@0.2")
}

fn redis_export(pre: &InstancePre<State>) -> wasmtime::Result<RedisTriggerPre<State>> {
    RedisTriggerPre::new(pre.clone())
        .context("it has a Redis trigger but does not export fermyon:spin/inbound-redis")
}
