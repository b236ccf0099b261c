//! Test data: the published reference's fields and distributions, and a share of orders with a prescription.
//!
//! The same seed gives the same bytes on every machine: random numbers come from ChaCha8, and no float is printed that was not a
//! multiple of a quarter, a tenth or a half.

use std::fs::File;
use std::io::{BufWriter, Write};

use anyhow::{Context, Result};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};

use crate::cli::{GenerateOptions, Recipe};
use crate::mutate::mutate;

const FIRST_NAMES: [&str; 16] = [
    "Ada",
    "Ben",
    "Chiara",
    "Dmitri",
    "Emília",
    "François",
    "Greta",
    "Hiroshi",
    "İpek",
    "Jürgen",
    "Katarzyna",
    "Liam",
    "María",
    "Noor",
    "Øyvind",
    "Zoë",
];
const LAST_NAMES: [&str; 16] = [
    "Abbe", "Bäcker", "Conti", "Dvořák", "Eriksson", "Fischer", "García", "Hansen", "Ito", "Jansen",
    "Kowalski", "Lefèvre", "Müller", "Nowak", "O'Brien", "Schott",
];
const WORDS: [&str; 16] = [
    "amet",
    "consequatur",
    "dolor",
    "eius",
    "fuga",
    "harum",
    "ipsum",
    "lorem",
    "magni",
    "nobis",
    "odit",
    "placeat",
    "quia",
    "rerum",
    "sequi",
    "vitae",
];
/// Countries with their currencies, and how often they come.
const DESTINATIONS: [(&str, &str, u32); 8] = [
    ("DE", "EUR", 50),
    ("AT", "EUR", 10),
    ("FR", "EUR", 10),
    ("NL", "EUR", 8),
    ("CH", "CHF", 8),
    ("GB", "GBP", 6),
    ("US", "USD", 6),
    ("JP", "JPY", 2),
];
/// The lens materials and how often they come.
const INDICES: [(f64, u32); 4] = [(1.5, 45), (1.6, 30), (1.67, 18), (1.74, 7)];
/// 2026-01-05T08:00:00Z, the first moment an order is placed; the others follow within a minute.
const FIRST_PLACED_AT_S: i64 = 1_767_600_000;

/// Spreads a run's number over all bits of an identity; odd, so that no two runs meet.
const RUN_SPREAD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;

/// Writes orders to a file or to standard output.
///
/// # Errors
/// When the file cannot be written.
pub fn run(options: &GenerateOptions) -> Result<()> {
    match &options.out {
        Some(path) => {
            let what = || format!("--out: failed to write {}", path.display());
            let file = File::create(path).with_context(what)?;
            write(BufWriter::new(file), options.recipe).with_context(what)
        }
        None => write(std::io::stdout().lock(), options.recipe).context("failed to write"),
    }
}

