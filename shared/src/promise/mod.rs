//! When an order leaves and when it arrives: [`promise`], counted in working days of the works in Germany.
//!
//! - the day it counts from: today for what comes before the cut-off hour, else the next working day
//! - the production plan, in the working minutes that are left of that day and of those after it
//! - a day in the queue of dispatch for standard delivery, and the carrier's days by zone
//!
//! Absent: a clock (the time is that of the queue), the holidays of other countries, a promise of arrival for an
//! order that does not say where it goes.

mod calendar;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, TimeDelta, Timelike, Utc};
use serde::Serialize;

use crate::order::{Country, Delivery, Order};

/// The hour in the works, 0 to 23, before which an order still counts for the same day.
pub const CUT_OFF_HOUR: u32 = 14;
/// Working minutes that are left of an order's first day at the cut-off: until the second shift ends at 22:00.
pub const FIRST_DAY_MINUTES: u32 = 480;
/// Working minutes of each day after it: two shifts, 6:00 to 22:00.
pub const FULL_DAY_MINUTES: u32 = 960;
/// The most working days that production is given; longer plans are for people to agree on, and end the count here.
pub const MAX_PRODUCTION_DAYS: u32 = 250;
/// `placedAt` counts if it lies at most this many hours before the queue's time. What waited longer, or is placed in the
/// future, would be promised for a day that has no meaning.
pub const PLACED_AT_MAX_AGE_HOURS: i64 = 72;

/// Working days in which standard orders wait for dispatch.
const STANDARD_DISPATCH_DAYS: u32 = 1;

/// The first instant of the year 9999. The queue's time is held between 1970 and this, so all dates have four digits.
const LATEST_MS: i64 = 253_370_764_800_000;

/// The members of the European Union as of 2026-01-01.
const UNION: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// The dates told to the customer, in the calendar of the works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Promise {
    /// The time that was counted from.
    pub counted_from: CountedFrom,
    /// The order's first working day.
    pub starts_on: NaiveDate,
    /// The day on which it leaves the works at the latest.
    pub ships_on: NaiveDate,
    /// How far it goes.
    pub zone: Zone,
    /// The day on which it arrives at the latest; none when the zone is unknown.
    pub delivered_by: Option<NaiveDate>,
}

/// Which time a promise is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum CountedFrom {
    /// The order's `placedAt`.
    PlacedAt,
    /// The time at which the queue took it, because `placedAt` is absent, in the future or too old.
    QueuedAt,
}

/// How far an order goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Zone {
    /// Within Germany.
    Domestic,
    /// To another member of the European Union.
    Union,
    /// Elsewhere.
    Abroad,
    /// The order does not say.
    Unknown,
}

impl Zone {
    fn of(country: Option<Country>) -> Self {
        match country.as_ref().map(Country::as_str) {
            None => Self::Unknown,
            Some("DE") => Self::Domestic,
            Some(code) if UNION.contains(&code) => Self::Union,
            Some(_) => Self::Abroad,
        }
    }

    /// Working days with the carrier.
    fn carrier_days(self, delivery: Delivery) -> Option<u32> {
        Some(match (self, delivery) {
            (Self::Domestic, Delivery::Express) => 1,
            (Self::Domestic, Delivery::Standard) => 2,
            (Self::Union, Delivery::Express) => 2,
            (Self::Union, Delivery::Standard) => 5,
            (Self::Abroad, Delivery::Express) => 4,
            (Self::Abroad, Delivery::Standard) => 10,
            (Self::Unknown, _) => return None,
        })
    }
}

