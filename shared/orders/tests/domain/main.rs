//! The parser does what `docs/orders.md` and the schemas promise.
//!
//! - `text`, `numbers`, `structure`: odd JSON, and how the parser treats it
//! - `faults`: exactly the errors of an order are reported
//! - `laws`: parse(print(x)) = x, and the score grows with its reasons
//! - `schema`: the JSON Schemas agree with the code
//! - `page`: the tables and examples of `docs/orders.md`
//! - `check`: assertions for any bytes, also in the fuzz target
//! - `print`, `samples`: an order as JSON again; orders to test with

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod check;
mod faults;
mod laws;
mod numbers;
mod page;
mod print;
mod samples;
mod schema;
mod structure;
mod text;
