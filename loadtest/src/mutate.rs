//! Changes orders, the same way for the same seed: corrupt bytes, and values that senders get
//! wrong.
//!
//! A mutated order may still be valid. The parser in `orders` decides.

use std::sync::LazyLock;

use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

/// Texts that have broken parsers.
static TOKENS: LazyLock<Vec<String>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../tokens.json")).expect("the file is a list of texts")
});

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
    TOKENS.choose(random).map_or("", String::as_str)
}

#[cfg(test)]
mod tests;
