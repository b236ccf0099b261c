//! Sends orders by the shape of a real load, and proves what became of each one.
//!
//! A run, step by step:
//! - [`cli`]: the command line
//! - [`plan`]: what it means
//! - [`run`]: from release to report
//! - [`schedule`]: when orders are due
//! - [`day`]: a day's load as a curve
//! - [`source`]: the orders
//! - [`generate`], [`mutate`]: test data, good and broken, the same for the same seed
//! - [`send`]: into the queue
//! - [`ledger`]: what was sent and is not settled
//! - [`wait`], [`monitor`], [`measure`], [`patient`]: the streams, app and Redis meanwhile
//! - [`verify`]: what was found against what was sent
//! - [`expect`]: the expected outcome of an order, computed natively
//! - [`records`]: what the queue knows of orders
//! - [`timeline`]: what happened when
//! - [`summary`], [`report`], [`output`]: the figures
//!
//! Beside it:
//! - [`chaos`]: breaks the app at random moments, and verifies that nothing is lost
//! - [`compare`]: reports side by side
//! - [`cost`]: what a day's load costs on rented nodes
//! - [`versus`]: Wasm and the always-on service in turn
//! - [`cold_start`]: of an instance, a process, a pipeline
//! - [`app`], [`processes`]: what a run starts
//! - [`one_order`]: an order on its own
//! - [`stop`]: what Ctrl-C does
//!
//! Times of orders come from stream ids, that is from one clock, Redis's. No figure is a count
//! taken on trust: every order is looked for by its identity, and its confirmation made again.

// Texts are put together piece by piece; a field is named after what it holds.
#![allow(clippy::format_push_string, clippy::struct_field_names)]

pub mod app;
pub mod chaos;
pub mod cli;
pub mod cold_start;
pub mod compare;
pub mod cost;
pub mod day;
pub mod expect;
pub mod generate;
mod identity;
pub mod ledger;
pub mod measure;
pub mod monitor;
pub mod mutate;
pub mod one_order;
pub mod output;
pub mod patient;
pub mod plan;
pub mod processes;
pub mod records;
pub mod report;
pub mod run;
pub mod schedule;
pub mod send;
pub mod source;
pub mod stop;
pub mod summary;
pub mod timeline;
pub mod verify;
pub mod versus;
pub mod wait;
