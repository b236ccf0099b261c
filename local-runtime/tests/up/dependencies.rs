//! Components with dependencies, and the domain of orders, which is one.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use private_redis::RedisServer;
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};
use wit_component::ComponentEncoder;

use crate::support::{TestApp, built, wasm};

mod generated {
    #![allow(missing_docs, unreachable_pub, reason = "generated code")]
    wasmtime::component::bindgen!({ path: "../shared/orders/component/wit" });
}

use generated::Domain;
use generated::exports::orders::domain::fulfilment::{Lane, Times};

fn app(dependencies: &str, fields: &str) -> TestApp {
    let fields = format!("{fields}\n[component.user.dependencies]\n{dependencies}");
    TestApp::new().component("user", "dependent", &fields).http("/...", "user")
}

/// With a dependency at a path.
fn with(name: &str, path: &Path) -> TestApp {
    app(&format!("{name:?} = {{ path = {path:?} }}"), "")
}

#[test]
fn a_dependency_has_no_permission_of_the_component_that_uses_it() {
    let redis = RedisServer::start().unwrap();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let http = format!("http://{}", server.local_addr().unwrap());
    let fields = format!(
        "allowed_outbound_hosts = [{:?}, {http:?}]\nvariables = {{ secret = \"hush\" }}\n\
         environment = {{ COLOR = \"blue\" }}",
        redis.url()
    );
    let dependency = format!("\"local:runtime/probe\" = {{ path = {:?} }}", wasm("dependency"));
    let running = app(&dependency, &fields).start();
    for (what, own, of_the_dependency) in [
        (redis.url(), "open", "other:\"fermyon:spin/redis\" is not permitted"),
        (
            format!("{http}/"),
            "sent",
            "ErrorCode::InternalError(Some(\"\\\"wasi:http/outgoing-handler\\\" is not permitted\"))",
        ),
        ("environment".to_owned(), "[(\"COLOR\", \"blue\")]", "[]"),
        (
            "secret".to_owned(),
            "Ok(\"hush\")",
            "Err(Error::Other(\"\\\"fermyon:spin/variables\\\" is not permitted\"))",
        ),
    ] {
        let expected = format!("{own}\n{of_the_dependency}");
        assert_eq!(running.post("/", &what), (200, expected), "{what}");
    }
}

#[test]
fn a_dependency_named_after_its_package_satisfies_all_its_interfaces() {
    let running = with("local:runtime", &wasm("dependency")).start();
    assert_eq!(running.post("/", "environment").1, "[]\n[]");
}

#[test]
fn a_dependency_that_does_not_fit_is_refused_by_its_name() {
    let dependency = wasm("dependency");
    let text = tempfile::NamedTempFile::new().unwrap();
    let other = format!("\"local:runtime\" = {{ path = {dependency:?} }}");
    let probe = format!("\"local:runtime/probe\" = {{ path = {dependency:?} }}");
    for (app, words) in [
        (with("local:runtime/probe", Path::new("nowhere.wasm")), ["nowhere.wasm", "was it built?"]),
        (with("local:runtime/probe", Path::new("/dev/zero")), ["/dev/zero", "at most 64 MiB"]),
        (with("local:runtime/probe", text.path()), ["failed to load", "not a WebAssembly"]),
        (with("local:runtime/probe", &wasm("headers")), ["does not export", "incoming-handler"]),
        (with("local:runtime/prob", &dependency), ["no such import", "local:runtime/probe"]),
        (with("local:runtime/probe@0.1.0", &dependency), ["no such import", "local:runtime/probe"]),
        (app(&format!("{other}\n{probe}"), ""), ["local:runtime/probe", "already"]),
        (app("\"local:runtime/probe\" = \"1.0\"", ""), ["registry", "not supported"]),
        (app("\"local:runtime/probe\" = { url = \"a\" }", ""), ["url", "not supported"]),
        (app("\"local:runtime/probe\" = {}", ""), ["path", "Wasm file"]),
    ] {
        let said = app.refused();
        for word in ["component \"user\"", "dependency \"local:runtime"].iter().chain(&words) {
            assert!(said.contains(word), "no {word:?} in {said:?}");
        }
    }
    let inherits = app(&probe, "dependencies_inherit_configuration = true").refused();
    assert!(inherits.contains("dependencies_inherit_configuration"), "{inherits}");
}

#[test]
fn a_changed_dependency_is_composed_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dependency.wasm");
    fs::copy(wasm("dependency"), &path).unwrap();
    let app = with("local:runtime/probe", &path);
    for _ in 0..2 {
        assert_eq!(app.start().post("/", "environment").1, "[]\n[]");
    }
    fs::write(&path, "changed").unwrap();
    assert!(app.refused().contains("not a WebAssembly"));
}

#[test]
fn the_domain_imports_nothing_and_gives_the_same_bytes_as_natively() {
    let module = built("wasm32-unknown-unknown/release/orders_component.wasm", "cargo xtask build");
    let module = fs::read(module).unwrap();
    let component = ComponentEncoder::default().module(&module).unwrap().encode().unwrap();
    let engine = Engine::default();
    let component = Component::from_binary(&engine, &component).unwrap();
    assert_eq!(component.component_type().imports(&engine).count(), 0);

    let mut store = Store::new(&engine, ());
    let domain = Domain::instantiate(&mut store, &component, &Linker::new(&engine)).unwrap();
    let (fulfilment, routing) = (domain.orders_domain_fulfilment(), domain.orders_domain_routing());
    let times = Times { queued_at_ms: 1_764_288_000_000, decided_at_ms: 1_764_288_000_123 };
    let native_times =
        orders::Times { queued_at_ms: times.queued_at_ms, decided_at_ms: times.decided_at_ms };
    let id = |id: &dyn ToString| id.to_string();
    let mut endings = [0, 0];
    for seed in fs::read_dir("../shared/orders/fuzz/seeds").unwrap() {
        let order = fs::read(seed.unwrap().path()).unwrap();
        for (lane, native) in
            [(Lane::Simple, orders::Lane::Simple), (Lane::Complex, orders::Lane::Complex)]
        {
            let ours = fulfilment.call_fulfil(&mut store, &order, times, lane).unwrap();
            match (ours, orders::fulfil(&order, native, native_times)) {
                (Ok(ours), Ok(native)) => {
                    assert_eq!((ours.id, ours.confirmation), (id(&native.id), native.confirmation));
                    endings[0] += 1;
                }
                (Err(ours), Err(native)) => {
                    assert_eq!(
                        (ours.id, ours.code.as_str()),
                        (native.id.map(|i| id(&i)), native.code)
                    );
                    assert_eq!(ours.errors.into_bytes(), native.errors);
                    endings[1] += 1;
                }
                (ours, native) => panic!("{ours:?} and natively {native:?}"),
            }
        }
        let identity = orders::order::Order::identity(&order).map(|i| id(&i));
        assert_eq!(fulfilment.call_identify(&mut store, &order).unwrap(), identity);
        for threshold in [0, 50, u32::MAX] {
            let ours = routing.call_assess(&mut store, &order, threshold).unwrap();
            let native = orders::route(&order, threshold);
            let ours =
                ours.map(|ours| (ours.id, ours.lane == Lane::Complex, ours.score, ours.note));
            let native = native.map(|native| {
                let is_complex = native.lane == orders::Lane::Complex;
                (native.id.to_string(), is_complex, native.score, native.note())
            });
            assert_eq!(
                ours.map_err(|ours| ours.code),
                native.map_err(|native| native.code.to_owned())
            );
        }
    }
    assert!(endings.iter().all(|count| *count > 2), "confirmed and rejected: {endings:?}");
}