fn write(mut out: impl Write, recipe: Recipe) -> Result<()> {
    for order in orders(recipe, None) {
        out.write_all(&order)?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// The orders of a recipe as JSON without line breaks. `run` changes their identities and nothing else.
pub fn orders(recipe: Recipe, run: Option<u64>) -> impl Iterator<Item = Vec<u8>> {
    let mut random = ChaCha8Rng::seed_from_u64(recipe.seed);
    // A stream of its own, so that the orders that are not mutated are those of the same seed without mutations.
    let mut mutations = ChaCha8Rng::seed_from_u64(recipe.seed);
    mutations.set_stream(1);
    (1..=recipe.orders).map(move |number| {
        let order = order(&mut random, number, recipe.prescriptions, run.unwrap_or_default());
        // A JSON value with text keys always has a text form.
        let mut order = serde_json::to_vec(&order).unwrap_or_default();
        if mutations.random_bool(recipe.mutated) {
            mutate(&mut mutations, &mut order);
        }
        order
    })
}

fn order(random: &mut ChaCha8Rng, number: usize, prescriptions: f64, run: u64) -> Value {
    let bits = random.random::<u128>() ^ u128::from(run).wrapping_mul(RUN_SPREAD);
    let guid = uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid();
    let slug: Vec<&str> = (0..5).map(|_| pick(random, &WORDS)).collect();
    let mut order = json!({
        "orderId": number,
        "orderGuid": guid,
        "description": slug.join("-"),
        "firstName": pick(random, &FIRST_NAMES),
        "lastName": pick(random, &LAST_NAMES),
        "delivery": if random.random() { "Express" } else { "Standard" },
    });
    let fields = order.as_object_mut().expect("json! made an object");
    if random.random_bool(prescriptions) {
        prescription_order(random, fields);
    } else {
        let count = random.random_range(1..=10);
        let items: Vec<Value> = (1..=count)
            .map(|item| json!({ "orderItemId": item, "sku": random_sku(random), "quantity": random.random_range(0..=10) }))
            .collect();
        fields.insert("items".into(), items.into());
    }
    order
}

/// A pair of spectacles or two: lenses, most often with a frame and sometimes with an accessory.
fn prescription_order(random: &mut ChaCha8Rng, fields: &mut Map<String, Value>) {
    let (country, currency) =
        *weighted(random, &DESTINATIONS.map(|(country, currency, weight)| ((country, currency), weight)));
    let placed_at = FIRST_PLACED_AT_S * 1000 + random.random_range(0..60_000);
    let placed_at = chrono::DateTime::from_timestamp_millis(placed_at).expect("a time in 2026 exists");
    fields.insert("placedAt".into(), json!(placed_at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)));
    fields.insert("currency".into(), json!(currency));
    fields.insert("shipTo".into(), json!(country));
    fields.insert("customer".into(), json!(format!("C-{:06}", random.random_range(0..1_000_000))));
    let mut items = Vec::new();
    for _ in 0..random.random_range(1..=2) {
        let index = *weighted(random, &INDICES);
        let is_progressive = random.random_bool(0.3);
        let family = if is_progressive { "LNS-PRG" } else { "LNS-SV" };
        items.push(json!({
            "sku": format!("{family}-{}", (index * 100.0).round()), "quantity": 1,
            "lens": lens(random, index, is_progressive),
        }));
        if random.random_bool(0.7) {
            let cents: u32 = random.random_range(4_900..29_900);
            items.push(json!({
                "sku": format!("FRM-{:04}", random.random_range(0..10_000)), "quantity": 1,
                "unitPrice": format!("{}.{:02}", cents / 100, cents % 100),
            }));
        }
    }
    if random.random_bool(0.3) {
        items.push(json!({ "sku": "ACC-CLOTH", "quantity": random.random_range(1..=3) }));
    }
    for (position, item) in items.iter_mut().enumerate() {
        item["orderItemId"] = json!(position + 1);
    }
    fields.insert("items".into(), items.into());
}

fn lens(random: &mut ChaCha8Rng, index: f64, is_progressive: bool) -> Value {
    // Most people are near plano; the sum of three dice falls off on both sides.
    let sphere = |random: &mut ChaCha8Rng| {
        let dice: i32 = (0..3).map(|_| random.random_range(-14..=10)).sum();
        f64::from(dice) * 0.25
    };
    let right = sphere(random);
    let left = right + 0.25 * f64::from(random.random_range(-4..=4));
    let addition = is_progressive.then(|| 0.75 + 0.25 * f64::from(random.random_range(0..=9)));
    let mut coatings = vec!["hard", "antiReflective"];
    if random.random_bool(0.25) {
        coatings.push("blueFilter");
    }
    if random.random_bool(0.08) {
        coatings.push(pick(random, &["mirror", "photochromic", "polarized"]));
    }
    let mut lens = json!({
        "right": eye(random, right, addition),
        "left": eye(random, left, addition),
        "index": index,
        "diameter": random.random_range(13..=16) * 5,
        "coatings": coatings,
        "vertexDistance": 12.0 + 0.5 * f64::from(random.random_range(0..=4)),
        "pupillaryDistance": 58.0 + 0.5 * f64::from(random.random_range(0..=20)),
        "frame": {
            "width": random.random_range(46..=56), "height": random.random_range(28..=42),
            "bridge": random.random_range(14..=22),
        },
    });
    if random.random_bool(0.06) {
        lens["tint"] = json!(pick(random, &["grey", "brown", "green"]));
    }
    lens
}

fn eye(random: &mut ChaCha8Rng, sphere: f64, addition: Option<f64>) -> Value {
    let mut eye = json!({ "sphere": sphere });
    if random.random_bool(0.6) {
        eye["cylinder"] = json!(-0.25 * f64::from(random.random_range(1..=10)));
        eye["axis"] = json!(random.random_range(1..=180));
    }
    if let Some(addition) = addition {
        eye["addition"] = json!(addition);
        eye["fittingHeight"] = json!(random.random_range(16..=22));
    }
    if random.random_bool(0.04) {
        eye["prism"] = json!(0.5 * f64::from(random.random_range(1..=6)));
        eye["base"] = json!(pick(random, &["in", "out", "up", "down"]));
    }
    eye
}

/// The first 13 characters of a random UUID, as the reference makes its SKUs.
fn random_sku(random: &mut ChaCha8Rng) -> String {
    format!("{:08x}-{:04x}", random.random::<u32>(), random.random::<u16>())
}

fn pick<'a>(random: &mut ChaCha8Rng, choices: &[&'a str]) -> &'a str {
    choices.choose(random).copied().unwrap_or_default()
}

fn weighted<'a, T>(random: &mut ChaCha8Rng, choices: &'a [(T, u32)]) -> &'a T {
    let total: u32 = choices.iter().map(|(_, weight)| weight).sum();
    let mut left = random.random_range(0..total);
    for (choice, weight) in choices {
        if left < *weight {
            return choice;
        }
        left -= weight;
    }
    &choices[0].0
}
