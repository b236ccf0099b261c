//! Any bytes are an order, or a rejection that explains why not. `docs/orders.md` says how to run
//! it.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/domain/check.rs"]
mod check;
#[path = "../../tests/domain/print.rs"]
mod print;

fuzz_target!(|bytes: &[u8]| check::check(bytes));
