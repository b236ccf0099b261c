//! The list of orders over all partitions: their pages, merged by time.

use serde::Serialize;

use super::execute::QueueError;
use super::order_cursor::OrderCursor;
use super::partition::PartitionLetter;
use super::recent::{ListedOrder, OrderPage};
use super::spread::Unavailable;

/// Orders of all partitions, newest first.
#[derive(Debug, Default, Serialize)]
pub struct AllOrders {
    /// The orders, and where to go on.
    #[serde(flatten)]
    pub page: OrderPage,
    /// Partitions that did not answer and were passed over.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unavailable: Vec<Unavailable>,
}

impl AllOrders {
    /// Up to `most` orders from the one after `after` on; `look` reads so many of one partition.
    ///
    /// # Errors
    /// When no partition answers.
    pub fn page(
        partitions: usize,
        after: Option<OrderCursor>,
        most: u32,
        mut look: impl FnMut(usize, Option<OrderCursor>, u32) -> Result<OrderPage, QueueError>,
    ) -> Result<Self, QueueError> {
        let mut all = Self::default();
        let (mut found, mut horizon) = (Vec::<ListedOrder>::new(), None);
        for partition in 0..partitions {
            match look(partition, after.map(|after| after.within(partition)), most) {
                Ok(page) => {
                    found.extend(
                        page.orders.into_iter().map(|order| of_partition(order, partition)),
                    );
                    horizon = horizon.max(page.next.map(|next| next.of_partition(partition)));
                }
                Err(error) if all.unavailable.len() + 1 == partitions => return Err(error),
                Err(error) => {
                    let code = error.trouble().problem().code;
                    all.unavailable.push(Unavailable { partition, code });
                }
            }
        }
        found.sort_by_key(|order| std::cmp::Reverse(order.position));
        // Beyond its page a partition may hold orders that are newer than what is left of the others.
        found.retain(|order| horizon.is_none_or(|horizon| order.position >= horizon));
        all.page.next = horizon;
        if found.len() > most as usize {
            found.truncate(most as usize);
            all.page.next = found.last().map(|last| last.position);
        }
        all.page.orders = found;
        Ok(all)
    }
}

fn of_partition(mut order: ListedOrder, partition: usize) -> ListedOrder {
    order.position = order.position.of_partition(partition);
    order.dead_letter = order.dead_letter.map(|id| PartitionLetter::text(partition, &id));
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::{ExecuteError, ListedState};

    fn order(position: &str) -> ListedOrder {
        ListedOrder {
            position: OrderCursor::parse(position, 1).unwrap(),
            ..ListedOrder::in_state(ListedState::Queued)
        }
    }

    /// A partition that holds these entries, newest first, and gives them out as a queue does.
    fn look(entries: &[&str], after: Option<OrderCursor>, most: u32) -> OrderPage {
        let left: Vec<ListedOrder> = entries
            .iter()
            .map(|entry| order(entry))
            .filter(|order| after.is_none_or(|after| order.position < after))
            .collect();
        let next = left
            .get(most as usize)
            .and_then(|_| left.get(most as usize - 1))
            .map(|last| last.position);
        OrderPage { orders: left.into_iter().take(most as usize).collect(), next }
    }

    #[test]
    fn pages_of_several_partitions_hold_every_order_once_from_new_to_old() {
        let partitions = [
            vec!["9-1.3", "9-1.0", "7-2.4", "5-0.1", "1-1.0"],
            vec!["9-1.3", "9-1.1", "8-0.0", "5-0.1", "5-0.0"],
            vec!["20-0.0"],
        ];
        for most in 1..=12 {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let all = AllOrders::page(3, after, most, |partition, after, most| {
                    Ok(look(&partitions[partition], after, most))
                });
                let page = all.unwrap().page;
                assert!(page.orders.len() <= most as usize);
                seen.extend(page.orders.iter().map(|order| order.position));
                let Some(next) = page.next else { break };
                assert_eq!(OrderCursor::parse(&next.to_string(), 3), Some(next));
                after = Some(next);
            }
            assert_eq!(seen.len(), 11, "{most} on a page");
            assert!(seen.is_sorted_by(|newer, older| newer > older), "{most} on a page: {seen:?}");
        }
    }

    #[test]
    fn a_partition_that_is_away_is_named_and_all_away_is_an_error() {
        let away = || QueueError::Redis { what: "failed", source: ExecuteError("refused".into()) };
        let all = AllOrders::page(2, None, 5, |partition, after, most| match partition {
            0 => Err(away()),
            _ => Ok(look(&["1-1.0"], after, most)),
        });
        let all = all.unwrap();
        assert_eq!(all.page.orders.len(), 1);
        assert_eq!(
            (all.unavailable[0].partition, all.unavailable[0].code),
            (0, "queue_unavailable")
        );
        assert_eq!(AllOrders::page(2, None, 5, |_, _, _| Err(away())).unwrap_err(), away());
    }
}
