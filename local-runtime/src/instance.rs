//! The host's state of one instance, and the imports that the instance is linked with.
//!
//! An instance has the environment of the manifest, clocks, random numbers, its output, its
//! variables and the listed servers. It has no folders, no sockets and no environment of this
//! process.

use std::sync::Arc;

use anyhow::Result;
use wasmtime::component::types::{self, ComponentItem};
use wasmtime::component::{Component, HasSelf, Linker, ResourceTable, ResourceType, Type, Val};
use wasmtime::error::Context;
use wasmtime::{Engine, ResourceLimiter};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::p2::bindings::http::types as http_types;
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::app::ComponentConfig;
use crate::bindings::{self, fermyon::spin2_0_0::variables};
use crate::compose;
use crate::outbound_http::HttpHooks;
use crate::output::Output;
use crate::variables::check_name;

/// The data of a store: one instance of one component.
pub(crate) struct State {
    pub(crate) config: Arc<ComponentConfig>,
    pub(crate) table: ResourceTable,
    pub(crate) memory: MemoryLimit,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    http_hooks: HttpHooks,
}

impl State {
    pub(crate) fn new(config: Arc<ComponentConfig>, output: &Output, max_memory: usize) -> Self {
        let mut wasi = WasiCtx::builder();
        wasi.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
        wasi.stdout(output.stdout.stream()).stderr(output.stderr.stream());
        for (name, value) in &config.environment {
            wasi.env(name, value);
        }
        Self {
            table: ResourceTable::new(),
            memory: MemoryLimit { max: max_memory, reached: false },
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            http_hooks: HttpHooks(config.allowed_hosts.clone()),
            config,
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.http_hooks, table: &mut self.table, ctx: &mut self.http }
    }
}

/// Limits each linear memory of an instance, and records that the limit was reached. After a failed
/// allocation a guest usually traps, and the trap does not name the reason.
pub(crate) struct MemoryLimit {
    max: usize,
    reached: bool,
}

impl MemoryLimit {
    /// The limit in bytes, if the instance asked for more.
    pub(crate) fn exceeded(&self) -> Option<usize> {
        self.reached.then_some(self.max)
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let allowed = desired <= self.max;
        self.reached |= !allowed;
        Ok(allowed)
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        // The pool limits the size of tables.
        Ok(true)
    }
}

impl variables::Host for State {
    async fn get(&mut self, name: String) -> wasmtime::Result<Result<String, variables::Error>> {
        if let Err(error) = check_name(&name) {
            return Ok(Err(variables::Error::InvalidName(error.to_string())));
        }
        let ComponentConfig { id, variables, .. } = &*self.config;
        Ok(variables
            .get(&name)
            .cloned()
            .ok_or_else(|| variables::Error::Undefined(format!("no variable for {id:?}.{name:?}"))))
    }
}

/// Links a component with its imports. Unsupported imports become traps that name the import,
/// because components declare more than they call.
pub(crate) fn linker(engine: &Engine, component: &Component) -> Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    bindings::Host_::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    for (name, item) in component.component_type().imports(engine) {
        if let ComponentItem::ComponentInstance(interface) = item.ty
            && !is_provided(name)
        {
            stub(&mut linker, engine, name, &interface)
                .with_context(|| format!("failed to replace the import {name}"))?;
        }
    }
    Ok(linker)
}

/// Whether the linker has an interface, in this or a compatible version.
///
/// `Linker::define_unknown_imports_as_traps` is no replacement. It regards a compatible version
/// with another number as missing, and then the resources of the two do not match.
fn is_provided(interface: &str) -> bool {
    const SPIN: [&str; 2] = ["fermyon:spin/redis@2.0.0", "fermyon:spin/variables@2.0.0"];
    const WASI: [&str; 7] = ["cli", "clocks", "filesystem", "http", "io", "random", "sockets"];
    let in_wasi = || {
        let (package, rest) = interface.strip_prefix("wasi:")?.split_once('/')?;
        let (_, version) = rest.split_once('@')?;
        Some(WASI.contains(&package) && version.starts_with("0.2.") && !version.contains('-'))
    };
    SPIN.contains(&interface) || in_wasi() == Some(true)
}

fn stub(
    linker: &mut Linker<State>,
    engine: &Engine,
    interface: &str,
    exports: &types::ComponentInstance,
) -> wasmtime::Result<()> {
    let denied = compose::denied(interface);
    let mut instance = linker.instance(interface)?;
    for (name, item) in exports.exports(engine) {
        match item.ty {
            ComponentItem::ComponentFunc(function) => {
                let refusal = denied.as_deref().zip(function.results().next());
                let refusal = refusal.and_then(|(interface, ty)| refusal_of(&ty, interface));
                let import = format!("{interface}#{name}");
                instance.func_new(name, move |_, _, _, results| match &refusal {
                    Some(refusal) => {
                        results[0] = refusal.clone();
                        Ok(())
                    }
                    None => {
                        wasmtime::bail!("the import {import} is not supported by local-runtime")
                    }
                })?;
            }
            ComponentItem::Resource(_) => {
                instance.resource(name, resource(name), |_, _| Ok(()))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The type of a resource of an absent or refused interface. A refused `wasi:http/outgoing-handler`
/// uses resources of `wasi:http/types`, which is provided.
fn resource(name: &str) -> ResourceType {
    match name {
        "outgoing-request" => ResourceType::host::<http_types::OutgoingRequest>(),
        "request-options" => ResourceType::host::<http_types::RequestOptions>(),
        "future-incoming-response" => ResourceType::host::<http_types::FutureIncomingResponse>(),
        _ => ResourceType::host::<()>(),
    }
}

/// The reply when a dependency calls a refused import, as in Spin: an empty value or an error.
fn refusal_of(ty: &Type, interface: &str) -> Option<Val> {
    let error = match ty {
        Type::List(_) => return Some(Val::List(Vec::new())),
        Type::Option(_) => return Some(Val::Option(None)),
        Type::Result(result) => result.err()?,
        _ => return None,
    };
    let Type::Variant(error) = error else { return None };
    // In WASI and in Spin, the last case with a text is the general error.
    let text = || Box::new(Val::String(format!("{interface:?} is not permitted")));
    let (case, text) = error
        .cases()
        .filter_map(|case| match case.ty {
            Some(Type::String) => Some((case.name.to_owned(), text())),
            Some(Type::Option(ty)) if ty.ty() == Type::String => {
                Some((case.name.to_owned(), Box::new(Val::Option(Some(text())))))
            }
            _ => None,
        })
        .last()?;
    Some(Val::Result(Err(Some(Box::new(Val::Variant(case, Some(text)))))))
}

#[cfg(test)]
mod tests;
