//! What an order costs: [`quote`], a pure function of the order and the price list in this module.
//!
//! - `list`: prices and surcharges, the discount for volume
//! - `rates`: the list's own conversion from the euro
//! - `vat`: the tax of the country an order is shipped to
//!
//! Absent: floats. List prices are whole euro cents, everything else is `Decimal`; powers of a lens
//! choose a step of the list and never enter an amount. Amounts are rounded half away from zero to
//! the currency's minor units, once per line, and printed figures add up: lines + surcharge + tax =
//! total.

mod list;
mod rates;
mod vat;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::Serialize;

use crate::order::{Currency, Delivery, Item, Order};

pub use list::PRICE_LIST;
pub use vat::TaxBasis;
pub(crate) use vat::is_in_vat_area;

/// What an order costs. Amounts have exactly as many decimals as the currency has minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Quote<'a> {
    /// The price list that was in force, [`PRICE_LIST`].
    pub price_list: &'static str,
    /// ISO 4217 code of every amount.
    pub currency: &'a str,
    /// One line for each item, in the order of the items.
    pub lines: Vec<QuoteLine<'a>>,
    /// The sum of the lines' nets.
    pub net: Decimal,
    /// What express delivery adds; absent if nothing.
    #[serde(skip_serializing_if = "Decimal::is_zero")]
    pub express_surcharge: Decimal,
    /// The tax on `net` and `express_surcharge`.
    pub tax: Tax<'a>,
    /// `net` + `express_surcharge` + `tax.amount`.
    pub total: Decimal,
}

/// What one item costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct QuoteLine<'a> {
    /// The item's number as the sender counts.
    pub order_item_id: i64,
    /// What was ordered.
    pub sku: &'a str,
    /// How many; the customer took back a line of zero.
    pub quantity: u32,
    /// The source of the price of one.
    pub price_source: PriceSource,
    /// The price of one. An agreed price keeps all its digits, so that it times `quantity` is
    /// `net`.
    pub unit_price: Decimal,
    /// The discount for volume, never on an agreed price; absent if nothing.
    #[serde(skip_serializing_if = "Decimal::is_zero")]
    pub discount: Decimal,
    /// `unit_price` times `quantity`, rounded, less `discount`.
    pub net: Decimal,
}

/// The source of the price of one piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum PriceSource {
    /// `unitPrice` of the item.
    Agreed,
    /// The family of the price list that the SKU belongs to.
    List,
    /// The list's price for SKUs without a family.
    Default,
}

/// Value added tax.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Tax<'a> {
    /// The country of the rate: where the order is shipped to, else Germany.
    pub country: &'a str,
    /// Why this rate.
    pub tax_basis: TaxBasis,
    /// Per cent, with one decimal.
    pub rate_percent: Decimal,
    /// The tax, rounded once for the order.
    pub amount: Decimal,
}

/// What `order` costs by the price list [`PRICE_LIST`].
///
/// No sum overflows and no product loses digits. An agreed price is at most 10^9 with ten decimals,
/// a list price is less. So a line's gross is below 10^13 and an order's net below 10^16 with three
/// decimals; times a rate of three decimals that is 10^22, and a `Decimal` holds 7.9 * 10^28.
pub fn quote<'a>(order: &'a Order<'_>) -> Quote<'a> {
    let money = Money::of(order.currency);
    let lines: Vec<_> = order.items.iter().map(|item| line(item, &money)).collect();
    let net = lines.iter().fold(money.zero(), |sum, line| sum + line.net);
    let delivers = order.items.iter().any(|item| item.quantity > 0);
    let express_surcharge = match order.delivery {
        Delivery::Express if delivers => list::express_surcharge(net, &money),
        _ => money.zero(),
    };
    let (country, tax_basis, rate_per_mille) = vat::rate(order.ship_to.as_ref());
    let amount = money.round((net + express_surcharge) * Decimal::new(rate_per_mille, 3));
    Quote {
        price_list: PRICE_LIST,
        currency: order.currency.as_str(),
        lines,
        net,
        express_surcharge,
        tax: Tax { country, tax_basis, rate_percent: Decimal::new(rate_per_mille, 1), amount },
        total: net + express_surcharge + amount,
    }
}

fn line<'a>(item: &'a Item<'_>, money: &Money) -> QuoteLine<'a> {
    let (price_source, unit_price) = if let Some(agreed) = item.unit_price {
        // Zeros after the last digit could fill a Decimal and cost precision in the product below.
        (PriceSource::Agreed, money.at_least_minor_units(agreed.normalize()))
    } else {
        let (source, cents) = list::unit_price_cents(item);
        (source, money.convert_euro_cents(cents))
    };
    let gross = money.round(unit_price * Decimal::from(item.quantity));
    let discount = match price_source {
        PriceSource::Agreed => money.zero(),
        PriceSource::List | PriceSource::Default => {
            let percent_pieces = list::volume_discount_percent_pieces(item.quantity);
            money.round(unit_price * Decimal::new(percent_pieces, 2))
        }
    };
    QuoteLine {
        order_item_id: item.order_item_id,
        sku: &item.sku,
        quantity: item.quantity,
        price_source,
        unit_price,
        discount,
        net: gross - discount,
    }
}

/// The currency of an order: its decimals and its rate against the euro.
struct Money {
    minor_units: u32,
    per_euro: Decimal,
}

impl Money {
    fn of(currency: Currency) -> Self {
        Self { minor_units: currency.minor_units(), per_euro: rates::per_euro(currency) }
    }

    fn zero(&self) -> Decimal {
        Decimal::new(0, self.minor_units)
    }

    /// Rounded half away from zero, with exactly the currency's decimals.
    fn round(&self, amount: Decimal) -> Decimal {
        let rounded =
            amount.round_dp_with_strategy(self.minor_units, RoundingStrategy::MidpointAwayFromZero);
        self.at_least_minor_units(rounded)
    }

    /// The same amount, with zeros appended up to the currency's decimals.
    fn at_least_minor_units(&self, mut amount: Decimal) -> Decimal {
        if amount.scale() < self.minor_units {
            amount.rescale(self.minor_units);
        }
        amount
    }

    fn convert_euro_cents(&self, cents: i64) -> Decimal {
        self.round(Decimal::new(cents, 2) * self.per_euro)
    }
}

#[cfg(test)]
mod tests;
