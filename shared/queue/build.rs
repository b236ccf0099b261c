//! Assembles the Lua scripts and hashes them, so that a component can call them by `EVALSHA`.
//!
//! A script consists of its flags (`-- flags: allow-oom`), `common/head.lua`, the pieces that it
//! names (`-- uses: record free`) and its own text. Comments and indentation are removed.

use std::{env, fmt::Write as _, fs, path::Path};

fn main() {
    let folder = Path::new("src/lua");
    println!("cargo::rerun-if-changed={}", folder.display());
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("src/lua is part of the package")
        .filter_map(|entry| {
            entry.ok()?.file_name().into_string().ok()?.strip_suffix(".lua").map(String::from)
        })
        .collect();
    names.sort();
    let mut code = String::new();
    for name in names {
        let source = assemble(folder, &name);
        let sha1 = sha1_smol::Sha1::from(&source).digest();
        fs::write(Path::new(&out).join(format!("{name}.lua")), source)
            .expect("OUT_DIR is writable");
        writeln!(
            code,
            "pub(crate) const {}: Script =\n    \
             Script {{ source: include_str!(\"{name}.lua\"), sha1: \"{sha1}\" }};",
            name.to_uppercase(),
        )
        .expect("writing to a string cannot fail");
    }
    fs::write(Path::new(&out).join("scripts.rs"), code).expect("OUT_DIR is writable");
}

fn assemble(folder: &Path, name: &str) -> String {
    let read = |name: &str| {
        let path = folder.join(format!("{name}.lua"));
        fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("failed to read {}: {error}", path.display()))
    };
    let script = read(name);
    let header = |key: &str| {
        script.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().trim().to_owned()
    };
    let mut pieces = vec![read("common/head")];
    pieces.extend(
        header("-- uses:").split_whitespace().map(|piece| read(&format!("common/{piece}"))),
    );
    pieces.push(script.clone());
    // Redis 7 reads the flags before it runs a script: at maxmemory it refuses scripts without
    // allow-oom.
    let mut source = format!("#!lua flags={}\n", header("-- flags:"));
    let lines = pieces.iter().flat_map(|piece| piece.lines()).map(str::trim);
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with("--")) {
        source.push_str(line);
        source.push('\n');
    }
    source
}
