//! The queue on a real Redis, with messages that are not orders.
//!
//! - `life`: from enqueue to the result; `split`: batches in lanes; `duplicates`: copies
//! - `crash_windows`, `refusals`, `full_redis`, `properties`: nothing is lost or done twice
//! - `bells`, `linger`, `deaf`, `pauses`: which workers start, and how long they stay
//! - `clock`, `format`, `generations`: time and old data
//! - `dead_letters`, `counts`, `recent`, `traces`: what can be seen; `readme`, `settings`

#![allow(clippy::unwrap_used, reason = "a test may stop anywhere")]

mod bells;
mod clock;
mod counts;
mod crash_windows;
mod dead_letters;
mod deaf;
mod duplicates;
mod format;
mod full_redis;
mod generations;
mod life;
mod linger;
mod pauses;
mod properties;
mod readme;
mod recent;
mod refusals;
mod settings;
mod split;
mod support;
mod traces;
