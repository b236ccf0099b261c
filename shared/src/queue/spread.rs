//! One request over several partitions: orders are written where they belong, and what is seen of each partition is added up.
//!
//! Each partition is asked by a function that the caller gives; one that is away or full concerns its own orders and no others.
//! There is no step that all partitions take together: what is written in one stays written, whatever becomes of the rest.

use serde::Serialize;
use uuid::Uuid;

use super::dead_letters::{LetterId, LetterPage};
use super::execute::QueueError;
use super::look::{Enqueued, Stats};
use super::partition::{PartitionLetter, partition_of};

/// An order with its identity.
type Order<'a> = (Uuid, &'a [u8]);

/// What became of the orders of a request.
#[derive(Debug, Default)]
pub struct Spread {
    /// Orders that wait or are in flight in the partitions that answered.
    pub backlog: u64,
    /// The positions of orders that are not known to be written, in rising order, with the reason of their partition.
    pub unwritten: Vec<(usize, Unwritten)>,
    /// What kept partitions from doing their part, with their numbers.
    pub troubles: Vec<(usize, QueueError)>,
}

/// Why the orders of a partition are not known to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unwritten {
    /// The partition.
    pub partition: usize,
    /// Whether it was full; otherwise its Redis did not do its part.
    pub is_full: bool,
    /// Where in [`Spread::troubles`] the trouble stands.
    trouble: usize,
}

impl Spread {
    /// Writes each order to its partition with one call of `enqueue` for each partition that has any.
    pub fn enqueue<'a>(
        orders: &[Order<'a>],
        partitions: usize,
        mut enqueue: impl FnMut(usize, &[Order<'a>]) -> Result<Enqueued, QueueError>,
    ) -> Self {
        let mut spread = Self::default();
        if partitions <= 1 {
            let enqueued = enqueue(0, orders);
            spread.enter(0, 0..orders.len(), enqueued);
            return spread;
        }
        let mut positions = vec![Vec::new(); partitions];
        for (position, (id, _)) in orders.iter().enumerate() {
            positions[partition_of(*id, partitions)].push(position);
        }
        for (partition, positions) in
            positions.into_iter().enumerate().filter(|(_, own)| !own.is_empty())
        {
            let own: Vec<Order<'a>> = positions.iter().map(|position| orders[*position]).collect();
            let enqueued = enqueue(partition, &own);
            spread.enter(partition, positions, enqueued);
        }
        spread.unwritten.sort_by_key(|(position, _)| *position);
        spread
    }

    fn enter(
        &mut self,
        partition: usize,
        positions: impl IntoIterator<Item = usize>,
        enqueued: Result<Enqueued, QueueError>,
    ) {
        let trouble = self.troubles.len();
        let is_full = match enqueued {
            Ok(Enqueued::Written { backlog }) => {
                self.backlog += backlog;
                return;
            }
            Ok(Enqueued::Full { backlog }) => {
                self.backlog += backlog;
                true
            }
            Err(error) => {
                self.troubles.push((partition, error));
                false
            }
        };
        let why = Unwritten { partition, is_full, trouble };
        self.unwritten.extend(positions.into_iter().map(|position| (position, why)));
    }

    /// What kept the partition of an order from doing its part; `None` when it was full.
    pub fn trouble(&self, unwritten: Unwritten) -> Option<&QueueError> {
        self.troubles.get(unwritten.trouble).map(|(_, error)| error).filter(|_| !unwritten.is_full)
    }
}

/// A look at one of several partitions.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PartitionStats {
    /// Its number.
    pub partition: usize,
    /// The name of its queue.
    pub queue: String,
    /// The stable code of what keeps its Redis from answering.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// What is in it, when it answers.
    #[serde(flatten)]
    pub stats: Option<Stats>,
}

/// A look at all partitions.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AllStats {
    /// The sum of those that answer. A stream counts as paused when it is in one of them.
    #[serde(flatten)]
    pub sum: Stats,
    /// Each of them.
    pub partitions: Vec<PartitionStats>,
}

impl AllStats {
    /// Adds up; `None` when no partition answers.
    pub fn of(partitions: Vec<PartitionStats>) -> Option<Self> {
        let sum = partitions
            .iter()
            .filter_map(|partition| partition.stats.clone())
            .reduce(Stats::plus)?;
        Some(Self { sum, partitions })
    }
}

