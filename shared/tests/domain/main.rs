//! Orders from the outside: what `docs/orders.md` and the schemas promise, held against the parser.
//!
//! - `text`, `numbers`, `structure`: what JSON can carry that is odd, and what becomes of it
//! - `faults`: all errors of an order are reported, and no more
//! - `laws`: parse(print(x)) = x, and the score grows with its reasons
//! - `schema`: the JSON Schemas say what the code does
//! - `page`: the tables and examples of `docs/orders.md`
//! - `print`, `orders`: an order as JSON again; orders to test with

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod faults;
mod laws;
mod numbers;
mod orders;
mod page;
mod print;
mod schema;
mod structure;
mod text;
