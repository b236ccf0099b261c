//! A dependency that tries to reach the same things as the component that uses it.

#![allow(missing_docs, reason = "generated code")]

wit_bindgen::generate!({ path: "../wit", world: "local:runtime/dependency" });

struct Dependency;

export!(Dependency);

impl exports::local::runtime::probe::Guest for Dependency {
    fn reach(what: String) -> String {
        guests::reach(&what)
    }
}