/// The promise for `order`, taken by the queue `queued_at_ms` Unix milliseconds after 1970, whose plan takes `plan_minutes`.
pub fn promise(order: &Order<'_>, queued_at_ms: i64, plan_minutes: u32) -> Promise {
    let queued_at =
        DateTime::from_timestamp_millis(queued_at_ms.clamp(0, LATEST_MS)).unwrap_or_default();
    let (counted_from, time) = start(order.placed_at, queued_at);
    let local = calendar::local_time(time);
    let starts_on = first_day(local);
    let dispatch_days = match order.delivery {
        Delivery::Express => 0,
        Delivery::Standard => STANDARD_DISPATCH_DAYS,
    };
    let ships_on =
        calendar::add_working_days(starts_on, production_days(plan_minutes) + dispatch_days);
    let zone = Zone::of(order.ship_to);
    let delivered_by =
        zone.carrier_days(order.delivery).map(|days| calendar::add_working_days(ships_on, days));
    Promise { counted_from, starts_on, ships_on, zone, delivered_by }
}

fn start(
    placed_at: Option<DateTime<Utc>>,
    queued_at: DateTime<Utc>,
) -> (CountedFrom, DateTime<Utc>) {
    let oldest = queued_at - TimeDelta::hours(PLACED_AT_MAX_AGE_HOURS);
    match placed_at {
        Some(placed_at) if (oldest..=queued_at).contains(&placed_at) => {
            (CountedFrom::PlacedAt, placed_at)
        }
        _ => (CountedFrom::QueuedAt, queued_at),
    }
}

/// The first working day that counts for an order that came at this time in the works.
fn first_day(local: NaiveDateTime) -> NaiveDate {
    let today = local.date();
    let earliest = if local.hour() < CUT_OFF_HOUR { today } else { today + Days::new(1) };
    calendar::working_day_from(earliest)
}

