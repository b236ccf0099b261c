//! Value added tax by the country an order is shipped to.
//!
//! Standard rates only: reduced rates that some states have for corrective lenses, the reverse charge between
//! businesses and thresholds of registration are left to the invoice. A code of its own that lies outside the Union's
//! VAT area (Åland AX, Réunion RE, ...) is an export, as Article 6 of Directive 2006/112/EC has it.

use serde::Serialize;

use crate::order::Country;

/// The day at which the rates in this file were in force.
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
    /// The order does not say where it is shipped to.
    NoDestination,
}

/// Standard rates in per mille, in the order of the codes. Sources: European Commission, "Taxes in Europe Database" (EU);
/// Federal Act on VAT art. 25 (CH, by customs treaty LI); VAT Act 1994 s. 2 (GB); Storting's VAT decision for 2026 § 2 (NO);
/// Consumption Tax Act art. 29 with the local tax (JP). Monaco counts as France (Directive 2006/112/EC art. 7).
const STANDARD_RATES: [(&str, i64); 33] = [
    ("AT", 200),
    ("BE", 210),
    ("BG", 200),
    ("CH", 81),
    ("CY", 190),
    ("CZ", 210),
    ("DE", 190),
    ("DK", 250),
    ("EE", 240),
    ("ES", 210),
    ("FI", 255),
    ("FR", 200),
    ("GB", 200),
    ("GR", 240),
    ("HR", 250),
    ("HU", 270),
    ("IE", 230),
    ("IT", 220),
    ("JP", 100),
    ("LI", 81),
    ("LT", 210),
    ("LU", 170),
    ("LV", 210),
    ("MC", 200),
    ("MT", 180),
    ("NL", 210),
    ("NO", 250),
    ("PL", 230),
    ("PT", 230),
    ("RO", 210),
    ("SE", 250),
    ("SI", 220),
    ("SK", 230),
];

/// The basis and the rate in per mille for an order shipped to `country`.
pub(super) fn rate(country: Option<Country>) -> (TaxBasis, i64) {
    let Some(country) = country else { return (TaxBasis::NoDestination, 0) };
    let code = country.as_str();
    match STANDARD_RATES.iter().find(|(known, _)| *known == code) {
        Some((_, per_mille)) => (TaxBasis::StandardRate, *per_mille),
        None if code == "US" => (TaxBasis::SalesTaxNotComputed, 0),
        None => (TaxBasis::Export, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain_docs::table;

    #[test]
    fn the_page_shows_the_rates() {
        let percent = |per_mille: i64| format!("{}.{}", per_mille / 10, per_mille % 10);
        let rows =
            STANDARD_RATES.map(|(code, per_mille)| vec![code.to_owned(), percent(per_mille)]);
        assert_eq!(table("Standard rates", 2), rows);
    }

    fn rate_of(code: &str) -> (TaxBasis, i64) {
        rate(Some(Country::from_code(code).unwrap()))
    }

    #[test]
    fn every_country_with_a_rate_exists_and_stands_once() {
        assert!(STANDARD_RATES.is_sorted_by(|one, next| one.0 < next.0));
        for (code, _) in STANDARD_RATES {
            assert!(Country::from_code(code).is_some(), "{code}");
        }
    }

    #[test]
    fn all_27_members_of_the_union_have_a_rate_of_15_percent_or_more() {
        // Directive 2006/112/EC art. 97: the standard rate is at least 15 %.
        let members =
            "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK";
        assert_eq!(members.split(' ').count(), 27);
        for code in members.split(' ') {
            let (basis, per_mille) = rate_of(code);
            assert_eq!(basis, TaxBasis::StandardRate, "{code}");
            assert!((150..=270).contains(&per_mille), "{code}");
        }
    }

    #[test]
    fn the_destination_decides_the_basis() {
        assert_eq!(rate_of("DE"), (TaxBasis::StandardRate, 190));
        assert_eq!(rate_of("FI"), (TaxBasis::StandardRate, 255));
        assert_eq!(rate_of("US"), (TaxBasis::SalesTaxNotComputed, 0));
        assert_eq!(rate_of("BR"), (TaxBasis::Export, 0));
        assert_eq!(rate_of("RE"), (TaxBasis::Export, 0));
        assert_eq!(rate(None), (TaxBasis::NoDestination, 0));
    }
}
