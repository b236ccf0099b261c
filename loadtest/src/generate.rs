//! Test data with the fields and distributions of ZEISS/enterprise-wasm, and a share of orders with
//! a prescription.
//!
//! The same seed gives the same bytes on every machine: random numbers come from ChaCha8, and
//! every float is a constant or a multiple of a quarter.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::identity::Identities;
use crate::mutate::mutate;
use crate::options::{Recipe, parse};
use crate::output::Output;
use crate::stop;

const FIRST_NAMES: &str = "Ada Ben Chiara Dmitri Emília François Greta Hiroshi İpek Jürgen Katarzyna \
    Liam María Noor Øyvind Zoë";
const LAST_NAMES: &str = "Abbe Bäcker Conti Dvořák Eriksson Fischer García Hansen Ito Jansen \
    Kowalski Lefèvre Müller Nowak O'Brien Schott";
const WORDS: &str = "amet consequatur dolor eius fuga harum ipsum lorem magni nobis odit placeat quia \
    rerum sequi vitae";
/// With weights.
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
/// With weights.
const INDICES: [(f64, u32); 4] = [(1.5, 45), (1.6, 30), (1.67, 18), (1.74, 7)];
/// 2026-01-05T08:00:00Z, the first moment an order is placed.
const FIRST_PLACED_AT_S: i64 = 1_767_600_000;

#[derive(Debug, Args)]
pub(crate) struct GenerateOptions {
    /// How many orders.
    #[arg(long, default_value_t = 10_000)]
    orders: u64,
    #[command(flatten)]
    recipe: Recipe,
    /// Gives every order a placedAt at random within this time, so that the file can be replayed;
    /// by default only orders with a prescription have one.
    #[arg(long, value_parser = parse::duration)]
    placed_over: Option<Duration>,
    /// Where to write [default: standard output]
    #[arg(long, short)]
    out: Option<PathBuf>,
}

pub(crate) fn run(options: &GenerateOptions) -> Result<()> {
    stop::listen(Some(2))?;
    match Output::create(options.out.as_deref(), "--out", &[])? {
        Some(out) => out.write_with(|out| write(out, options)),
        None => write(std::io::stdout().lock(), options).or_else(|error| {
            // The reader of a pipe had enough.
            let is_enough =
                error.downcast_ref().map(io::Error::kind) == Some(ErrorKind::BrokenPipe);
            if is_enough { Ok(()) } else { Err(error).context("failed to write") }
        }),
    }
}

fn write(out: impl Write, options: &GenerateOptions) -> Result<()> {
    let placed_over = options.placed_over;
    let generator = Generator { placed_over, ..Generator::new(options.recipe, 0) };
    let mut out = BufWriter::new(out);
    for number in 1..=options.orders {
        stop::check()?;
        out.write_all(&line(generator.order(number)))?;
    }
    Ok(out.flush()?)
}

/// An order as one line that is not blank. A mutated order may hold line breaks, or nothing.
fn line(mut order: Vec<u8>) -> Vec<u8> {
    order.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
    if order.trim_ascii().is_empty() {
        order = b"{".to_vec();
    }
    order.push(b'\n');
    order
}

/// An endless sequence of orders as JSON without line breaks. `run` changes only their identities.
pub fn orders(recipe: Recipe, run: u64) -> impl Iterator<Item = Vec<u8>> {
    let generator = Generator::new(recipe, run);
    (1..).map(move |number| generator.order(number))
}

/// Generates each order from its number, so that orders need not be kept in memory.
#[derive(Debug, Clone)]
pub(crate) struct Generator {
    recipe: Recipe,
    /// Gives every order a `placedAt` within this time; `None` gives one to those with a
    /// prescription.
    placed_over: Option<Duration>,
    random: ChaCha8Rng,
    /// Whether no other run has these identities.
    pub(crate) is_new: bool,
    /// A mutated order may have another one.
    pub(crate) identities: Identities,
}

impl Generator {
    pub(crate) fn new(recipe: Recipe, run: u64) -> Self {
        Self {
            recipe,
            placed_over: None,
            is_new: false,
            random: ChaCha8Rng::seed_from_u64(recipe.seed),
            identities: Identities::new(recipe.seed, run),
        }
    }

    /// Numbers count from 1.
    pub(crate) fn order(&self, number: u64) -> Vec<u8> {
        let mut random = self.random.clone();
        // Each order has two streams of random numbers, so that `mutated` does not change the other
        // orders of a seed.
        random.set_stream(number * 2);
        let mut order =
            order(&mut random, number, self.identities.of(number), self.recipe.prescriptions);
        if let Some(time) = self.placed_over {
            let fields = order.as_object_mut().expect("an order is an object");
            let within_ms = time.as_millis().max(1) as i64;
            fields.insert("placedAt".into(), placed_at(random.random_range(0..within_ms)));
        }
        // A JSON value with text keys always has a text form.
        let mut order = serde_json::to_vec(&order).unwrap_or_default();
        if let Some(mut random) = self.mutation(number) {
            mutate(&mut random, &mut order);
        }
        order
    }