/// Letters of all partitions: those of the first, oldest first, then those of the second.
#[derive(Debug, Default, Serialize)]
pub struct AllLetters {
    /// The letters, whose ids say their partitions, and where to go on.
    #[serde(flatten)]
    pub page: LetterPage,
    /// Partitions that did not answer and were passed over.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unavailable: Vec<Unavailable>,
}

/// A partition that did not answer.
#[derive(Debug, Serialize)]
pub struct Unavailable {
    /// The partition.
    pub partition: usize,
    /// The stable code of what keeps it from answering.
    pub code: &'static str,
}

impl AllLetters {
    /// Up to `most` letters from the one after `after` on; `look` reads so many of one partition.
    ///
    /// # Errors
    /// When no partition that was asked answers.
    pub fn page(
        partitions: usize,
        after: Option<&PartitionLetter>,
        most: u32,
        mut look: impl FnMut(usize, Option<&LetterId>, u32) -> Result<LetterPage, QueueError>,
    ) -> Result<Self, QueueError> {
        let mut all = Self::default();
        let first = after.map_or(0, |after| after.partition);
        let mut has_answered = false;
        for partition in first..partitions {
            let room = most.saturating_sub(all.page.dead_letters.len() as u32);
            if room == 0 {
                all.page.next = Some(PartitionLetter::text(partition, "0-0"));
                break;
            }
            let after = after.filter(|after| after.partition == partition).map(|after| &after.id);
            match look(partition, after, room) {
                Ok(page) => {
                    has_answered = true;
                    all.page.dead_letters.extend(page.dead_letters.into_iter().map(
                        |mut letter| {
                            letter.id = PartitionLetter::text(partition, &letter.id);
                            letter
                        },
                    ));
                    if let Some(next) = page.next {
                        all.page.next = Some(PartitionLetter::text(partition, &next));
                        break;
                    }
                }
                Err(error) if !has_answered && partition + 1 == partitions => return Err(error),
                Err(error) => {
                    let code = error.trouble().problem().code;
                    all.unavailable.push(Unavailable { partition, code });
                }
            }
        }
        Ok(all)
    }
}

