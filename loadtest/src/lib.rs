//! Replays bursts of orders and proves what became of each one.
//!
//! - [`cli`]: the command line
//! - [`generate`], [`mutate`]: test data, good and broken, the same for the same seed
//! - [`burst`]: one burst from release to report
//! - [`chaos`]: breaks the app at random moments, and verifies that nothing is lost
//! - [`expect`]: what must become of each order, decided natively by the code in `shared`
//! - [`send`]: into the ingress stream        - [`wait`]: until the streams are empty
//! - [`dead_letters`], [`orders`]: what an operator does with orders that were set aside
//! - [`compare`]: reports side by side
//! - [`verify`]: what was found in Redis against what was expected
//! - [`day`]: a day's load as a curve        - [`cost`]: what it costs on rented nodes
//! - [`density`]: how many idle copies fit        - [`processes`]: what a run starts
//! - [`measure`]: CPU, memory and instance starts        - [`report`]: the figures, as text and JSON
//!
//! Times of orders come from stream ids, that is from one clock, Redis's. No figure is a count taken on trust: every
//! order is looked for by its identity, and its confirmation made again.

pub mod burst;
pub mod chaos;
pub mod cli;
pub mod compare;
pub mod cost;
pub mod day;
pub mod dead_letters;
pub mod density;
pub mod expect;
pub mod generate;
pub mod measure;
pub mod mutate;
pub mod orders;
pub mod processes;
pub mod report;
pub mod send;
pub mod verify;
pub mod wait;
