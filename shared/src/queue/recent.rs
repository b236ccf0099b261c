//! All orders that the streams know of, newest first, a page at a time.
//!
//! No index is kept: an order that comes or moves costs nothing for it. A page walks the streams backwards, from the newest entry or from
//! a cursor on, and is put together from what stands in ingress (queued), the lanes (routed), confirmations and dead letters. An
//! entry is as old as its last step, so an order that moves on goes to the front. What stays where it is stands on one page exactly,
//! however much comes in between.
//!
//! A copy of an order that waits to be found a duplicate is an entry as well. Discarded orders are in no stream.

use serde::Serialize;
use uuid::Uuid;

use super::Queue;
use super::execute::{Execute, QueueError, Reply};
use super::keys::{Lane, Stream};
use super::look::time_of;
use super::order_cursor::OrderCursor;
use super::scripts::{Call, RECENT, STEPS};
use crate::order::{MAX_ORDER_BYTES, Order};

/// Entries looked at in each stream by one call, where not every one is handed out.
const LOOKS: u32 = 200;
/// Calls for one page; a filter that matches seldom gives a short page and a cursor.
const MOST_CALLS: usize = 50;

/// The state of an order in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListedState {
    /// It waits to be routed.
    Queued,
    /// It is in its lane.
    Routed,
    /// It is done, and its confirmation is kept.
    Confirmed,
    /// It was set aside.
    DeadLettered,
}

/// Which orders are meant; what is `None` does not matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// In this state.
    pub state: Option<ListedState>,
    /// Routed to this lane. What is queued, or was set aside before it was routed, has none.
    pub lane: Option<Lane>,
}

/// Some orders, newest first.
#[derive(Debug, Default, Serialize)]
pub struct OrderPage {
    /// Those that match.
    pub orders: Vec<ListedOrder>,
    /// Where to go on; `None` at the end. Before it nothing may match.
    pub next: Option<OrderCursor>,
}

/// One order of a page. Of times, those are told that belong to the steps up to its state.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedOrder {
    /// Its place in the list.
    #[serde(skip)]
    pub(super) position: OrderCursor,
    /// Its identity; `None` where what waits or was set aside has none that can be read.
    pub id: Option<Uuid>,
    /// Where it is.
    pub state: ListedState,
    /// The lane it was routed to.
    pub lane: Option<String>,
    /// How much work it is, from when it is routed.
    pub score: Option<u32>,
    /// The code it was set aside with.
    pub code: Option<String>,
    /// When it came into ingress, as RFC 3339.
    pub queued_at: Option<String>,
    /// When it was put into its lane.
    pub routed_at: Option<String>,
    /// When it was confirmed.
    pub confirmed_at: Option<String>,
    /// When it was set aside.
    pub dead_lettered_at: Option<String>,
    /// The entry id of its dead letter.
    pub dead_letter: Option<String>,
}

/// A stream in the list. Its rank parts entries of one id, and says what kind of entry it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Waiting(Stream),
    Confirmations,
    DeadLetters,
}

/// How many streams a list is made from; a rank is less.
pub(super) const SOURCES: usize = Source::ALL.len();

impl Source {
    const ALL: [Self; 5] = [
        Self::Waiting(Stream::Ingress),
        Self::Waiting(Stream::Simple),
        Self::Waiting(Stream::Complex),
        Self::Confirmations,
        Self::DeadLetters,
    ];

    fn state(self) -> ListedState {
        match self {
            Self::Waiting(Stream::Ingress) => ListedState::Queued,
            Self::Waiting(_) => ListedState::Routed,
            Self::Confirmations => ListedState::Confirmed,
            Self::DeadLetters => ListedState::DeadLettered,
        }
    }

    /// The lane that all its entries have, if they have one.
    fn lane(self) -> Option<&'static str> {
        match self {
            Self::Waiting(stream) if stream != Stream::Ingress => Some(stream.as_str()),
            _ => None,
        }
    }

    fn may_hold(self, filter: &OrderFilter) -> bool {
        let has_state = filter.state.is_none_or(|state| state == self.state());
        let has_lane = filter.lane.is_none_or(|lane| match self {
            Self::Waiting(stream) => stream == lane.into(),
            Self::Confirmations | Self::DeadLetters => true,
        });
        has_state && has_lane
    }
}

impl ListedState {
    /// The state of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "queued" => Self::Queued,
            "routed" => Self::Routed,
            "confirmed" => Self::Confirmed,
            "dead-lettered" => Self::DeadLettered,
            _ => return None,
        })
    }
}

impl ListedOrder {
    /// An order of which nothing else is known.
    pub(super) fn in_state(state: ListedState) -> Self {
        Self {
            position: OrderCursor::default(),
            id: None,
            state,
            lane: None,
            score: None,
            code: None,
            queued_at: None,
            routed_at: None,
            confirmed_at: None,
            dead_lettered_at: None,
            dead_letter: None,
        }
    }
}

/// What an entry says by itself.
struct Found {
    position: OrderCursor,
    source: Source,
    entry: String,
    id: Option<Uuid>,
    ingress: String,
    lane: String,
    code: String,
}

