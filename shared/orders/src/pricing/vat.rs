//! Value added tax by the country an order is shipped to.
//!
//! The position: the seller is established in Germany and registered for VAT in the European Union
//! only, and sells to consumers. So a delivery within the Union bears the standard rate of its
//! destination (Directive 2006/112/EC art. 33, by the One-Stop Shop), a delivery out of the Union is
//! an export without tax (art. 146), and an order without a destination is domestic.
//!
//! - Monaco counts as France (art. 7).
//! - The Isle of Man counts as the United Kingdom (art. 7), and both as a third country since 2021. So
//!   do CH, LI, NO, JP and US: their taxes are due on import, from the customer.
//! - Third countries too: San Marino, the Vatican, and territories with a code of their own outside
//!   the Union's VAT area (Åland AX, Réunion RE, ...; art. 6).
//! - Left to the invoice: deliveries of goods to Northern Ireland, which has no separate code,
//!   reduced rates for corrective lenses, the reverse charge between businesses, thresholds.

use serde::Serialize;

use crate::HOME;
use crate::order::Country;

/// Why an order is taxed as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum TaxBasis {
    /// The standard rate of the country the order is shipped to.
    StandardRate,
    /// An export, free of tax here.
    Export,
    /// The order has no `shipTo`: the standard rate of Germany.
    NoDestination,
}

/// The country of the tax, the basis and the rate in per mille for an order shipped to `country`.
pub(super) fn rate(country: Option<&Country>) -> (&str, TaxBasis, i64) {
    let (code, basis) = match country {
        Some(country) => (country.as_str(), TaxBasis::StandardRate),
        None => (HOME, TaxBasis::NoDestination),
    };
    match standard_rate(code) {
        Some(per_mille) => (code, basis, per_mille),
        None => (code, TaxBasis::Export, 0),
    }
}

/// Whether a country belongs to the Union's VAT area, so that a parcel needs no customs papers.
pub(crate) fn is_in_vat_area(country: Country) -> bool {
    standard_rate(country.as_str()).is_some()
}

/// Standard rates in per mille, as of 2026-01-01, each with its statute. All are in the
/// European Commission's "Taxes in Europe Database" too.
const STANDARD_RATES: [(&str, i64); 28] = [
    ("AT", 200), // Umsatzsteuergesetz 1994 § 10
    ("BE", 210), // Arrêté royal n° 20 of 20 July 1970 art. 1
    ("BG", 200), // ZDDS art. 66
    ("CY", 190), // Law 95(I)/2000 s. 17
    ("CZ", 210), // Act 235/2004 § 47
    ("DE", 190), // Umsatzsteuergesetz § 12
    ("DK", 250), // Momsloven § 33
    ("EE", 240), // Käibemaksuseadus § 15, from 2025-07-01
    ("ES", 210), // Ley 37/1992 art. 90
    ("FI", 255), // Arvonlisäverolaki 1501/1993 § 84, from 2024-09-01
    ("FR", 200), // Code général des impôts art. 278
    ("GR", 240), // VAT Code, Law 5144/2024
    ("HR", 250), // Zakon o PDV art. 38
    ("HU", 270), // Act CXXVII of 2007 § 82
    ("IE", 230), // Value-Added Tax Consolidation Act 2010 s. 46
    ("IT", 220), // DPR 633/1972 art. 16
    ("LT", 210), // Law IX-751 art. 19
    ("LU", 170), // Law of 12 February 1979 art. 39
    ("LV", 210), // Pievienotās vērtības nodokļa likums s. 41
    ("MC", 200), // as FR
    ("MT", 180), // VAT Act, cap. 406, art. 19
    ("NL", 210), // Wet op de omzetbelasting 1968 art. 9
    ("PL", 230), // Act of 11 March 2004 art. 146ef
    ("PT", 230), // Código do IVA art. 18
    ("RO", 210), // Law 227/2015 art. 291, from 2025-08-01
    ("SE", 250), // Mervärdesskattelag 2023:200, chapter 9
    ("SI", 220), // ZDDV-1 art. 41
    ("SK", 230), // Act 222/2004 § 27, from 2025-01-01
];

fn standard_rate(code: &str) -> Option<i64> {
    let row = STANDARD_RATES.iter().find(|(country, _)| *country == code);
    row.map(|(_, per_mille)| *per_mille)
}

#[cfg(test)]
mod tests;
