//! A dependency that tries to reach what its user reaches.

#![allow(missing_docs, reason = "generated code")]

wit_bindgen::generate!({ path: "../wit", world: "local:runtime/dependency" });

struct Dependency;

export!(Dependency);

impl exports::local::runtime::probe::Guest for Dependency {
    fn reach(what: String) -> String {
        guests::reach(&what)
    }
}