impl<E: Execute> Queue<'_, E> {
    /// Up to `most` orders that match, newest first, from the one after `after` on.
    ///
    /// # Errors
    /// When Redis fails.
    pub fn recent(
        &mut self,
        filter: &OrderFilter,
        after: Option<OrderCursor>,
        most: u32,
    ) -> Result<OrderPage, QueueError> {
        let (mut found, mut next) = (Vec::new(), after);
        for _ in 0..MOST_CALLS {
            let room = most.saturating_sub(found.len() as u32);
            if room == 0 {
                break;
            }
            let (cursor, entries) = self.look_back(filter, next, room)?;
            found.extend(entries);
            next = cursor;
            if next.is_none() {
                break;
            }
        }
        Ok(OrderPage { orders: self.with_steps(found)?, next })
    }

    fn look_back(
        &mut self,
        filter: &OrderFilter,
        after: Option<OrderCursor>,
        most: u32,
    ) -> Result<(Option<OrderCursor>, Vec<Found>), QueueError> {
        let sources =
            || Source::ALL.into_iter().enumerate().filter(|(_, source)| source.may_hold(filter));
        let bounds: Vec<String> = sources()
            .map(|(rank, _)| after.map_or_else(|| "+".to_owned(), |cursor| cursor.bound(rank)))
            .collect();
        let mut call = Call::new();
        for (_, source) in sources() {
            call.key(match source {
                Source::Waiting(stream) => self.keys.stream(stream),
                Source::Confirmations => self.keys.confirmations(),
                Source::DeadLetters => self.keys.dead_letters(),
            });
        }
        // One more than is handed out says whether anything is left.
        let looks = if filter.lane.is_some() { LOOKS.max(most + 1) } else { most + 1 };
        call.arg(most)
            .arg(looks)
            .arg(filter.lane.map_or("", Lane::as_str))
            .arg(MAX_ORDER_BYTES as i64);
        for ((rank, _), bound) in sources().zip(&bounds) {
            call.arg(rank as i64).arg(bound);
        }
        let mut reply = RECENT.run(self.redis, call, "failed to list orders")?;
        let (last, rank) = (reply.text()?, reply.int()?);
        let next = OrderCursor::of_entry(&last, usize::try_from(rank).unwrap_or_default());
        let mut entries = Vec::new();
        while !reply.is_empty() {
            entries.push(entry(&mut reply)?);
        }
        Ok((next, entries))
    }

    /// Adds what the states of the orders know. They may have moved on meanwhile, so only what belongs to the entry is taken.
    fn with_steps(&mut self, found: Vec<Found>) -> Result<Vec<ListedOrder>, QueueError> {
        let is_routed = |entry: &Found| entry.source != Source::Waiting(Stream::Ingress);
        let ids = found.iter().filter(|entry| is_routed(entry)).filter_map(|entry| entry.id);
        let states: Vec<String> = ids.map(|id| self.keys.state(id)).collect();
        if states.is_empty() {
            return Ok(found.into_iter().map(|entry| entry.listed(&Steps::default())).collect());
        }
        let mut call = Call::new();
        for state in &states {
            call.key(state);
        }
        let mut reply = STEPS.run(self.redis, call, "failed to list orders")?;
        let mut orders = Vec::with_capacity(found.len());
        for entry in found {
            let steps = match entry.id {
                Some(_) if is_routed(&entry) => Steps::read(&mut reply)?,
                _ => Steps::default(),
            };
            orders.push(entry.listed(&steps));
        }
        Ok(orders)
    }
}

/// Takes one entry; anybody may have written it, so nothing in it is relied on.
fn entry(reply: &mut Reply) -> Result<Found, QueueError> {
    let rank = reply.count()? as usize;
    let source = *Source::ALL.get(rank).ok_or_else(|| reply.unexpected("a rank", None))?;
    let mut bytes = || reply.bytes();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (entry, order_id, order) = (text(bytes()?), text(bytes()?), bytes()?);
    let (ingress, lane, code) = (text(bytes()?), text(bytes()?), text(bytes()?));
    let id = match source {
        Source::Waiting(_) => Order::identity(&order),
        Source::Confirmations | Source::DeadLetters => Uuid::try_parse(&order_id).ok(),
    };
    let position =
        OrderCursor::of_entry(&entry, rank).ok_or_else(|| reply.unexpected("an entry id", None))?;
    Ok(Found { position, source, entry, id, ingress, lane, code })
}

/// What the state of an order knows; what it does not is "".
#[derive(Default)]
struct Steps {
    score: String,
    ingress: String,
    routed: String,
    confirmed: String,
    dead_letter: String,
}

impl Steps {
    fn read(reply: &mut Reply) -> Result<Self, QueueError> {
        Ok(Self {
            score: reply.text()?,
            ingress: reply.text()?,
            routed: reply.text()?,
            confirmed: reply.text()?,
            dead_letter: reply.text()?,
        })
    }
}

impl Found {
    fn listed(self, steps: &Steps) -> ListedOrder {
        let state = self.source.state();
        let mut listed = ListedOrder {
            position: self.position,
            id: self.id,
            lane: self
                .source
                .lane()
                .map(str::to_owned)
                .or(Some(self.lane).filter(|lane| !lane.is_empty())),
            ..ListedOrder::in_state(state)
        };
        let score = steps.score.parse().ok();
        match state {
            ListedState::Queued => listed.queued_at = time_of(&self.entry),
            ListedState::Routed => {
                listed.queued_at = time_of(&self.ingress);
                listed.routed_at = time_of(&self.entry);
                listed.score = score;
            }
            ListedState::Confirmed => {
                listed.confirmed_at = time_of(&self.entry);
                if steps.confirmed == self.entry {
                    (listed.queued_at, listed.routed_at) =
                        (time_of(&steps.ingress), time_of(&steps.routed));
                    listed.score = score;
                }
            }
            ListedState::DeadLettered => {
                listed.queued_at = time_of(&self.ingress);
                listed.dead_lettered_at = time_of(&self.entry);
                listed.code = Some(self.code);
                if steps.dead_letter == self.entry && listed.lane.is_some() {
                    listed.routed_at = time_of(&steps.routed);
                    listed.score = score;
                }
                listed.dead_letter = Some(self.entry);
            }
        }
        listed
    }
}
