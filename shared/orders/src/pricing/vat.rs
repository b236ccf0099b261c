//! Value added tax by the country an order is shipped to.
//!
//! Standard rates only. Reduced rates of some states for corrective lenses, the reverse charge
//! between businesses and thresholds of registration are left to the invoice. A territory outside
//! the Union's VAT area with its own code (Åland AX, Réunion RE, ...) is an export, by Article 6 of
//! Directive 2006/112/EC.

use serde::Serialize;

use crate::order::Country;

/// A day on which the rates in this file are in force.
pub const VAT_RATES_AS_OF: &str = "2026-01-01";

/// Why an order is taxed as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum TaxBasis {
    /// The standard rate of the country the order is shipped to.
    StandardRate,
    /// Sales tax is due at the destination, and this list does not compute it.
    SalesTaxNotComputed,
    /// An export, free of tax here.
    Export,
    /// The order has no `shipTo`.
    NoDestination,
}

/// The basis and the rate in per mille for an order shipped to `country`.
pub(super) fn rate(country: Option<Country>) -> (TaxBasis, i64) {
    let Some(country) = country else { return (TaxBasis::NoDestination, 0) };
    let code = country.as_str();
    match standard_rate(code) {
        Some(per_mille) => (TaxBasis::StandardRate, per_mille),
        None if code == "US" => (TaxBasis::SalesTaxNotComputed, 0),
        None => (TaxBasis::Export, 0),
    }
}

/// In per mille. Sources: European Commission, "Taxes in Europe Database" (EU); Federal Act on VAT
/// art. 25 (CH, by customs treaty LI); VAT Act 1994 s. 2 (GB); Storting's VAT decision for 2026 § 2
/// (NO); Consumption Tax Act art. 29 with the local tax (JP). Monaco counts as France (Directive
/// 2006/112/EC art. 7).
fn standard_rate(code: &str) -> Option<i64> {
    Some(match code {
        "CH" | "LI" => 81,
        "JP" => 100,
        "LU" => 170,
        "MT" => 180,
        "CY" | "DE" => 190,
        "AT" | "BG" | "FR" | "GB" | "MC" => 200,
        "BE" | "CZ" | "ES" | "LT" | "LV" | "NL" | "RO" => 210,
        "IT" | "SI" => 220,
        "IE" | "PL" | "PT" | "SK" => 230,
        "EE" | "GR" => 240,
        "DK" | "HR" | "NO" | "SE" => 250,
        "FI" => 255,
        "HU" => 270,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
