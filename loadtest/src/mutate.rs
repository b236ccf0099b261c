//! Changes orders, the same way for the same seed: corrupt bytes, and values that senders get
//! wrong.
//!
//! A mutated order may still be valid. The parser in `orders` decides.

use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

/// Texts that have broken parsers.
const TOKENS: [&str; 32] = [
    "null",
    "true",
    "{}",
    "[]",
    "\"\"",
    "-1",
    "0",
    "1e400",
    "-0.0",
    "1e-400",
    "9007199254740993",
    "123456789012345678901234567890",
    "0.1",
    "NaN",
    "Infinity",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\u{202e}\"",
    "\"\u{1f453}\"",
    "\u{feff}",
    "\r\n$3\r\nDEL\r\n",
    "{orders}:ingress",
    "\"2026-02-30T25:61:00Z\"",
    "\"00000000-0000-0000-0000-000000000000\"",
    "\"Express\"",
    "\"JPY\"",
    "\"XX\"",
    "[[[[[[[[[[[[[[[[",
    "}}}}",
    ",",
    ":",
    "\"quantity\":",
];

pub(crate) fn mutate(random: &mut ChaCha8Rng, order: &mut Vec<u8>) {
    for _ in 0..random.random_range(1..=4) {
        change(random, order);
    }
}

fn change(random: &mut ChaCha8Rng, order: &mut Vec<u8>) {
    let at = random.random_range(0..=order.len());
    let end = (at + random.random_range(0..24)).min(order.len());
    match random.random_range(0..8) {
        0 if at < order.len() => order[at] ^= 1 << random.random_range(0..8),
        0 | 1 => order.insert(at, random.random()),
        2 => order.truncate(at),
        3 => drop(order.drain(at..end)),
        4 => {
            let copy = order[at..end].to_vec();
            order.splice(at..at, copy);
        }
        5 => replace_value(random, order),
        6 => drop(order.splice(at..end, token(random).bytes())),
        _ => drop(order.splice(at..at, token(random).bytes())),
    }
}

/// Replaces the value after a random colon.
fn replace_value(random: &mut ChaCha8Rng, order: &mut Vec<u8>) {
    let colons: Vec<usize> = (0..order.len()).filter(|position| order[*position] == b':').collect();
    let Some(colon) = colons.choose(random) else { return };
    let value = &order[colon + 1..];
    let length = value.iter().position(|byte| b",}]".contains(byte)).unwrap_or(value.len());
    order.splice(colon + 1..colon + 1 + length, token(random).bytes());
}

fn token(random: &mut ChaCha8Rng) -> &'static str {
    TOKENS.choose(random).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
