//! Which message goes to whom, and what waits for what.
//!
//! Within one copy, messages under one address string are handled one at a time, in their order; components that share a channel
//! run concurrently for one message. No copy waits for a message of another one, although they share the connection; what all
//! have in common is the number of instances at once, so a copy whose handlers hang can still hold up the others. What waits
//! is held here without a limit, as in the client of Spin. An idle lane holds nothing.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use tokio::task::JoinSet;

use crate::component::Handler;
use crate::output::log;

/// The listeners of every channel under one address string.
#[derive(Default)]
pub(crate) struct Lanes {
    channels: HashMap<Arc<str>, Vec<Arc<Listener>>>,
    /// One for each copy that has a channel here.
    lanes: HashMap<usize, Arc<Lane>>,
}

/// The messages of one copy that wait for their turn.
#[derive(Default)]
struct Lane {
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// A task is at work and will look again before it ends.
    busy: bool,
    messages: VecDeque<Message>,
}

/// One channel of one copy.
struct Listener {
    lane: Arc<Lane>,
    channel: Arc<str>,
    handlers: Vec<Handler>,
}

struct Message {
    listener: Arc<Listener>,
    payload: Arc<[u8]>,
}

impl Lanes {
    /// Lets a component of a copy, which is given by its place, hear a channel.
    pub(crate) fn listen(&mut self, copy: usize, channel: &str, handler: Handler) {
        let lane = self.lanes.entry(copy).or_default();
        let channel: Arc<str> = match self.channels.get_key_value(channel) {
            Some((known, _)) => known.clone(),
            None => channel.into(),
        };
        let listeners = self.channels.entry(channel.clone()).or_default();
        let known = listeners.iter_mut().find(|listener| Arc::ptr_eq(&listener.lane, lane));
        match known.and_then(Arc::get_mut) {
            Some(listener) => listener.handlers.push(handler),
            None => {
                listeners.push(Arc::new(Listener {
                    lane: lane.clone(),
                    channel,
                    handlers: vec![handler],
                }));
            }
        }
    }

    /// All channels.
    pub(crate) fn channels(&self) -> Vec<&str> {
        self.channels.keys().map(|channel| &**channel).collect()
    }

    /// Hands a message to all who hear its channel. The work is done in tasks of the set.
    pub(crate) fn deliver(&self, channel: &str, payload: &[u8], tasks: &mut JoinSet<()>) {
        let Some(listeners) = self.channels.get(channel) else { return };
        let payload: Arc<[u8]> = payload.into();
        for listener in listeners {
            let mut waiting = listener.lane.waiting();
            waiting
                .messages
                .push_back(Message { listener: listener.clone(), payload: payload.clone() });
            if !waiting.busy {
                waiting.busy = true;
                tasks.spawn(listener.lane.clone().work());
            }
        }
    }
}

impl Lane {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Handles what waits, one message after the other.
    async fn work(self: Arc<Self>) {
        while let Some(message) = self.next() {
            message.handle().await;
        }
    }

    /// The next message; without one the lane is idle from then on.
    fn next(&self) -> Option<Message> {
        let mut waiting = self.waiting();
        let next = waiting.messages.pop_front();
        if next.is_none() {
            *waiting = Waiting::default();
        }
        next
    }
}

impl Message {
    /// Runs the handlers of one message and waits for all of them.
    async fn handle(self) {
        let since = Instant::now();
        // Each in a task of its own: they run on all cores, and a panic of one does not end the lane.
        let mut handlers = JoinSet::new();
        for handler in &self.listener.handlers {
            let (handler, listener) = (handler.clone(), self.listener.clone());
            let payload = self.payload.to_vec();
            handlers.spawn(async move {
                if let Err(error) = run(&handler, &payload, since).await {
                    let (name, channel) = (handler.name(), &listener.channel);
                    log(&format!("{name} failed at a message on {channel:?}: {error:#}"));
                }
            });
        }
        while handlers.join_next().await.is_some() {}
    }
}

async fn run(handler: &Handler, payload: &Vec<u8>, since: Instant) -> Result<()> {
    let component = &handler.component;
    let pre = component.redis.as_ref().context("it has no Redis trigger")?;
    let mut slot = handler.slot().await?;
    let result = component
        .within_limit(async {
            let guest = pre.instantiate_async(&mut slot.store).await?;
            component.started(since);
            let handled = guest
                .fermyon_spin_inbound_redis()
                .call_handle_message(&mut slot.store, payload)
                .await?;
            match handled {
                Ok(()) => anyhow::Ok(()),
                Err(_) => bail!("its handler returned an error"),
            }
        })
        .await;
    result.map_err(|error| component.explain(error, &slot))
}
