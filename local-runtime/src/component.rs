//! Loaded components and the start of their instances.
//!
//! A component is linked once, however many copies of the application there are; each event gets a fresh instance of it,
//! which is dropped with all it holds when the handler is done. At most [`MAX_INSTANCES`] run at once, of all copies together:
//! no copy has a share of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::component::InstancePre;
use wasmtime::{Engine, Store, Trap};
use wasmtime_wasi_http::p2::bindings::ProxyPre;

use crate::app::{App, ComponentConfig, Target};
use crate::cache::Cache;
use crate::copies::Settings;
use crate::engine::{Limits, MAX_INSTANCES};
use crate::instance::bindings::redis_trigger::RedisTriggerPre;
use crate::instance::{State, linker};
use crate::metering::Meter;
use crate::output::Output;

/// All components of an application, ready to be started in any of its copies.
pub(crate) struct Components {
    by_id: BTreeMap<String, Arc<LoadedComponent>>,
    /// Of each copy, the settings of the components in the order of their ids.
    copies: Vec<Vec<Arc<Settings>>>,
    pub(crate) meter: Arc<Meter>,
}

/// One component, linked: what all copies share.
pub(crate) struct LoadedComponent {
    pub(crate) config: ComponentConfig,
    /// Its place in the order of ids.
    position: usize,
    pub(crate) output: Output,
    pub(crate) limits: Limits,
    meter: Arc<Meter>,
    slots: Arc<Semaphore>,
    engine: Engine,
    /// Present if the component has an HTTP trigger.
    pub(crate) http: Option<ProxyPre<State>>,
    /// Present if the component has a Redis trigger.
    pub(crate) redis: Option<RedisTriggerPre<State>>,
}

/// A component of one copy of the application: what an event is handed to.
#[derive(Clone)]
pub(crate) struct Handler {
    pub(crate) component: Arc<LoadedComponent>,
    pub(crate) settings: Arc<Settings>,
    /// The number of the copy; none where there is one only.
    pub(crate) copy: Option<u32>,
}

/// A store with room for one instance; dropping it ends the instance.
pub(crate) struct Slot {
    pub(crate) store: Store<State>,
    _permit: OwnedSemaphorePermit,
}

impl Components {
    /// Compiles and links every component of an application.
    ///
    /// # Errors
    /// When one is missing, not valid, or lacks the export its trigger calls; the text names it.
    pub(crate) fn load(
        app: &mut App,
        engine: &Engine,
        limits: Limits,
        cache: &Cache,
        logs: &Path,
        quiet: bool,
    ) -> Result<Self> {
        let meter = Arc::new(Meter::new(app.components.keys().map(String::as_str)));
        let slots = Arc::new(Semaphore::new(MAX_INSTANCES as usize));
        let mut by_id = BTreeMap::new();
        // Several components may be the same file under different triggers; it is loaded once.
        let mut linked: BTreeMap<PathBuf, InstancePre<State>> = BTreeMap::new();
        for (position, (id, config)) in std::mem::take(&mut app.components).into_iter().enumerate()
        {
            let has_http = app
                .routes
                .iter()
                .any(|route| matches!(&route.target, Target::Component(c) if *c == id));
            // The copies differ in channels, not in who has one.
            let has_redis =
                app.copies[0].subscriptions.iter().any(|subscription| subscription.component == id);
            let output = Output::open(logs, &id, quiet)?;
            let pre = match linked.get(&config.wasm) {
                Some(pre) => Ok(pre.clone()),
                None => link(engine, cache, &config.wasm),
            };
            let loaded = pre.and_then(|pre| {
                linked.insert(config.wasm.clone(), pre.clone());
                Ok(LoadedComponent {
                    config,
                    position,
                    output,
                    limits,
                    meter: meter.clone(),
                    slots: slots.clone(),
                    engine: engine.clone(),
                    http: has_http.then(|| http_export(&pre)).transpose()?,
                    redis: has_redis.then(|| redis_export(&pre)).transpose()?,
                })
            });
            let loaded = loaded.with_context(|| format!("component {id:?}"))?;
            by_id.insert(id, Arc::new(loaded));
        }
        let copies = app.copies.iter_mut().map(|copy| std::mem::take(&mut copy.settings)).collect();
        Ok(Self { by_id, copies, meter })
    }

