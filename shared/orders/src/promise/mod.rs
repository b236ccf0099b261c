//! When an order leaves and arrives: [`promise`], counted in working days of the factory in Germany.
//!
//! - the first day: today for an order before the cut-off hour, else the next working day; never
//!   before the day of the decision, however long the order waited
//! - the production plan, in the remaining working minutes of that day and those of later days
//! - a day of dispatch for standard delivery, and the carrier's days by zone
//!
//! Absent: a clock (the queue gives the times), the holidays of other countries, a promise of
//! arrival for an order without destination.

mod calendar;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, SecondsFormat, TimeDelta, Timelike, Utc};
use serde::{Serialize, Serializer};

use crate::HOME;
use crate::order::{Country, Delivery, Order};
use crate::pricing::is_in_vat_area;

/// When an order was queued and when it is decided, both in Unix ms by the clock of Redis.
///
/// If the clock was set back between the two, the time of queueing counts as the time of the
/// decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// When the queue took the order.
    pub queued_at_ms: i64,
    /// When a worker claimed it to confirm it.
    pub decided_at_ms: i64,
}

/// The hour in the factory, 0 to 23, before which an order still counts for the same day.
pub const CUT_OFF_HOUR: u32 = 14;
/// Working minutes of an order's first day: from the cut-off until the second shift ends at 22:00.
pub const FIRST_DAY_MINUTES: u32 = 480;
/// Working minutes of each day after it: two shifts, 6:00 to 22:00.
pub const FULL_DAY_MINUTES: u32 = 960;
/// Maximum number of working days of production. Longer plans are agreed by people.
pub const MAX_PRODUCTION_DAYS: u32 = 250;
/// `placedAt` counts if it is at most this many hours before the queue's time. An older time, or
/// one in the future, comes from a wrong clock or a sender that was offline.
pub const PLACED_AT_MAX_AGE_HOURS: i64 = 72;

/// Working days in which standard orders wait for dispatch.
const STANDARD_DISPATCH_DAYS: u32 = 1;

/// The first instant of the year 9998. Times are limited to 1970 up to this, and a promise ends
/// less than 450 days later, so all years have four digits.
const LATEST_MS: i64 = 253_339_228_800_000;

/// The dates for the customer, in the calendar of the factory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Promise {
    /// The time from which the first day is counted.
    pub counted_from: CountedFrom,
    /// When the promise was made.
    #[serde(serialize_with = "in_milliseconds")]
    pub decided_at: DateTime<Utc>,
    /// The order's first working day, never before the day of `decidedAt`.
    pub starts_on: NaiveDate,
    /// The latest day on which it leaves the factory.
    pub ships_on: NaiveDate,
    /// How far it goes.
    pub zone: Zone,
    /// The latest day on which it arrives; none if the zone is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_by: Option<NaiveDate>,
}

/// The time from which a promise is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum CountedFrom {
    /// The order's `placedAt`.
    PlacedAt,
    /// The time of the queue, because `placedAt` is absent, in the future or too old.
    QueuedAt,
}

/// How far an order goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Zone {
    /// Within Germany.
    Domestic,
    /// To the rest of the European Union's VAT area: no customs papers.
    Union,
    /// Elsewhere, through customs.
    Abroad,
    /// The order has no `shipTo`.
    Unknown,
}

impl Zone {
    fn of(country: Option<Country>) -> Self {
        match country {
            None => Self::Unknown,
            Some(country) if country.as_str() == HOME => Self::Domestic,
            Some(country) if is_in_vat_area(country) => Self::Union,
            Some(_) => Self::Abroad,
        }
    }

    /// Working days with the carrier.
    fn carrier_days(self, delivery: Delivery) -> Option<u32> {
        let (express, standard) = match self {
            Self::Domestic => (1, 2),
            Self::Union => (2, 5),
            Self::Abroad => (4, 10),
            Self::Unknown => return None,
        };
        Some(if delivery == Delivery::Express { express } else { standard })
    }
}

/// The promise for `order`, whose plan takes `plan_minutes`.
pub fn promise(order: &Order<'_>, times: Times, plan_minutes: u32) -> Promise {
    let decided_at = utc(times.decided_at_ms);
    let queued_at = utc(times.queued_at_ms).min(decided_at);
    let oldest = queued_at - TimeDelta::hours(PLACED_AT_MAX_AGE_HOURS);
    let placed_at = order.placed_at.filter(|time| (oldest..=queued_at).contains(time));
    let (counted_from, time) = match placed_at {
        Some(placed_at) => (CountedFrom::PlacedAt, placed_at),
        None => (CountedFrom::QueuedAt, queued_at),
    };
    let decided_on = calendar::local_time(decided_at).date();
    let starts_on =
        first_day(calendar::local_time(time)).max(calendar::working_day_from(decided_on));
    let dispatch_days = match order.delivery {
        Delivery::Express => 0,
        Delivery::Standard => STANDARD_DISPATCH_DAYS,
    };
    let ships_on =
        calendar::add_working_days(starts_on, production_days(plan_minutes) + dispatch_days);
    let zone = Zone::of(order.ship_to);
    let delivered_by =
        zone.carrier_days(order.delivery).map(|days| calendar::add_working_days(ships_on, days));
    Promise { counted_from, decided_at, starts_on, ships_on, zone, delivered_by }
}

fn utc(unix_ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(unix_ms.clamp(0, LATEST_MS)).unwrap_or_default()
}

fn in_milliseconds<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// The first working day of an order with this local time in the factory.
fn first_day(local: NaiveDateTime) -> NaiveDate {
    let today = local.date();
    let earliest = if local.hour() < CUT_OFF_HOUR { today } else { today + Days::new(1) };
    calendar::working_day_from(earliest)
}

/// Working days after the first one that a plan of this length needs.
fn production_days(plan_minutes: u32) -> u32 {
    plan_minutes
        .saturating_sub(FIRST_DAY_MINUTES)
        .div_ceil(FULL_DAY_MINUTES)
        .min(MAX_PRODUCTION_DAYS)
}

#[cfg(test)]
mod tests;
