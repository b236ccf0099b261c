//! A receiver of the simple lane that some orders are the end of: it drains as `receiver-simple` does, but an order whose text holds
//! `poison:trap` makes it trap, `poison:time` compute for ever, and `poison:memory` take memory without end.

use anyhow::Result;
use shared::queue::{Entry, Lane, Outcome, Role, Stream};
use shared::roles::Receiver;
use spin_sdk::http::{Request, Response};
use spin_sdk::{http_component, redis_component};

const RECEIVER: Mortal = Mortal(Receiver { lane: Lane::Simple });

struct Mortal(Receiver);

impl Role for Mortal {
    fn stream(&self) -> Stream {
        self.0.stream()
    }

    fn decide(&self, entry: &Entry, order: &[u8]) -> Outcome {
        let text = String::from_utf8_lossy(order);
        if text.contains("poison:trap") {
            std::process::abort();
        }
        if text.contains("poison:time") {
            let mut number = 1u64;
            while std::hint::black_box(number) != 0 {
                number = number.wrapping_mul(3) | 1;
            }
        }
        if text.contains("poison:memory") {
            let mut blocks = Vec::new();
            loop {
                blocks.push(std::hint::black_box(vec![1u8; 1 << 20]));
            }
        }
        self.0.decide(entry, order)
    }
}

#[redis_component]
fn on_bell(_: Vec<u8>) -> Result<()> {
    spin_shell::on_bell(&RECEIVER)
}

#[http_component]
fn on_tick(request: Request) -> Response {
    spin_shell::on_tick(&request, Stream::Simple)
}
