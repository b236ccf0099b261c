//! A receiver of the simple lane that crashes on some orders. Otherwise it is `receiver-simple`.
//!
//! An order with the text `poison:trap` makes it trap. With `poison:time` it computes forever, and
//! with `poison:memory` it allocates memory without limit.

use orders::Lane;
use orders::pipeline::{Receiver, SIMPLE, component, settings};
use queue::{Message, Outcome, Role, Stream};
use spin_sdk::http::{IncomingRequest, ResponseOutparam};
use spin_sdk::{http_component, redis_component};
use worker::HandlerError;

const RECEIVER: Mortal = Mortal(Receiver { lane: Lane::Simple });

struct Mortal(Receiver);

impl Role for Mortal {
    fn stream(&self) -> Stream {
        self.0.stream()
    }

    fn decide(&self, message: &Message, order: &[u8]) -> Outcome {
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
        self.0.decide(message, order)
    }

    fn identity(&self, order: &[u8]) -> Option<String> {
        self.0.identity(order)
    }
}

#[redis_component]
fn on_bell(_: Vec<u8>) -> Result<(), HandlerError> {
    worker::on_bell(component(SIMPLE), &RECEIVER, settings())
}

#[http_component]
async fn on_tick(request: IncomingRequest, out: ResponseOutparam) {
    worker::on_tick(request, out, Ok(RECEIVER), settings()).await;
}