impl Stats {
    /// Both added up: lengths and counters are sums, the oldest entry is the older one.
    #[must_use]
    pub fn plus(mut self, other: Self) -> Self {
        for (name, theirs) in other.streams {
            let Some(ours) = self.streams.get_mut(name) else { continue };
            ours.length += theirs.length;
            ours.pending += theirs.pending;
            ours.oldest_ms = ours.oldest_ms.max(theirs.oldest_ms);
            ours.added += theirs.added;
            ours.paused = ours.paused.take().or(theirs.paused);
        }
        self.confirmations += other.confirmations;
        self.dead_letters += other.dead_letters;
        for (name, count) in other.totals {
            *self.totals.entry(name).or_default() += count;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::{DeadLetter, ExecuteError, Stream, StreamStats};

    fn ids(count: u128) -> Vec<Uuid> {
        (1..=count).map(Uuid::from_u128).collect()
    }

    fn away() -> QueueError {
        QueueError::Redis { what: "failed to enqueue", source: ExecuteError("refused".into()) }
    }

    #[test]
    fn every_order_goes_to_its_partition_once_and_in_the_order_of_the_request() {
        let ids = ids(100);
        let orders: Vec<Order<'_>> = ids.iter().map(|id| (*id, b"{}".as_slice())).collect();
        let mut seen = Vec::new();
        let spread = Spread::enqueue(&orders, 3, |partition, own| {
            assert!(own.iter().all(|(id, _)| partition_of(*id, 3) == partition));
            assert!(own.is_sorted_by_key(|(id, _)| *id));
            seen.extend(own.iter().map(|(id, _)| *id));
            Ok(Enqueued::Written { backlog: own.len() as u64 })
        });
        seen.sort();
        assert_eq!(seen, ids);
        assert_eq!((spread.backlog, spread.unwritten.len()), (100, 0));
    }

    #[test]
    fn a_partition_that_is_away_or_full_concerns_its_own_orders_only() {
        let ids = ids(100);
        let orders: Vec<Order<'_>> = ids.iter().map(|id| (*id, b"{}".as_slice())).collect();
        let spread = Spread::enqueue(&orders, 3, |partition, _| match partition {
            0 => Err(away()),
            1 => Ok(Enqueued::Full { backlog: 7 }),
            _ => Ok(Enqueued::Written { backlog: 5 }),
        });
        assert_eq!(spread.backlog, 12);
        assert!(spread.unwritten.is_sorted_by_key(|(position, _)| *position));
        for (position, id) in ids.iter().enumerate() {
            let found = spread.unwritten.iter().find(|(unwritten, _)| *unwritten == position);
            let found =
                found.map(|(_, why)| (why.partition, why.is_full, spread.trouble(*why).is_some()));
            let expected = [Some((0, false, true)), Some((1, true, false)), None];
            assert_eq!(found, expected[partition_of(*id, 3)], "{position}");
        }
    }

    #[test]
    fn a_request_without_orders_for_a_partition_does_not_ask_it() {
        let id = Uuid::from_u128(1);
        let mut asked = Vec::new();
        Spread::enqueue(&[(id, b"{}")], 8, |partition, own| {
            asked.push((partition, own.len()));
            Ok(Enqueued::Written { backlog: 1 })
        });
        assert_eq!(asked, [(partition_of(id, 8), 1)]);
    }

    /// Partitions with two letters each, read by pages; those in `away` do not answer. The ids of each page.
    fn pages(partitions: usize, most: u32, away: &[usize]) -> Vec<Vec<String>> {
        let (mut cursor, mut pages): (Option<PartitionLetter>, _) = (None, Vec::new());
        loop {
            let all =
                AllLetters::page(partitions, cursor.as_ref(), most, |partition, after, room| {
                    if away.contains(&partition) {
                        return Err(self::away());
                    }
                    let ids = ["1-0", "2-0"]
                        .into_iter()
                        .filter(|id| after.is_none_or(|after| *id > after.as_str()));
                    let found: Vec<&str> = ids.collect();
                    let shown: Vec<&str> = found.iter().copied().take(room as usize).collect();
                    let next =
                        (shown.len() < found.len()).then(|| shown.last().unwrap().to_string());
                    let letter =
                        |id: &&str| DeadLetter { id: (*id).to_owned(), ..DeadLetter::default() };
                    Ok(LetterPage { dead_letters: shown.iter().map(letter).collect(), next })
                })
                .unwrap();
            assert!(all.unavailable.iter().all(|left_out| away.contains(&left_out.partition)));
            pages.push(all.page.dead_letters.into_iter().map(|letter| letter.id).collect());
            match all.page.next {
                Some(next) => cursor = Some(PartitionLetter::parse(&next, partitions).unwrap()),
                None => return pages,
            }
        }
    }

    #[test]
    fn letters_of_all_partitions_are_listed_once_each_whatever_the_size_of_a_page() {
        let expected = ["1-0", "2-0", "p1.1-0", "p1.2-0", "p2.1-0", "p2.2-0"];
        for most in 1..=7 {
            assert_eq!(pages(3, most, &[]).concat(), expected, "{most}");
            assert_eq!(
                pages(3, most, &[1]).concat(),
                [&expected[..2], &expected[4..]].concat(),
                "{most}"
            );
            assert_eq!(pages(1, most, &[]).concat(), expected[..2], "{most}");
        }
        assert!(AllLetters::page(2, None, 10, |_, _, _| Err(away())).is_err());
    }

    #[test]
    fn statistics_add_up_over_the_partitions_that_answer() {
        let stats = |length, oldest_ms, confirmed: u64| Stats {
            streams: Stream::ALL
                .map(|stream| {
                    let added = length + 10;
                    let stats = StreamStats { length, pending: 1, oldest_ms, added, paused: None };
                    (stream.as_str(), stats)
                })
                .into(),
            confirmations: 10,
            dead_letters: 2,
            totals: [("confirmed_simple".to_owned(), confirmed), (format!("routed_{length}"), 1)]
                .into(),
        };
        let partition =
            |partition, stats| PartitionStats { partition, queue: "q".into(), code: None, stats };
        let all = AllStats::of(vec![
            partition(0, Some(stats(3, 50, 7))),
            partition(1, None),
            partition(2, Some(stats(4, 20, 1))),
        ]);
        let sum = all.unwrap().sum;
        let ingress = &sum.streams["ingress"];
        assert_eq!((ingress.length, ingress.pending, ingress.oldest_ms), (7, 2, 50));
        assert_eq!(ingress.added, 27);
        assert_eq!((sum.confirmations, sum.dead_letters), (20, 4));
        assert_eq!(sum.totals["confirmed_simple"], 8);
        assert_eq!((sum.totals["routed_3"], sum.totals["routed_4"]), (1, 1));
        assert!(AllStats::of(vec![partition(0, None)]).is_none());
    }
}
