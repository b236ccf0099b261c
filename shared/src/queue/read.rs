//! Entries of a plain `XREADGROUP`, taken apart from the one flat list that Spin makes of the reply.
//!
//! The list is the stream's key, then for each entry its id and its fields, name and value in turn. Where one entry ends is not
//! said: a text in the place of a name that is an entry id, and a later one than the last, begins the next entry. Ids rise within a
//! reply, and no producer calls a field `1763708000000-0`. If one does and no entry has that id, the commit finds nothing and has no
//! effect, and what was swallowed stays pending and is redelivered by the script, which sees the reply whole. Who hits upon the
//! id of an entry that waits has that entry decided by another text: `docs/security.md` says whom that takes.

use super::drain::{Entry, Payload};
use super::entry_id;
use super::execute::Value;
use crate::order::MAX_ORDER_BYTES;
use crate::trace::TraceParent;

/// An entry id of two numbers of twenty digits.
const LONGEST_ID: usize = 41;
/// What is longer is left out, as `claim.lua` does.
const LONGEST_INGRESS: usize = 64;

/// The entries of a reply, all at their first delivery.
pub(super) fn entries(reply: Vec<Value>) -> Vec<Entry> {
    let mut texts = reply.into_iter().filter_map(|value| match value {
        Value::Bytes(bytes) => Some(bytes),
        Value::Status(text) => Some(text.into_bytes()),
        Value::Nil | Value::Int(_) => None,
    });
    let _stream = texts.next();
    let mut entries: Vec<Entry> = Vec::new();
    let mut last = None;
    while let Some(text) = texts.next() {
        let id = entry_id(&text).filter(|id| last < Some(*id));
        match (id, String::from_utf8(text)) {
            (Some(id), Ok(entry_id)) => {
                last = Some(id);
                let ingress_id = entry_id.clone();
                entries.push(Entry {
                    entry_id,
                    delivery_count: 1,
                    ingress_id,
                    payload: Payload::Missing,
                    trace: None,
                });
            }
            (_, name) => {
                if let (Some(entry), Some(value), Ok(name)) =
                    (entries.last_mut(), texts.next(), name)
                {
                    set(entry, &name, value);
                }
            }
        }
    }
    entries
}

fn set(entry: &mut Entry, name: &str, value: Vec<u8>) {
    match name {
        "order" if value.len() > MAX_ORDER_BYTES => entry.payload = Payload::TooLarge(value.len()),
        "order" => entry.payload = Payload::Order(value),
        "ingress" if value.len() <= LONGEST_INGRESS => {
            if let Ok(id) = String::from_utf8(value) {
                entry.ingress_id = id;
            }
        }
        // Anybody may write the field: what is no trace context is not carried on.
        "traceparent" => entry.trace = TraceParent::parse(&value),
        _ => {}
    }
}

/// The two numbers of an entry id; a text that is longer than any is not looked at.
fn entry_id(text: &[u8]) -> Option<(u64, u64)> {
    std::str::from_utf8(text)
        .ok()
        .filter(|text| text.len() <= LONGEST_ID)
        .and_then(entry_id::numbers)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An entry id with its fields.
    type Sent = (String, Vec<(String, Vec<u8>)>);

    fn flat(entries: &[Sent]) -> Vec<Value> {
        let mut values = vec![Value::Bytes(b"{orders}:ingress".to_vec())];
        for (id, fields) in entries {
            values.push(Value::Bytes(id.clone().into_bytes()));
            for (name, value) in fields {
                values.push(Value::Bytes(name.clone().into_bytes()));
                values.push(Value::Bytes(value.clone()));
            }
        }
        values
    }

    proptest! {
        #[test]
        fn entries_come_out_of_the_flat_list_as_they_went_in(
            fields in prop::collection::vec(
                prop::collection::vec(("[a-z]{0,9}|order|[0-9-]{0,4}x", prop::collection::vec(any::<u8>(), 0..9)), 1..5),
                0..9,
            ),
        ) {
            let sent: Vec<Sent> =
                fields.into_iter().enumerate().map(|(at, fields)| (format!("17-{}", at + 9), fields)).collect();
            let found = entries(flat(&sent));
            prop_assert_eq!(found.len(), sent.len());
            for (found, (id, fields)) in found.iter().zip(&sent) {
                prop_assert_eq!(&found.entry_id, id);
                let order = fields.iter().rfind(|(name, _)| name == "order").map(|(_, value)| value.clone());
                prop_assert_eq!(&found.payload, &order.map_or(Payload::Missing, Payload::Order));
            }
        }
    }

    #[test]
    fn an_entry_id_is_two_numbers_and_nothing_around_them() {
        assert_eq!(entry_id(b"1763708000000-12"), Some((1_763_708_000_000, 12)));
        let longest = format!("{}-{}", u64::MAX, u64::MAX);
        assert_eq!(entry_id(longest.as_bytes()), Some((u64::MAX, u64::MAX)));
        for other in [
            "",
            "-",
            "1",
            "1-",
            "-1",
            "+1-1",
            "1-1-1",
            "1 -1",
            "99999999999999999999-1",
            "order",
            "{-}",
        ] {
            assert_eq!(entry_id(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn nothing_comes_out_of_an_empty_reply() {
        for reply in [vec![], vec![Value::Nil], vec![Value::Bytes(b"{orders}:ingress".to_vec())]] {
            assert_eq!(entries(reply), []);
        }
    }
}
