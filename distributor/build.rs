//! Takes the white space out of the OpenAPI document, which is served out of the Wasm file: it is half of it.

use std::path::Path;
use std::{env, fs};

const DOCUMENT: &str = "../docs/openapi.json";

fn main() {
    println!("cargo::rerun-if-changed={DOCUMENT}");
    let text = fs::read_to_string(DOCUMENT).expect("docs/openapi.json is part of the repository");
    let document: serde_json::Value =
        serde_json::from_str(&text).expect("docs/openapi.json is JSON");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("openapi.json"), document.to_string())
        .expect("OUT_DIR is writable");
}
