//! Where a difference in cost comes from, one thing changed at a time.
//!
//! Each factor is a whole cost computed again with one thing more changed, divided by the cost
//! before. So the product of the factors is the ratio of the last cost to the first, whatever they
//! are; and a thing that changes nothing, because nodes are whole or a minimum holds, has the
//! factor 1, however much better it is by itself. What a factor is depends on the order of the
//! steps, which is therefore fixed.

use anyhow::Result;
use serde::Serialize;

use super::prices::NodeType;

/// From one cost to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Waterfall {
    /// What is paid at first.
    pub from: String,
    /// What is paid in the end.
    pub to: String,
    /// USD a day at first.
    pub usd_from: f64,
    /// USD a day in the end.
    pub usd_to: f64,
    /// `usd_to` divided by `usd_from`, and the product of the factors.
    pub ratio: f64,
    /// In the order in which things were changed.
    pub factors: Vec<Factor>,
}

/// What one change did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Factor {
    /// What was changed.
    pub name: &'static str,
    /// What it was before.
    pub from: String,
    /// What it is now.
    pub to: String,
    /// USD a day with all changes up to this one.
    pub usd: f64,
    /// That, divided by the USD before.
    pub factor: f64,
}

impl Waterfall {
    /// Nothing changed yet.
    pub fn new(from: String, usd: f64) -> Self {
        Self { to: from.clone(), from, usd_from: usd, usd_to: usd, ratio: 1.0, factors: Vec::new() }
    }

    /// One thing more changed.
    pub fn change(&mut self, name: &'static str, from: String, to: String, usd: f64) {
        self.factors.push(Factor { name, from, to, usd, factor: usd / self.usd_to });
        self.usd_to = usd;
        self.ratio = usd / self.usd_from;
    }

    /// One node instead of another, in two changes: its size at the same price of a processor, then
    /// that price.
    ///
    /// # Errors
    /// Those of `usd_with`, which tells what is paid with a node.
    pub fn change_node(
        &mut self,
        from: &NodeType,
        to: &NodeType,
        usd_with: impl Fn(&NodeType) -> Result<f64>,
    ) -> Result<()> {
        let resized = NodeType { usd_per_hour: from.usd_per_vcpu_hour() * to.vcpus, ..to.clone() };
        let vcpus = |node: &NodeType| format!("{} of {}", node.vcpus, node.name);
        self.change("vCPUs of a node", vcpus(from), vcpus(to), usd_with(&resized)?);
        let price = |node: &NodeType| {
            format!("{:.4} USD/h, {}", node.usd_per_vcpu_hour(), node.architecture)
        };
        self.change("price of a vCPU", price(from), price(to), usd_with(to)?);
        Ok(())
    }

    /// The change that did most, if any did something.
    pub fn largest(&self) -> Option<&Factor> {
        let size = |factor: &Factor| factor.factor.ln().abs();
        let did_something = self.factors.iter().filter(|factor| size(factor) > 1e-9);
        did_something.max_by(|one, other| size(one).total_cmp(&size(other)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::a_node;
    use super::*;

    #[test]
    fn the_product_of_the_factors_is_the_ratio_of_the_costs() {
        let mut waterfall = Waterfall::new("a".into(), 30.0);
        for usd in [27.0, 27.0, 3.0, 6.0] {
            waterfall.change("something", String::new(), String::new(), usd);
        }
        let product: f64 = waterfall.factors.iter().map(|factor| factor.factor).product();
        assert!((product - 6.0 / 30.0).abs() < 1e-12);
        assert!((waterfall.ratio - product).abs() < 1e-12);
        assert_eq!(waterfall.factors[1].factor, 1.0);
        assert_eq!(
            waterfall.largest().map(|factor| factor.usd),
            Some(3.0),
            "a ninth does more than twice"
        );
    }

    #[test]
    fn a_node_is_changed_in_size_and_in_price() {
        // Four processors for 0.4 an hour, two for 0.15: half as many, and 0.075 instead of 0.1 for
        // one.
        let (four, two) =
            (a_node(), NodeType { name: "two".into(), vcpus: 2.0, usd_per_hour: 0.15, ..a_node() });
        let mut waterfall = Waterfall::new("four".into(), 24.0 * 0.4);
        waterfall.change_node(&four, &two, |node| Ok(24.0 * node.usd_per_hour)).expect("prices");
        let factors: Vec<f64> = waterfall.factors.iter().map(|factor| factor.factor).collect();
        assert!(
            (factors[0] - 0.5).abs() < 1e-12 && (factors[1] - 0.75).abs() < 1e-12,
            "{factors:?}"
        );
        assert!((waterfall.ratio - 0.375).abs() < 1e-12);
    }

    #[test]
    fn nothing_is_largest_where_nothing_changed() {
        let mut waterfall = Waterfall::new("a".into(), 30.0);
        waterfall.change("something", String::new(), String::new(), 30.0);
        assert!(waterfall.largest().is_none());
    }
}
