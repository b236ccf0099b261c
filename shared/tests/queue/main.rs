//! The queue against a real Redis, each test on a server of its own.
//!
//! - `drain`: what becomes of entries, good and bad
//! - `plain_reads`: long batches, which are read without a script
//! - `deletions`: what is done leaves its stream, and nothing else
//! - `redelivery`: entries whose drain died
//! - `crash_windows`: a death at every command of a drain
//! - `dead_letters`, `letter_pages`: what was set aside is redriven, discarded and looked at
//! - `bells`: who is rung, when, and how often
//! - `pauses`: paused streams hand out nothing, ring nobody and lose nothing
//! - `looks`: enqueue, back-pressure, look-ups, statistics
//! - `measures`: metrics, each entry counted once
//! - `recent`: the list of all orders
//! - `repeats`: idempotency keys
//! - `traces`: trace context, from enqueue to confirmation
//! - `support`: the server, factories of orders, and a model that keeps the tally

#![allow(clippy::unwrap_used, reason = "a test may stop anywhere")]

mod bells;
mod crash_windows;
mod dead_letters;
mod deletions;
mod drain;
mod letter_pages;
mod looks;
mod measures;
mod pauses;
mod plain_reads;
mod recent;
mod redelivery;
mod repeats;
mod settings;
mod support;
mod traces;
