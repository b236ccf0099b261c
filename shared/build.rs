//! Puts the Lua scripts together and hashes them, so that a component can call them by `EVALSHA` without hashing at run time.
//!
//! A script whose head has the line `-- uses: clock history` gets `common/clock.lua` and `common/history.lua` in front, in this order.

use std::{env, fmt::Write as _, fs, path::Path};

fn main() {
    let folder = Path::new("src/queue/lua");
    println!("cargo::rerun-if-changed={}", folder.display());
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let out = Path::new(&out);
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("src/queue/lua is part of the package")
        .filter_map(|entry| {
            entry.ok()?.file_name().into_string().ok()?.strip_suffix(".lua").map(String::from)
        })
        .collect();
    names.sort();
    let mut code = String::new();
    for name in names {
        let source = assemble(folder, &name);
        let sha1 = sha1_smol::Sha1::from(&source).digest();
        fs::write(out.join(format!("{name}.lua")), source).expect("OUT_DIR is writable");
        writeln!(
            code,
            "/// `{name}.lua`; what it does, takes and returns stands at its head.\n\
             pub(super) const {}: Script = Script {{ source: include_str!(\"{name}.lua\"), sha1: \"{sha1}\" }};",
            name.to_uppercase(),
        )
        .expect("writing to a string cannot fail");
    }
    fs::write(out.join("scripts.rs"), code).expect("OUT_DIR is writable");
}

/// The common pieces that a script asks for, then the script itself.
fn assemble(folder: &Path, name: &str) -> String {
    let read = |name: &str| {
        let path = folder.join(format!("{name}.lua"));
        fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("failed to read {}: {error}", path.display()))
    };
    let script = read(name);
    let used = script.lines().find_map(|line| line.strip_prefix("-- uses: ")).unwrap_or_default();
    let mut source = String::new();
    for piece in used.split_whitespace() {
        source.push_str(&read(&format!("common/{piece}")));
    }
    source + &script
}
