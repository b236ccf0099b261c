//! Any bytes are an order, or a rejection that explains why not. To run it, in `shared/orders`:
//!
//! ```text
//! cargo install cargo-fuzz
//! mkdir -p fuzz/corpus/parse_order
//! cargo +nightly fuzz run parse_order fuzz/corpus/parse_order fuzz/seeds -- \
//!   -dict=fuzz/order.dict -max_len=66000 -max_total_time=600
//! ```

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/domain/check.rs"]
mod check;
#[path = "../../tests/domain/print.rs"]
mod print;

fuzz_target!(|bytes: &[u8]| check::check(bytes));
