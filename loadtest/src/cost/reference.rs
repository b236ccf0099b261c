//! The published reference's saving of 60 %, taken apart.
//!
//! It is the ratio of the prices of two nodes, one of each, around the clock. Half of the
//! processors, and a lower price for one of them; what runs on them is not in it, so the other
//! factors are 1.

use anyhow::Result;
use serde::Serialize;

use super::factors::Waterfall;
use super::prices::Prices;

/// The node that the others are compared with, and the published ratios.
const FROM: &str = "DS3_v2";
const PUBLISHED: [(&str, f64); 3] = [("DS3_v2", 1.00), ("D2pds_v5", 0.40), ("D4pds_v5", 0.80)];

/// A published ratio, and how it comes about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Published {
    /// The ratio as published.
    pub published: f64,
    /// The ratio of today's prices.
    #[serde(flatten)]
    pub waterfall: Waterfall,
}

/// Takes the published ratios apart with these prices.
///
/// # Errors
/// When a node is not in the table.
pub fn decompose(prices: &Prices) -> Result<Vec<Published>> {
    let from = prices.node(FROM)?;
    let decompose_one = |(name, published): (&str, f64)| {
        let to = prices.node(name)?;
        let mut waterfall =
            Waterfall::new(format!("1 {}, always on", from.name), 24.0 * from.usd_per_hour);
        let same = |what: &str| (what.to_string(), what.to_string());
        let (before, after) = same("not in the price of a node");
        waterfall.change("CPU and memory of an order", before, after, waterfall.usd_to);
        waterfall.change_node(from, to, |node| Ok(24.0 * node.usd_per_hour))?;
        let (before, after) = same("24 h a day");
        waterfall.change("idle time", before, after, waterfall.usd_to);
        waterfall.to = format!("1 {}, always on", to.name);
        Ok(Published { published, waterfall })
    };
    PUBLISHED.into_iter().map(decompose_one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factor_of(published: &Published, name: &str) -> f64 {
        let found = published.waterfall.factors.iter().find(|factor| factor.name == name);
        found.expect("the factor").factor
    }

    #[test]
    fn the_published_ratios_are_those_of_the_prices() {
        let all = decompose(&Prices::read(None).expect("the checked-in table")).expect("the nodes");
        let found: Vec<(f64, f64)> = all
            .iter()
            .map(|one| (one.published, (one.waterfall.ratio * 100.0).round() / 100.0))
            .collect();
        assert_eq!(found, [(1.0, 1.0), (0.4, 0.4), (0.8, 0.8)]);
    }

    #[test]
    fn sixty_percent_is_half_the_processors_and_four_fifths_of_their_price() {
        let all = decompose(&Prices::read(None).expect("the checked-in table")).expect("the nodes");
        let d2pds = &all[1];
        assert_eq!(factor_of(d2pds, "vCPUs of a node"), 0.5);
        assert!((factor_of(d2pds, "price of a vCPU") - 0.80).abs() < 0.005);
        assert_eq!(factor_of(d2pds, "CPU and memory of an order"), 1.0);
        assert_eq!(factor_of(d2pds, "idle time"), 1.0);
        let product: f64 = d2pds.waterfall.factors.iter().map(|factor| factor.factor).product();
        assert!((product - 0.109 / 0.272).abs() < 1e-12);
    }

    #[test]
    fn a_table_without_these_nodes_is_refused() {
        let mut prices = Prices::read(None).expect("the checked-in table");
        prices.nodes.retain(|node| node.name != "D4pds_v5");
        let why = format!("{:#}", decompose(&prices).expect_err("a node is missing"));
        assert!(why.contains("\"D4pds_v5\""), "{why}");
    }
}
