//! Compiled components on the disk, so that a second start needs no compiler.
//!
//! A file is named after the Wasm bytes and everything of the engine that code depends on, and ends with the digest of what
//! goes before: a file that was cut or changed is compiled anew. Files are written beside their place and renamed into it, so that
//! two starts at once do no harm. Code is mapped from its file, not copied, so that all processes on a machine share it.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha1_smol::Sha1;
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasmtime::Engine;
use wasmtime::component::Component;
use wit_component::ComponentEncoder;

use crate::output::log;

/// The length of the digest at the end of a file.
const DIGEST: usize = 20;

/// A folder of compiled components.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// Opens the folder, made when missing.
    ///
    /// # Errors
    /// When it can't be made.
    pub(crate) fn open(folder: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("failed to make the cache folder {}", folder.display()))?;
        Ok(Self { folder })
    }

    /// The compiled form of a Wasm file, which may be a component or a core module for WASI preview 1.
    ///
    /// # Errors
    /// When the file can't be read or is not valid.
    pub(crate) fn load(&self, engine: &Engine, wasm: &Path) -> Result<Component> {
        let bytes = std::fs::read(wasm)
            .with_context(|| format!("failed to read {}; was it built?", wasm.display()))?;
        let path = self.folder.join(file_name(engine, &bytes));
        if let Some(component) = read(engine, &path) {
            return Ok(component);
        }
        let binary = componentize(&bytes).with_context(|| format!("failed to load {}", wasm.display()))?;
        let component = Component::from_binary(engine, &binary)
            .map_err(anyhow::Error::from)
            .with_context(|| format!("failed to compile {}", wasm.display()))?;
        let written = write(&component, &path);
        if let Err(error) = &written {
            log(&format!("the next start will compile again: {error:#}"));
        }
        // From the file, the code is shared with others; what was compiled is this process's alone.
        let mapped = written.ok().and_then(|()| read(engine, &path));
        Ok(mapped.unwrap_or(component))
    }
}

fn file_name(engine: &Engine, wasm: &[u8]) -> String {
    let mut engine_hash = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut engine_hash);
    // Files of the time when the digest stood first are left alone: they have other names.
    format!("{}-{:016x}-2.cwasm", Sha1::from(wasm).digest(), engine_hash.finish())
}

/// A component from its cache file; none if there is no file or it is broken.
fn read(engine: &Engine, path: &Path) -> Option<Component> {
    let mut file = File::open(path).ok()?;
    if !is_whole(&mut file).unwrap_or(false) {
        log(&format!("compiling again: the cache file {} is broken", path.display()));
        return None;
    }
    // SAFETY: the digest shows that the bytes are those that `write` got from `Component::serialize`, unless
    // somebody forges them who may write to this user's files, and could as well replace this program. Nobody writes to a
    // file once it has its name: it is replaced as a whole.
    match unsafe { Component::deserialize_file(engine, path) } {
        Ok(component) => Some(component),
        Err(error) => {
            log(&format!("compiling again: the cache file {} does not fit: {error:#}", path.display()));
            None
        }
    }
}

/// Whether a file ends with the digest of what goes before. It is read in pieces: a buffer for all of it would stay with the process.
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
    let mut file = component.serialize()?;
    let digest = Sha1::from(&file).digest().bytes();
    file.extend_from_slice(&digest);
    let beside = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = std::fs::write(&beside, &file).and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written.with_context(|| format!("failed to write the cache file {}", path.display()))
}

/// Returns what compiling and loading freed to the system: it would stay with an idle program for ever.
pub(crate) fn give_memory_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it has no precondition and touches free memory only.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Wraps a core module into a component with the preview-1 reactor adapter, as Spin does; a component stays as
/// it is.
fn componentize(wasm: &[u8]) -> Result<Vec<u8>> {
    match wasm.get(..8) {
        Some([b'\0', b'a', b's', b'm', _, _, 1, 0]) => Ok(wasm.to_vec()),
        Some([b'\0', b'a', b's', b'm', 1, 0, 0, 0]) => ComponentEncoder::default()
            .validate(false)
            .module(wasm)?
            .adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)?
            .encode(),
        _ => bail!("it is not a WebAssembly module or component"),
    }
}
