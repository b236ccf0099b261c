//! Caches compiled components on disk, so that a second start needs no compiler.
//!
//! A file is named by a hash of the Wasm bytes and the engine's settings, and ends with a digest.
//! A damaged file is compiled again. Files are renamed into place, so concurrent starts and
//! containers can share a folder. Code is mapped, so processes share it. A process keeps the code
//! of a removed file.

use std::collections::BTreeMap;
use std::fs::{File, Permissions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use sha1_smol::Sha1;
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasmtime::Engine;
use wasmtime::component::Component;
use wit_component::ComponentEncoder;

use crate::compose::compose;
use crate::manifest;
use crate::output::log;

/// The length in bytes of the digest at the end of a file.
const DIGEST: usize = 20;
/// The end of a file's name, with the version of the file's format.
const SUFFIX: &str = "-2.cwasm";
/// Maximum number of files that a folder keeps, unless one start uses more.
const MAX_FILES: usize = 32;

/// The compiled form of a Wasm file and its dependencies, from `folder` if it is there.
///
/// Each Wasm file is a component or a core module for WASI preview 1.
pub(crate) fn load(
    folder: &Path,
    engine: &Engine,
    wasm: &Path,
    dependencies: &BTreeMap<String, PathBuf>,
) -> Result<Component> {
    let bytes = read_wasm(wasm)?;
    let mut digest = Sha1::from(&bytes);
    let mut parts = Vec::new();
    for (name, path) in dependencies {
        let part = read_wasm(path).with_context(|| format!("dependency {name:?}"))?;
        digest.update(name.as_bytes());
        digest.update(&Sha1::from(&part).digest().bytes());
        parts.push((name, path, part));
    }
    let path = folder.join(file_name(engine, &digest));
    if let Some(component) = read(engine, &path) {
        return Ok(component);
    }
    let mut binary = componentize(&bytes, wasm)?;
    drop(bytes);
    if !parts.is_empty() {
        let parts = parts.into_iter().map(|(name, path, part)| {
            let part = componentize(&part, path);
            Ok((name.clone(), part.with_context(|| format!("dependency {name:?}"))?))
        });
        binary = compose(binary, parts.collect::<Result<_>>()?)?;
    }
    let component = Component::from_binary(engine, &binary)
        .map_err(anyhow::Error::from)
        .with_context(|| format!("failed to compile {}", wasm.display()))?;
    let written = write(&component, &path);
    if let Err(error) = &written {
        log(&format!("the next start will compile again: {error:#}"));
    }
    // Processes share code that is mapped from a file, unlike code that was just compiled.
    let mapped = written.ok().and_then(|()| read(engine, &path));
    Ok(mapped.unwrap_or(component))
}

fn read_wasm(path: &Path) -> Result<Vec<u8>> {
    manifest::read(path)
        .with_context(|| format!("failed to read {}; was it built?", path.display()))
}

fn file_name(engine: &Engine, wasm: &Sha1) -> String {
    let mut engine_hash = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut engine_hash);
    format!("{}-{:016x}{SUFFIX}", wasm.digest(), engine_hash.finish())
}

/// Removes the least recently used files if a folder has too many. The last `used` files stay.
pub(crate) fn evict(folder: &Path, used: usize) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    // The names of temporary files that a killed writer left contain the suffix too.
    let files =
        entries.flatten().filter(|file| file.file_name().to_string_lossy().contains(SUFFIX));
    // Errors are ignored, because concurrent starts may remove the same files.
    let mut files: Vec<_> = files
        .filter_map(|file| Some((file.metadata().ok()?.modified().ok()?, file.path())))
        .collect();
    files.sort_unstable_by(|one, other| other.cmp(one));
    for (_, path) in files.iter().skip(MAX_FILES.max(used)) {
        let _ = std::fs::remove_file(path);
    }
}

/// Reads a component from its cache file; `None` if the file is missing or damaged.
fn read(engine: &Engine, path: &Path) -> Option<Component> {
    let mut file = File::open(path).ok()?;
    // `evict` reads this as the time of the last use. Setting it fails for another user's file.
    let _ = file.set_modified(SystemTime::now());
    let component = if is_whole(&mut file).unwrap_or(false) {
        // SAFETY: the digest of this open file shows that it contains the output of
        // `Component::serialize`. This program never changes a cache file in place.
        unsafe { map(engine, &file) }
    } else {
        Err(wasmtime::format_err!("it is damaged"))
    };
    let say = |error: &_| {
        log(&format!("compiling again: the cache file {} is unusable: {error:#}", path.display()));
    };
    component.inspect_err(say).ok()
}

/// Maps the code of an open file. Its name may refer to another file by now, because a concurrent
/// start may have replaced it.
///
/// # Safety
/// The file contains the output of `Component::serialize`, and is not changed in place while the
/// component lives. A digest protects neither from such a change nor from a forged file. So users
/// with write access to the cache folder are trusted like this program.
unsafe fn map(engine: &Engine, file: &File) -> wasmtime::Result<Component> {
    // wasmtime opens files only by name. This name refers to the open file.
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    // SAFETY: as the caller guarantees.
    unsafe { Component::deserialize_file(engine, path) }
}

/// Whether a file ends with the digest of the bytes before it. It is read in pieces, because a
/// buffer for the whole file would stay with the process.
fn is_whole(file: &mut File) -> std::io::Result<bool> {
    let Some(mut left) = file.metadata()?.len().checked_sub(DIGEST as u64) else {
        return Ok(false);
    };
    let mut digest = Sha1::new();
    let mut buffer = [0; 16 * 1024];
    while left > 0 {
        let piece = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        file.read_exact(&mut buffer[..piece])?;
        digest.update(&buffer[..piece]);
        left -= piece as u64;
    }
    let mut expected = [0; DIGEST];
    file.read_exact(&mut expected)?;
    Ok(digest.digest().bytes() == expected)
}

fn write(component: &Component, path: &Path) -> Result<()> {
    let mut bytes = component.serialize()?;
    let digest = Sha1::from(&bytes).digest().bytes();
    bytes.extend_from_slice(&digest);
    put(&bytes, path).with_context(|| format!("failed to write the cache file {}", path.display()))
}

/// Writes a temporary file and renames it when it is complete. A failure leaves no file.
///
/// The temporary name is random, because processes of different containers may have the same id.
fn put(bytes: &[u8], path: &Path) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    // As for any new file, and not only for this user, because others may share the folder.
    let permissions = Permissions::from_mode(0o666);
    let mut file = tempfile::Builder::new()
        .suffix(&format!("{SUFFIX}.tmp"))
        .permissions(permissions)
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Returns freed memory to the system. Otherwise an idle process keeps what compiling used.
pub(crate) fn give_memory_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it has no precondition and touches only free memory.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Wraps a core module into a component with the preview-1 reactor adapter, as Spin does. A
/// component is returned unchanged.
fn componentize(wasm: &[u8], path: &Path) -> Result<Vec<u8>> {
    let encode = || match wasm.get(..8) {
        Some([b'\0', b'a', b's', b'm', _, _, 1, 0]) => Ok(wasm.to_vec()),
        Some([b'\0', b'a', b's', b'm', 1, 0, 0, 0]) => ComponentEncoder::default()
            .validate(false)
            .module(wasm)?
            .adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)?
            .encode(),
        _ => bail!("it is not a WebAssembly module or component"),
    };
    encode().with_context(|| format!("failed to load {}", path.display()))
}

#[cfg(test)]
mod tests;
