//! Starts, watches and stops the processes of a run or a test.
//!
//! - [`Process`]: a child that leads its own process group and dies with this program
//! - [`app`]: the environment of a program of the pipeline
//! - [`subscribed`]: whether every bell has a listener
//! - [`on_path`]: where a program is installed
//! - [`note`]: a line on stderr
//! - [`wasm_files`], [`wasm_bytes`]: the files that a Spin manifest names, and their size
//!
//! Linux only. The crate knows neither orders nor the `redis` crate: `xtask` links it and has to
//! compile in seconds.

mod bells;
mod environment;
mod manifest;
mod output;
mod process;
mod spawner;

pub use bells::subscribed;
pub use environment::{app, on_path};
pub use manifest::{wasm_bytes, wasm_files};
pub use nix::sys::signal::Signal;
pub use output::note;
pub use process::Process;
