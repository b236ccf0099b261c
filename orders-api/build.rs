//! Minifies the OpenAPI document, because it is part of the Wasm file and half of it is white
//! space.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let path = "../docs/openapi.json";
    println!("cargo::rerun-if-changed={path}");
    let document: serde_json::Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("openapi.json"), document.to_string())?;
    Ok(())
}
