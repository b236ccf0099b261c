//! Parcels: `<id> <weight>`, light ones go by bike, heavy ones by van.

use queue::{Message, Outcome, Role, Stream};

use super::{BIKE, VAN};

/// Weighs parcels and routes them.
#[derive(Clone, Copy)]
pub(crate) struct Scale;

/// Delivers the parcels of one lane, but none of 100 tons or more.
#[derive(Clone, Copy)]
pub(crate) struct Courier(pub(crate) Stream);

/// A role whose instance dies at messages that contain this text.
pub(crate) struct Dies<R>(pub(crate) R, pub(crate) &'static str);

pub(crate) const BY_BIKE: Courier = Courier(BIKE);
pub(crate) const BY_VAN: Courier = Courier(VAN);

/// Id and weight of a parcel; `None` where the bytes are none.
fn parse(body: &[u8]) -> Option<(String, u32)> {
    let (id, weight) = std::str::from_utf8(body).ok()?.split_once(' ')?;
    Some((id.to_owned(), weight.parse().ok()?))
}

fn reject(body: &[u8]) -> Outcome {
    let id = std::str::from_utf8(body).ok().and_then(|text| text.split_once(' '));
    let id = id.map(|(id, _)| id.to_owned()).filter(|id| !id.is_empty());
    Outcome::DeadLetter { id, code: "no_weight".into(), errors: b"[]".to_vec() }
}

impl Role for Scale {
    fn stream(&self) -> Stream {
        Stream::Ingress
    }

    fn decide(&self, _: &Message, body: &[u8]) -> Outcome {
        match parse(body) {
            Some((id, weight)) => {
                let lane = if weight < 10 { "bike" } else { "van" };
                Outcome::Route { id, lane, note: weight.to_string() }
            }
            None => reject(body),
        }
    }

    fn identity(&self, body: &[u8]) -> Option<String> {
        parse(body).map(|(id, _)| id)
    }
}

impl Role for Courier {
    fn stream(&self) -> Stream {
        self.0
    }

    fn decide(&self, _: &Message, body: &[u8]) -> Outcome {
        match parse(body) {
            Some((id, 100_000..)) => {
                let errors = b"[]".to_vec();
                Outcome::DeadLetter { id: Some(id), code: "too_heavy".into(), errors }
            }
            Some((id, weight)) => {
                let result = format!("{id} of {weight} by {}", self.0.as_str()).into_bytes();
                Outcome::Confirm { id, result }
            }
            None => reject(body),
        }
    }

    fn identity(&self, body: &[u8]) -> Option<String> {
        parse(body).map(|(id, _)| id)
    }
}

impl<R: Role> Role for Dies<R> {
    fn stream(&self) -> Stream {
        self.0.stream()
    }

    fn decide(&self, message: &Message, body: &[u8]) -> Outcome {
        assert!(!String::from_utf8_lossy(body).contains(self.1), "poison");
        self.0.decide(message, body)
    }

    fn identity(&self, body: &[u8]) -> Option<String> {
        self.0.identity(body)
    }
}

/// A parcel, and what its result must be.
pub(crate) fn parcel(number: u32) -> String {
    format!("p{number} {}", if number.is_multiple_of(3) { 10 + number } else { number % 10 })
}

pub(crate) fn id_of(parcel: &str) -> &str {
    parcel.split_once(' ').map_or(parcel, |(id, _)| id)
}

pub(super) fn result_of(parcel: &str) -> (String, String) {
    let (id, weight) = parse(parcel.as_bytes()).expect("an expected parcel is valid");
    let lane = if weight < 10 { "bike" } else { "van" };
    (id.clone(), format!("{id} of {weight} by {lane}"))
}
