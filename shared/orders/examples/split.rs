//! Scores the orders of standard input, one per line: how many are simple, how many complex, and
//! why.
//!
//! `loadtest generate | cargo run --release -p orders --example split`

use std::io::{BufRead, stdin};

use orders::complexity::{Assessment, Reason};
use orders::order::Order;
use orders::{DEFAULT_COMPLEXITY_THRESHOLD, Lane};
use strum::{EnumCount as _, VariantArray as _};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut n_orders = 0u32;
    let mut n_complex = 0u32;
    let mut score_sum = 0u32;
    // For each reason: how many orders have it, and how many would be simple without it.
    let mut n_with = [0u32; Reason::COUNT];
    let mut n_decided = [0u32; Reason::COUNT];
    for line in stdin().lock().lines() {
        let line = line?;
        let order = Order::parse(line.as_bytes())?;
        let assessment = Assessment::of(&order);
        let is_complex = assessment.lane(DEFAULT_COMPLEXITY_THRESHOLD) == Lane::Complex;
        n_orders += 1;
        n_complex += u32::from(is_complex);
        score_sum += assessment.score();
        for (reason, points) in assessment.reasons() {
            n_with[reason as usize] += 1;
            let decides = is_complex && assessment.score() - points < DEFAULT_COMPLEXITY_THRESHOLD;
            n_decided[reason as usize] += u32::from(decides);
        }
    }
    let per_cent = |count: u32| 100.0 * f64::from(count) / f64::from(n_orders.max(1));
    let mean = f64::from(score_sum) / f64::from(n_orders.max(1));
    let simple = per_cent(n_orders - n_complex);
    println!(
        "{n_orders} orders: {simple:.1} % simple, {:.1} % complex, mean score {mean:.1}",
        per_cent(n_complex)
    );
    println!("{:22} {:>8} {:>10}", "reason", "in", "decides");
    for reason in Reason::VARIANTS {
        let (with, decided) =
            (per_cent(n_with[*reason as usize]), per_cent(n_decided[*reason as usize]));
        println!("{:22} {with:6.1} % {decided:8.1} %", reason.as_str());
    }
    Ok(())
}
