//! Types and traits made from the interface definitions in `wit/`.

#![allow(missing_docs, unreachable_pub, reason = "generated code")]

use redis::aio::MultiplexedConnection;

/// The host's side of a component's connection.
pub struct RedisConnection(pub(crate) MultiplexedConnection);

wasmtime::component::bindgen!({
    path: "wit",
    world: "local:runtime/host",
    imports: { default: async | trappable },
    require_store_data_send: true,
    with: { "fermyon:spin/redis@2.0.0.connection": crate::bindings::RedisConnection },
});

/// The export of a component with a Redis trigger.
pub mod redis_trigger {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "local:runtime/redis-trigger",
        exports: { default: async },
        require_store_data_send: true,
    });
}
