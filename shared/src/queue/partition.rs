//! Partitions: one queue over several sets of streams, which may be on several servers.
//!
//! A partition is a whole queue of its own, with streams, dead letters, totals and workers; nothing moves from one to another. All that
//! they share is the rule here, which says by an order's identity where it belongs: copies of an order meet in one partition, so
//! that duplicates are caught as ever. Partition 0 has the name of the queue, and one partition alone is what there is by default.

use std::fmt;

use uuid::Uuid;

use super::dead_letters::LetterId;
use super::keys::QueueName;
use crate::settings::QueueSettings;

/// The most partitions: each needs variables of its own in `spin.toml`.
pub const MOST_PARTITIONS: usize = 8;

/// The partition of an order: CRC-32 (that of zlib and PNG) of its identity, written as 36 lower-case characters, modulo the
/// number of partitions.
///
/// Producers in other languages compute the same: `zlib.crc32(b"00000000-0000-4000-8000-000000000001") % 3` in Python.
pub fn partition_of(order: Uuid, partitions: usize) -> usize {
    if partitions <= 1 {
        return 0;
    }
    let mut text = Uuid::encode_buffer();
    let text = order.hyphenated().encode_lower(&mut text);
    crc32fast::hash(text.as_bytes()) as usize % partitions
}

impl QueueName {
    /// The name that a partition of this queue has: `orders` for the first, then `orders-1`, `orders-2`.
    pub fn of_partition(&self, partition: usize) -> Self {
        match partition {
            0 => self.clone(),
            partition => Self::joined(self, &partition.to_string()),
        }
    }
}

impl QueueSettings {
    /// The same settings for a partition of this queue.
    #[must_use]
    pub fn of_partition(&self, partition: usize) -> Self {
        Self { queue: self.queue.of_partition(partition), ..self.clone() }
    }
}

/// A dead letter of any partition: `1763692800000-0` in the first, `p2.1763692800000-0` in the third.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionLetter {
    /// The partition.
    pub partition: usize,
    /// The entry id there.
    pub id: LetterId,
}

impl PartitionLetter {
    /// Reads an id; `None` when it is none, or names a partition that does not exist.
    pub fn parse(text: &str, partitions: usize) -> Option<Self> {
        let Some(rest) = text.strip_prefix('p') else {
            return Some(Self { partition: 0, id: LetterId::parse(text)? });
        };
        let (number, id) = rest.split_once('.')?;
        let partition = (1..partitions).find(|partition| partition.to_string() == number)?;
        Some(Self { partition, id: LetterId::parse(id)? })
    }

    /// Writes the entry id of a partition's letter.
    pub fn text(partition: usize, id: &str) -> String {
        match partition {
            0 => id.to_owned(),
            partition => format!("p{partition}.{id}"),
        }
    }
}

impl fmt::Display for PartitionLetter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&Self::text(self.partition, self.id.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_belongs_where_the_documented_rule_says() {
        // Computed with Python: zlib.crc32(text.encode()) % 2, % 3 and % 8.
        for (order, by_2, by_3, by_8) in EXAMPLES {
            let order = Uuid::try_parse(order).unwrap();
            assert_eq!(partition_of(order, 1), 0);
            assert_eq!(
                [partition_of(order, 2), partition_of(order, 3), partition_of(order, 8)],
                [by_2, by_3, by_8]
            );
        }
    }

    #[test]
    fn the_page_about_partitions_has_the_same_examples() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/partitions.md");
        let page = std::fs::read_to_string(path).unwrap();
        for (order, by_2, by_3, by_8) in EXAMPLES {
            assert!(page.contains(&format!("| `{order}` | {by_2} | {by_3} | {by_8} |")), "{order}");
        }
    }

    #[test]
    fn however_an_identity_is_written_it_is_in_one_partition() {
        for text in ["8D5A5A23-F1C0-4B6E-9D3C-0A4C53F1F0AA", "8d5a5a23f1c04b6e9d3c0a4c53f1f0aa"] {
            let order = Uuid::try_parse(text).unwrap();
            let same = Uuid::try_parse("8d5a5a23-f1c0-4b6e-9d3c-0a4c53f1f0aa").unwrap();
            assert_eq!(partition_of(order, 7), partition_of(same, 7));
        }
    }

    #[test]
    fn orders_spread_evenly_by_consecutive_ids_too() {
        for partitions in 2..=MOST_PARTITIONS {
            let mut counts = vec![0u32; partitions];
            for number in 0..80_000u128 {
                counts
                    [partition_of(Uuid::from_u128(0x4000_8000_0000 << 64 | number), partitions)] +=
                    1;
            }
            let fair = 80_000 / partitions as u32;
            assert!(counts.iter().all(|count| count.abs_diff(fair) < fair / 20), "{counts:?}");
        }
    }

    #[test]
    fn a_partition_has_the_queues_name_with_its_number() {
        let queue = QueueName::default();
        assert_eq!(queue.of_partition(0).as_str(), "orders");
        assert_eq!(queue.of_partition(7).as_str(), "orders-7");
        assert_eq!(QueueSettings::default().of_partition(2).queue.as_str(), "orders-2");
    }

    #[test]
    fn a_letters_id_says_its_partition_and_nothing_else_is_one() {
        for (text, partition) in [("1763692800000-0", 0), ("p1.1763692800000-0", 1), ("p2.5-1", 2)]
        {
            let letter = PartitionLetter::parse(text, 3).expect(text);
            assert_eq!((letter.partition, letter.to_string().as_str()), (partition, text));
        }
        for text in [
            "p3.5-1",
            "p0.5-1",
            "p01.5-1",
            "p+1.5-1",
            "p1.",
            "p1",
            "p1.p1.5-1",
            "1.5-1",
            "P1.5-1",
            "p1.x",
        ] {
            assert_eq!(PartitionLetter::parse(text, 3), None, "{text}");
        }
        assert_eq!(PartitionLetter::parse("p1.5-1", 1), None, "there is one partition only");
    }

    const EXAMPLES: [(&str, usize, usize, usize); 4] = [
        ("00000000-0000-4000-8000-000000000001", 1, 1, 1),
        ("8d5a5a23-f1c0-4b6e-9d3c-0a4c53f1f0aa", 0, 0, 6),
        ("08c8df08-32cf-5e5f-bcaf-5006861e7eff", 0, 0, 4),
        ("0195a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a05", 0, 2, 2),
    ];
}
