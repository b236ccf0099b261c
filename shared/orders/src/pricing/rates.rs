//! The conversion of list prices from the euro: the price list's own fixed rates, valid as long as
//! the list is.
//!
//! They were set once, close to the market of the last quarter of 2025 and rounded. Agreed prices are
//! never converted. The lev is not in the list: Bulgaria has the euro since 2026-01-01 (Council
//! Decision (EU) 2025/1407).

use rust_decimal::Decimal;

use crate::order::Currency;

/// How much of `currency` one euro of the list is.
#[allow(clippy::large_digit_groups, reason = "the five decimals are set off")]
pub(super) fn per_euro(currency: Currency) -> Decimal {
    let hundred_thousandths = match currency {
        Currency::AED => 4_30000,
        Currency::AUD => 1_77000,
        Currency::BHD => 44000,
        Currency::BRL => 6_30000,
        Currency::CAD => 1_62000,
        Currency::CHF => 93500,
        Currency::CLP => 1090_00000,
        Currency::CNY => 8_27000,
        Currency::CZK => 24_30000,
        Currency::DKK => 7_46000,
        Currency::EUR => 1_00000,
        Currency::GBP => 87500,
        Currency::HKD => 9_10000,
        Currency::HUF => 386_00000,
        Currency::IDR => 19500_00000,
        Currency::ILS => 3_80000,
        Currency::INR => 104_00000,
        Currency::ISK => 147_00000,
        Currency::JOD => 83000,
        Currency::JPY => 180_00000,
        Currency::KRW => 1700_00000,
        Currency::KWD => 36000,
        Currency::MXN => 21_30000,
        Currency::MYR => 4_85000,
        Currency::NOK => 11_75000,
        Currency::NZD => 2_04000,
        Currency::PLN => 4_24000,
        Currency::RON => 5_09000,
        Currency::SAR => 4_40000,
        Currency::SEK => 10_95000,
        Currency::SGD => 1_51000,
        Currency::THB => 37_60000,
        Currency::TRY => 49_00000,
        Currency::USD => 1_17000,
        Currency::ZAR => 20_00000,
    };
    Decimal::new(hundred_thousandths, 5)
}

#[cfg(test)]
mod tests;
