//! The API as a client sees it, natively: every answer is also checked against `docs/openapi.json`.

#![allow(clippy::unwrap_used, reason = "a test fails as its helper does")]

mod bodies;
mod codes;
mod control;
mod dashboard;
mod dead_letters;
mod guard;
mod openapi;
mod operations;
mod orders;
mod routes;
mod settings;
mod support;
