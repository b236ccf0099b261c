//! Sends orders like a real load, and verifies each one.
//!
//! A run, step by step:
//! - [`cli`]: the command line; [`options`]: flags that several commands share
//! - [`plan`]: what they mean
//! - [`run`]: from release to report
//! - [`schedule`]: when orders are due
//! - [`day`]: a day's load as a curve
//! - [`source`]: the orders
//! - [`generate`], [`mutate`]: test data, valid and invalid, the same for the same seed
//! - [`send`]: into the queue
//! - [`ledger`]: what was sent and is not settled
//! - [`listeners`], [`watch`], [`monitor`], [`measure`], [`clock`]: the streams, the app and Redis
//!   during the run
//! - [`verify`]: compares what is found with what was sent
//! - [`expect`]: the expected outcome of an order, computed natively
//! - [`timeline`]: what happened when
//! - [`input`]: files that are read whole
//! - [`summary`], [`report`], [`output`], [`outcome`], [`progress`]: the figures, and how they are shown
//!
//! Other commands, which do not know each other:
//! - [`chaos`]: breaks the app at random moments, and verifies that nothing is lost
//! - [`compare`]: reports side by side
//! - [`cost`]: what a day's load costs on rented nodes
//! - [`versus`]: two sides in turn, such as Wasm and the always-on service
//!
//! They share [`app`], the processes that a run starts; [`ticks`], which replace the probes of a
//! cluster; [`figures`], groups of runs side by side; and [`stop`], which handles Ctrl-C.
//!
//! Times of orders come from entry ids, so from the clock of Redis. Every order is looked up by its
//! identity, and its confirmation is computed again.

// Reports are assembled from many short strings; a field is named after its content.
#![allow(clippy::format_collect, clippy::format_push_string, clippy::struct_field_names)]
// Both panic when nobody can read what they print, and the report would be lost.
#![warn(clippy::print_stderr, clippy::print_stdout)]

mod app;
mod chaos;
pub mod cli;
mod clock;
pub mod compare;
mod cost;
mod day;
mod expect;
mod figures;
pub mod generate;
mod identity;
mod input;
mod ledger;
mod listeners;
mod measure;
mod monitor;
mod mutate;
pub mod options;
mod outcome;
mod output;
mod plan;
mod progress;
pub mod report;
pub mod run;
mod schedule;
mod send;
mod source;
mod stop;
mod summary;
mod ticks;
mod timeline;
mod verify;
mod versus;
mod watch;
