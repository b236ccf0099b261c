//! The memory that a body may use: limits are checked first.
//!
//! One test in a separate binary, because the peak is that of the whole process.

use std::io::Read;

use native::RedisConnection;
use orders_api::{Host, Refusal, Settings, answer};
use peak_alloc::PeakAlloc;
use queue::settings::SettingError;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const BODY_BYTES: u64 = 16 * 1024 * 1024;
const LIMIT_BYTES: usize = 48 * 1024 * 1024;

struct WithoutRedis;

impl Host for WithoutRedis {
    type Redis = RedisConnection;

    fn settings(&self) -> Result<Settings, SettingError> {
        Settings::read(|name| {
            let value = match name {
                "max_orders_per_request" | "demo_orders" => "10000",
                "max_body_bytes" => "16777216",
                "max_backlog" => "0",
                _ => "",
            };
            Ok::<_, String>(value.to_owned())
        })
    }

    fn open(&self) -> Result<(queue::Settings, RedisConnection), Refusal> {
        panic!("no order is valid, so Redis is not needed")
    }
}

/// A text again and again, without holding it, in pieces as they come from a network.
struct Repeated<'a>(&'a [u8], usize);

const PIECE_BYTES: usize = 12_800;

impl Read for Repeated<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = buffer.len().min(PIECE_BYTES);
        for byte in &mut buffer[..read] {
            *byte = self.0[self.1];
            self.1 = (self.1 + 1) % self.0.len();
        }
        Ok(read)
    }
}

#[test]
fn no_body_costs_more_than_three_times_its_limit() {
    let error = r#"{"orderId":1,"items":[{},{},{},{},{},{},{},{},{},{}]},"#;
    // Just under 10,000 lines, with 100 errors in each.
    let refused = format!(r#"{{"items":[{}{{}}]}}"#, "{},".repeat(40));
    let refused = format!("{refused:<1677}\n");
    for (start, again, expected) in [
        ("", &*refused, 422),
        ("[", "1,", 413),
        ("[", "1 , ", 413),
        ("", "1\n", 413),
        ("", "{}\n", 413),
        ("[", "{},", 413),
        ("[", error, 413),
        ("[", "[", 400),
        ("[", "[1,", 400),
        ("[1,", "[", 400),
        ("[", "\"", 400),
        ("{\"a\":", "[", 400),
        ("", "{\"a\":", 400),
        ("", "\"\u{fc}", 400),
        ("", "\n", 400),
        ("[\"", "a", 400),
        ("\"", "a", 400),
        ("", "9", 422),
        ("[", "\u{7f}", 400),
    ] {
        // Both for the largest only: this takes seconds without optimisation.
        let lengths = if again.len() == 2 { &[Some(BODY_BYTES), None][..] } else { &[None] };
        for length in lengths {
            ALLOCATOR.reset_peak_usage();
            let before = ALLOCATOR.current_usage();
            let rest = BODY_BYTES - start.len() as u64;
            let mut body = start.as_bytes().chain(Repeated(again.as_bytes(), 0).take(rest));
            let mut request =
                http::Request::builder().method("POST").uri("/orders").header("host", "localhost");
            if let Some(length) = *length {
                request = request.header("content-length", length);
            }
            let response =
                answer(&WithoutRedis, request.body(&mut body as &mut dyn Read).expect("a request"));
            let cost = ALLOCATOR.peak_usage() - before;
            let what = format!("{start:?} and {again:?}, length {length:?}: {cost} bytes");
            assert_eq!(response.status(), expected, "{what}");
            assert!(cost < LIMIT_BYTES, "{what}");
            // In Wasm what a growing body leaves behind counts as well, so it must leave little.
            assert!(again.len() != 2 || cost < 2 * BODY_BYTES as usize, "{what}");
            assert!(cost >= BODY_BYTES as usize, "{what}: the body counts as well");
        }
    }
}