/// Working days after the first one until a plan of this length is done.
fn production_days(plan_minutes: u32) -> u32 {
    plan_minutes
        .saturating_sub(FIRST_DAY_MINUTES)
        .div_ceil(FULL_DAY_MINUTES)
        .min(MAX_PRODUCTION_DAYS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain_docs::table;

    #[test]
    fn the_page_shows_the_carrier_days() {
        let days = |days: Option<u32>| days.map_or("none".to_owned(), |days| days.to_string());
        let rows = [Zone::Domestic, Zone::Union, Zone::Abroad, Zone::Unknown].map(|zone| {
            let name = serde_json::to_value(zone).unwrap().as_str().unwrap().to_owned();
            vec![
                name,
                days(zone.carrier_days(Delivery::Express)),
                days(zone.carrier_days(Delivery::Standard)),
            ]
        });
        assert_eq!(table("Carrier days", 3), rows);
    }

    fn promised(
        delivery: &str,
        ship_to: &str,
        placed_at: &str,
        queued_at: &str,
        plan_minutes: u32,
    ) -> Promise {
        let ship_to =
            if ship_to.is_empty() { String::new() } else { format!(r#""shipTo":"{ship_to}","#) };
        let placed_at = if placed_at.is_empty() {
            String::new()
        } else {
            format!(r#""placedAt":"{placed_at}","#)
        };
        let text = format!(
            r#"{{"orderId":1,"delivery":"{delivery}",{ship_to}{placed_at}"items":[{{"orderItemId":1,"sku":"x","quantity":1}}]}}"#
        );
        let queued_at = DateTime::parse_from_rfc3339(queued_at).unwrap().timestamp_millis();
        promise(&Order::parse(text.as_bytes()).unwrap(), queued_at, plan_minutes)
    }

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_promise_reads_as_documented() {
        // A Tuesday, 10:00 in Germany.
        let promise =
            promised("Standard", "FR", "2026-03-03T09:00:00Z", "2026-03-03T09:00:01Z", 30);
        assert_eq!(
            serde_json::to_value(promise).unwrap(),
            serde_json::json!({"countedFrom": "placedAt", "startsOn": "2026-03-03", "shipsOn": "2026-03-04",
                "zone": "union", "deliveredBy": "2026-03-11"})
        );
    }

    #[test]
    fn the_cut_off_is_two_o_clock_in_the_works() {
        let starts_on = |queued_at| promised("Express", "DE", "", queued_at, 0).starts_on;
        assert_eq!(starts_on("2026-03-03T12:59:59Z"), date("2026-03-03"));
        assert_eq!(starts_on("2026-03-03T13:00:00Z"), date("2026-03-04"));
        // In summer time it is an hour earlier by UTC.
        assert_eq!(starts_on("2026-07-07T11:59:59Z"), date("2026-07-07"));
        assert_eq!(starts_on("2026-07-07T12:00:00Z"), date("2026-07-08"));
        // A Friday afternoon waits for Monday; Maundy Thursday afternoon for Tuesday.
        assert_eq!(starts_on("2026-03-06T13:00:00Z"), date("2026-03-09"));
        assert_eq!(starts_on("2026-04-02T12:00:00Z"), date("2026-04-07"));
    }

    #[test]
    fn the_plan_fills_the_rest_of_the_first_day_and_then_whole_days() {
        assert_eq!(production_days(0), 0);
        assert_eq!(production_days(480), 0);
        assert_eq!(production_days(481), 1);
        assert_eq!(production_days(480 + 960), 1);
        assert_eq!(production_days(480 + 961), 2);
        assert_eq!(production_days(u32::MAX), MAX_PRODUCTION_DAYS);
    }

    #[test]
    fn express_skips_dispatch_and_has_the_faster_carrier() {
        let days = |delivery, ship_to| {
            let promise = promised(delivery, ship_to, "", "2026-06-08T08:00:00Z", 30);
            (promise.ships_on, promise.delivered_by)
        };
        // Monday 8 June 2026; two weeks without a holiday.
        assert_eq!(days("Express", "DE"), (date("2026-06-08"), Some(date("2026-06-09"))));
        assert_eq!(days("Standard", "DE"), (date("2026-06-09"), Some(date("2026-06-11"))));
        assert_eq!(days("Express", "PT"), (date("2026-06-08"), Some(date("2026-06-10"))));
        assert_eq!(days("Express", "GB"), (date("2026-06-08"), Some(date("2026-06-12"))));
        assert_eq!(days("Standard", "JP"), (date("2026-06-09"), Some(date("2026-06-23"))));
        assert_eq!(days("Standard", ""), (date("2026-06-09"), None));
    }

    #[test]
    fn placed_at_counts_unless_it_is_in_the_future_or_too_old() {
        let from = |placed_at| {
            promised("Express", "DE", placed_at, "2026-03-06T12:00:00Z", 0).counted_from
        };
        assert_eq!(from(""), CountedFrom::QueuedAt);
        assert_eq!(from("2026-03-06T12:00:00Z"), CountedFrom::PlacedAt);
        assert_eq!(from("2026-03-06T12:00:00.001Z"), CountedFrom::QueuedAt);
        assert_eq!(from("2026-03-03T12:00:00Z"), CountedFrom::PlacedAt);
        assert_eq!(from("2026-03-03T11:59:59Z"), CountedFrom::QueuedAt);
        assert_eq!(from("0001-01-01T00:00:00Z"), CountedFrom::QueuedAt);
        assert_eq!(from("9999-12-31T23:59:59-23:59"), CountedFrom::QueuedAt);
    }

    #[test]
    fn a_queue_time_from_any_clock_gives_a_date() {
        let text =
            br#"{"orderId":1,"delivery":"Standard","shipTo":"US","placedAt":"0000-01-01T00:00:00Z",
            "items":[{"orderItemId":1,"sku":"x","quantity":1}]}"#;
        let order = Order::parse(text).unwrap();
        for queued_at_ms in [i64::MIN, -1, 0, LATEST_MS, i64::MAX] {
            let promise = promise(&order, queued_at_ms, u32::MAX);
            let days = promise.ships_on - promise.starts_on;
            assert!((350..450).contains(&days.num_days()), "{queued_at_ms}: {days}");
        }
    }
}