    /// The component with an id that the manifest has.
    pub(crate) fn get(&self, id: &str) -> Option<&Arc<LoadedComponent>> {
        self.by_id.get(id)
    }

    /// The same in a copy, which is given by its place.
    pub(crate) fn handler(&self, copy: usize, id: &str) -> Option<Handler> {
        let component = self.get(id)?.clone();
        let settings = self.copies.get(copy)?.get(component.position)?.clone();
        let copy = (self.copies.len() > 1).then(|| u32::try_from(copy + 1).unwrap_or(u32::MAX));
        Some(Handler { component, settings, copy })
    }
}

impl Handler {
    /// Who it is, for a line of the log.
    pub(crate) fn name(&self) -> String {
        match self.copy {
            Some(copy) => format!("component {:?} of copy {copy}", self.component.id()),
            None => format!("component {:?}", self.component.id()),
        }
    }

    /// A store for one instance, once fewer than [`MAX_INSTANCES`] run.
    pub(crate) async fn slot(&self) -> Result<Slot> {
        let LoadedComponent { slots, limits, engine, .. } = &*self.component;
        let permit = slots.clone().acquire_owned().await.context("the program is ending")?;
        let mut store = Store::new(engine, State::new(self));
        store.limiter(|state| &mut state.memory);
        if let Some(timeout) = limits.timeout {
            store.set_epoch_deadline(Limits::deadline_ticks(timeout));
        }
        Ok(Slot { store, _permit: permit })
    }
}

impl LoadedComponent {
    /// Its id in the manifest.
    pub(crate) fn id(&self) -> &str {
        &self.config.id
    }

    /// The text of the manifest about it.
    pub(crate) fn description(&self) -> Option<&str> {
        self.config.description.as_deref()
    }

    /// Counts a start that is now complete.
    pub(crate) fn started(&self, since: Instant) {
        self.meter.record(self.id(), since.elapsed());
    }

    /// Waits for a call into an instance, for as long as an invocation may take.
    ///
    /// The engine ends a guest that computes too long; this ends one that waits too long.
    pub(crate) async fn within_limit<T, E: Into<anyhow::Error>>(
        &self,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T> {
        let Some(timeout) = self.limits.timeout else {
            return call.await.map_err(Into::into);
        };
        match tokio::time::timeout(timeout, call).await {
            Ok(result) => result.map_err(Into::into),
            Err(_) => Err(Trap::Interrupt.into()),
        }
    }

    /// Why a call failed, in words that name the limit where a limit was the reason.
    pub(crate) fn explain(&self, error: anyhow::Error, slot: &Slot) -> anyhow::Error {
        let timeout = self.limits.timeout.unwrap_or_default();
        if error.downcast_ref::<Trap>() == Some(&Trap::Interrupt) {
            return anyhow!(
                "it ran longer than {} ms and was ended (--invocation-timeout-ms)",
                timeout.as_millis()
            );
        }
        if slot.store.data().memory.reached {
            let limit = self.limits.max_memory / (1024 * 1024);
            return error.context(format!(
                "it asked for more than {limit} MiB of memory (--max-instance-memory)"
            ));
        }
        error
    }
}

fn link(engine: &Engine, cache: &Cache, wasm: &Path) -> Result<InstancePre<State>> {
    let component = cache.load(engine, wasm)?;
    Ok(linker(engine, &component)?.instantiate_pre(&component)?)
}

fn http_export(pre: &InstancePre<State>) -> Result<ProxyPre<State>> {
    ProxyPre::new(pre.clone())
        .map_err(anyhow::Error::from)
        .context("it has an HTTP trigger but does not export wasi:http/incoming-handler@0.2")
}

fn redis_export(pre: &InstancePre<State>) -> Result<RedisTriggerPre<State>> {
    RedisTriggerPre::new(pre.clone())
        .map_err(anyhow::Error::from)
        .context("it has a Redis trigger but does not export fermyon:spin/inbound-redis")
}