    /// The random numbers of a mutation, if this order is mutated: then its identity has to be read
    /// from it.
    pub(crate) fn mutation(&self, number: u64) -> Option<ChaCha8Rng> {
        if !self.mutates() {
            return None;
        }
        let mut random = self.random.clone();
        random.set_stream(number * 2 + 1);
        random.random_bool(self.recipe.mutated).then_some(random)
    }

    /// Whether an order may be mutated.
    pub(crate) fn mutates(&self) -> bool {
        self.recipe.mutated > 0.0
    }
}

fn order(random: &mut ChaCha8Rng, number: u64, guid: Uuid, prescriptions: f64) -> Value {
    let slug: Vec<&str> = (0..5).map(|_| word(random, WORDS)).collect();
    let mut order = json!({
        "orderId": number,
        "orderGuid": guid,
        "description": slug.join("-"),
        "firstName": word(random, FIRST_NAMES),
        "lastName": word(random, LAST_NAMES),
        "delivery": if random.random() { "Express" } else { "Standard" },
    });
    let fields = order.as_object_mut().expect("json! made an object");
    if random.random_bool(prescriptions) {
        prescription_order(random, fields);
    } else {
        let count = random.random_range(1..=10);
        let items: Vec<Value> = (1..=count)
            .map(|item| {
                let (sku, quantity) = (random_sku(random), random.random_range(0..=10));
                json!({ "orderItemId": item, "sku": sku, "quantity": quantity })
            })
            .collect();
        fields.insert("items".into(), items.into());
    }
    order
}

fn prescription_order(random: &mut ChaCha8Rng, fields: &mut Map<String, Value>) {
    let (country, currency, _) = weighted(random, &DESTINATIONS, |(.., weight)| *weight);
    fields.insert("placedAt".into(), placed_at(random.random_range(0..60_000)));
    fields.insert("currency".into(), json!(currency));
    fields.insert("shipTo".into(), json!(country));
    fields.insert("customer".into(), json!(format!("C-{:06}", random.random_range(0..1_000_000))));
    let mut items = Vec::new();
    for _ in 0..random.random_range(1..=2) {
        if random.random_bool(0.1) {
            items.push(json!({
                "sku": format!("CL-{:04}", random.random_range(0..10_000)),
                "quantity": random.random_range(1..=6), "lens": contact_lens(random),
            }));
            continue;
        }
        let (index, _) = weighted(random, &INDICES, |(_, weight)| *weight);
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

/// Most prescriptions are near 0; the sum of three dice has this distribution.
fn sphere(random: &mut ChaCha8Rng) -> f64 {
    let dice: i32 = (0..3).map(|_| random.random_range(-14..=10)).sum();
    f64::from(dice) * 0.25
}

fn contact_lens(random: &mut ChaCha8Rng) -> Value {
    let mut lens = json!({
        "right": { "sphere": sphere(random) }, "left": { "sphere": sphere(random) },
        "refractionDistance": 12.0 + 0.5 * f64::from(random.random_range(0..=4)),
    });
    if random.random_bool(0.2) {
        lens["right"]["cylinder"] = json!(-0.25 * f64::from(random.random_range(3..=9)));
        lens["right"]["axis"] = json!(random.random_range(1..=180));
    }
    lens
}

fn lens(random: &mut ChaCha8Rng, index: f64, is_progressive: bool) -> Value {
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
    if is_progressive && random.random_bool(0.5) {
        lens["fittingCrossOffset"] = json!(random.random_range(0..=6));
    }
    if random.random_bool(0.3) {
        lens["refractionDistance"] = json!(12 + random.random_range(0..=2));
    }
    if random.random_bool(0.3) {
        for side in ["right", "left"] {
            let distance = 28.0 + 0.5 * f64::from(random.random_range(0..=14));
            lens[side]["monocularPupillaryDistance"] = json!(distance);
        }
    }
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

fn placed_at(after_ms: i64) -> Value {
    let time = chrono::DateTime::from_timestamp_millis(FIRST_PLACED_AT_S * 1000 + after_ms);
    // Only a time far beyond any test's length is not a date.
    let time = time.unwrap_or(chrono::DateTime::<chrono::Utc>::MAX_UTC);
    json!(time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}

/// The first 13 characters of a random UUID, as the reference makes its SKUs.
fn random_sku(random: &mut ChaCha8Rng) -> String {
    format!("{:08x}-{:04x}", random.random::<u32>(), random.random::<u16>())
}

fn word<'a>(random: &mut ChaCha8Rng, words: &'a str) -> &'a str {
    pick(random, &words.split(' ').collect::<Vec<_>>())
}

fn pick<'a>(random: &mut ChaCha8Rng, choices: &[&'a str]) -> &'a str {
    choices.choose(random).copied().unwrap_or_default()
}

fn weighted<T: Copy>(random: &mut ChaCha8Rng, choices: &[T], weight: fn(&T) -> u32) -> T {
    *choices.choose_weighted(random, weight).expect("the weights of a table are above zero")
}

#[cfg(test)]
mod tests;
