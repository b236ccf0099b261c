//! Hashes the Lua scripts, so that a component can call them by `EVALSHA` without hashing at run time.

use std::{env, fmt::Write as _, fs, path::Path};

fn main() {
    let folder = Path::new("src/queue/lua");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("src/queue/lua is part of the package")
        .filter_map(|entry| {
            entry.ok()?.file_name().into_string().ok()?.strip_suffix(".lua").map(String::from)
        })
        .collect();
    names.sort();
    let mut code = String::new();
    for name in names {
        let path = folder.join(format!("{name}.lua"));
        let source = fs::read(&path).expect("a listed script can be read");
        let sha1 = sha1_smol::Sha1::from(&source).digest();
        writeln!(
            code,
            "/// `{name}.lua`; what it does, takes and returns stands at its head.\n\
             pub(super) const {}: Script = Script {{\n\
             source: include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{}\")), sha1: \"{sha1}\" }};",
            name.to_uppercase(),
            path.display()
        )
        .expect("writing to a string cannot fail");
    }
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("scripts.rs"), code).expect("OUT_DIR is writable");
}
