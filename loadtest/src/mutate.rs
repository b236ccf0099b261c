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
mod tests {
    use orders::order::Order;
    use rand::SeedableRng;

    use super::*;
    use crate::generate::orders;
    use crate::options::Recipe;

    const RECIPE: Recipe = Recipe { seed: 5, prescriptions: 0.3, mutated: 1.0 };

    #[test]
    fn a_million_mutated_orders_are_valid_or_refused_with_a_code_and_a_path() {
        let (mut valid, mut codes) = (0, std::collections::BTreeMap::new());
        let mut random = ChaCha8Rng::seed_from_u64(11);
        // A thousand orders, each broken a thousand ways.
        for order in orders(Recipe { mutated: 0.0, ..RECIPE }, 0).take(1_000) {
            for _ in 0..1_000 {
                let mut broken = order.clone();
                mutate(&mut random, &mut broken);
                match Order::parse(&broken) {
                    Ok(parsed) => {
                        valid += 1;
                        assert_eq!(Order::identity(&broken), Some(parsed.id));
                    }
                    Err(rejection) => {
                        for error in rejection.errors() {
                            assert!(error.path.starts_with('$'));
                            *codes.entry(error.code.as_str()).or_insert(0) += 1;
                        }
                    }
                }
            }
        }
        assert!(valid > 10_000, "some mutations do no harm, {valid}");
        assert!(codes.len() >= 10, "the mutations reach most of the rules: {codes:?}");
    }

    #[test]
    fn mutations_are_the_same_for_the_same_seed() {
        let once: Vec<_> = orders(RECIPE, 0).take(200).collect();
        let again: Vec<_> = orders(RECIPE, 0).take(200).collect();
        assert_eq!(once, again);
        let plain: Vec<_> = orders(Recipe { mutated: 0.0, ..RECIPE }, 0).take(200).collect();
        assert!(once.iter().zip(&plain).filter(|(broken, plain)| broken != plain).count() > 150);
    }
}
