//! Assembles the Lua scripts and hashes them, so that a component can call them by `EVALSHA`.
//!
//! A script consists of its flags (`-- flags: allow-oom`), names for its keys and settings
//! (`-- keys: format streams`), `common/head.lua`, the pieces that it names (`-- uses: record free`)
//! and its own text. Comments and indentation are removed. The pieces stay apart, so that a component
//! holds those that its scripts share once.

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
        let (pieces, keys, settings) = assemble(folder, &name);
        let sha1 = sha1_smol::Sha1::from(pieces.concat()).digest();
        writeln!(
            code,
            "pub(crate) const {}: Script = Script {{\n    pieces: &{pieces:?},\n    \
             sha1: \"{sha1}\",\n    keys: &{keys:?},\n    settings: &{settings:?},\n}};",
            name.to_uppercase(),
        )
        .expect("writing to a string cannot fail");
    }
    fs::write(Path::new(&out).join("scripts.rs"), code).expect("OUT_DIR is writable");
}

/// The pieces of a script, its keys and its settings.
fn assemble(folder: &Path, name: &str) -> (Vec<String>, Vec<String>, Vec<String>) {
    let read = |name: &str| {
        let path = folder.join(format!("{name}.lua"));
        fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("failed to read {}: {error}", path.display()))
    };
    let script = read(name);
    let header = |key: &str| -> Vec<String> {
        let words = script.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
        words.split_whitespace().map(str::to_owned).collect()
    };
    let (keys, settings) = (header("-- keys:"), header("-- settings:"));
    // Redis 7 reads the flags before it runs a script: at maxmemory it refuses scripts without
    // allow-oom.
    let flags = format!("#!lua flags={}\n", header("-- flags:").join(" "));
    let mut pieces = vec![flags + &names(&keys, &settings), read("common/head")];
    pieces.extend(header("-- uses:").iter().map(|piece| read(&format!("common/{piece}"))));
    pieces.push(script.clone());
    (pieces.iter().map(|piece| bare(piece)).collect(), keys, settings)
}

/// A piece without comments, indentation and empty lines.
fn bare(piece: &str) -> String {
    let lines = piece.lines().map(str::trim);
    let code = lines.filter(|line| !line.is_empty() && !line.starts_with("--"));
    code.flat_map(|line| [line, "\n"]).collect()
}

/// Lua that names the keys and settings of a script, as `common/head.lua` describes.
fn names(keys: &[String], settings: &[String]) -> String {
    let names = |words: &[String]| {
        let word = |word: &String| word.rsplit(':').next().unwrap_or(word).replace('-', "_");
        words.iter().map(word).collect::<Vec<_>>().join(", ").to_uppercase()
    };
    let at = keys.iter().position(|key| key == "streams").expect("every script takes the streams");
    let lists = &keys[at..];
    let offsets: Vec<_> = (0..lists.len()).map(|list| format!("{at} + {list} * COUNT")).collect();
    let of_keys = format!(
        "local {} = unpack(KEYS)\nlocal COUNT = (#KEYS - {at}) / {}\nlocal {} = {}\n",
        names(&keys[..at]),
        lists.len(),
        names(lists),
        offsets.join(", "),
    );
    match settings.len() {
        0 => of_keys,
        count => format!("{of_keys}local {} = unpack(ARGV, 1, {count})\n", names(settings)),
    }
}
