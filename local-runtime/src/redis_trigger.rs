//! The Redis trigger: one task per address string, one message at a time in each.
//!
//! Channels under the same address string wait for each other, two strings that differ do not, even where they
//! mean the same server. Components that share a channel run concurrently for one message. A handler's error is logged
//! and dropped: no acknowledgement, no redelivery. Unlike Spin, a lost connection is made again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures_util::StreamExt;
use rand::Rng;
use redis::aio::PubSub;
use tokio::task::JoinSet;

use crate::app::Subscription;
use crate::component::{Components, LoadedComponent};
use crate::output::log;

/// The first and the longest pause between two attempts to connect.
const BACKOFF_MIN: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(2);
/// How long one attempt to connect and subscribe may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// How long nothing may be heard before the connection is tried with a `PING`.
const PING_AFTER: Duration = Duration::from_secs(5);

/// All subscriptions under one address string.
pub(crate) struct RedisTrigger {
    address: String,
    /// The address as it may be shown.
    shown: String,
    /// The components of each channel.
    channels: BTreeMap<String, Vec<Arc<LoadedComponent>>>,
    /// The channels as they may be shown, with the ids of their components.
    shown_channels: BTreeMap<String, Vec<String>>,
    reconnect: bool,
}

/// What is done when Redis can't be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnLoss {
    /// The trigger connects again for as long as it takes.
    Reconnect,
    /// The trigger ends, and with it the process.
    End,
}

impl RedisTrigger {
    /// One trigger for each address string.
    pub(crate) fn group(
        subscriptions: &[Subscription],
        components: &Components,
        on_loss: OnLoss,
    ) -> Vec<Self> {
        let mut triggers: BTreeMap<&str, Self> = BTreeMap::new();
        for Subscription { address, channel, component } in subscriptions {
            let Some(loaded) = components.get(component) else { continue };
            let trigger = triggers.entry(&address.text).or_insert_with(|| Self {
                address: address.text.clone(),
                shown: without_password(&address.shown),
                channels: BTreeMap::new(),
                shown_channels: BTreeMap::new(),
                reconnect: on_loss == OnLoss::Reconnect,
            });
            trigger.channels.entry(channel.text.clone()).or_default().push(loaded.clone());
            trigger.shown_channels.entry(channel.shown.clone()).or_default().push(component.clone());
        }
        triggers.into_values().collect()
    }

    /// The lines that tell which channels are listened to.
    pub(crate) fn banner(&self) -> Vec<String> {
        let channels =
            self.shown_channels.iter().map(|(channel, ids)| format!("\t{channel}: [{}]", ids.join(", ")));
        std::iter::once(format!("Active Channels on {}:", self.shown)).chain(channels).collect()
    }

    /// Connects and subscribes for the first time.
    ///
    /// # Errors
    /// When Redis can't be reached and no reconnecting is wanted.
    pub(crate) async fn connect(&self) -> Result<Option<PubSub>> {
        match self.attempt().await {
            Ok(connection) => Ok(Some(connection)),
            Err(error) if self.reconnect => {
                log(&format!("Redis at {} can't be reached, trying again: {error:#}", self.shown));
                Ok(None)
            }
            Err(error) => Err(error.context(format!("Redis at {} can't be reached", self.shown))),
        }
    }

    /// Handles messages for as long as the program runs, or, without reconnecting, until the connection is lost.
    pub(crate) async fn run(self, mut connection: Option<PubSub>) {
        loop {
            let subscribed = match connection.take() {
                Some(subscribed) => subscribed,
                None => self.reconnect().await,
            };
            let (mut sink, mut messages) = subscribed.split();
            loop {
                match tokio::time::timeout(PING_AFTER, messages.next()).await {
                    Ok(Some(message)) => {
                        self.handle(message.get_channel_name(), message.get_payload_bytes()).await;
                    }
                    Ok(None) => break,
                    // Nobody says that a half-open connection is dead; it looks like one on which nothing happens.
                    Err(_) if !self.reconnect => {}
                    Err(_) => match tokio::time::timeout(CONNECT_LIMIT, sink.ping::<redis::Value>()).await {
                        Ok(Ok(_)) => {}
                        _ => break,
                    },
                }
            }
            if !self.reconnect {
                log(&format!("lost Redis at {}", self.shown));
                return;
            }
            log(&format!("lost Redis at {}, reconnecting", self.shown));
        }
    }

    async fn reconnect(&self) -> PubSub {
        let mut pause = BACKOFF_MIN;
        loop {
            // Jitter, so that many programs do not come back to a restarted server in step.
            let jitter = rand::rng().random_range(0.5..1.0);
            tokio::time::sleep(pause.mul_f64(jitter)).await;
            if let Ok(connection) = self.attempt().await {
                log(&format!("Redis at {} is back", self.shown));
                return connection;
            }
            pause = (pause * 2).min(BACKOFF_MAX);
        }
    }

    async fn attempt(&self) -> Result<PubSub> {
        let subscribe = async {
            let client = redis::Client::open(self.address.as_str())?;
            let mut connection = client.get_async_pubsub().await?;
            for channel in self.channels.keys() {
                connection.subscribe(channel).await?;
            }
            redis::RedisResult::Ok(connection)
        };
        match tokio::time::timeout(CONNECT_LIMIT, subscribe).await {
            Ok(connection) => Ok(connection?),
            Err(_) => bail!("no answer within {} s", CONNECT_LIMIT.as_secs()),
        }
    }

    /// Runs the handlers of one message and waits for all of them.
    async fn handle(&self, channel: &str, payload: &[u8]) {
        let since = Instant::now();
        let components = self.channels.get(channel).map(Vec::as_slice).unwrap_or_default();
        // Each in a task of its own: they run on all cores, and a panic of one does not end the trigger.
        let mut handlers = JoinSet::new();
        for component in components {
            handlers.spawn(handle_and_log(component.clone(), channel.to_owned(), payload.to_vec(), since));
        }
        while handlers.join_next().await.is_some() {}
    }
}

async fn handle_and_log(component: Arc<LoadedComponent>, channel: String, payload: Vec<u8>, since: Instant) {
    if let Err(error) = run(&component, &payload, since).await {
        log(&format!("component {:?} failed at a message on {channel:?}: {error:#}", component.id()));
    }
}

async fn run(component: &LoadedComponent, payload: &Vec<u8>, since: Instant) -> Result<()> {
    let pre = component.redis.as_ref().context("it has no Redis trigger")?;
    let mut slot = component.slot().await?;
    let result = component
        .within_limit(async {
            let handler = pre.instantiate_async(&mut slot.store).await?;
            component.started(since);
            let handled =
                handler.fermyon_spin_inbound_redis().call_handle_message(&mut slot.store, payload).await?;
            match handled {
                Ok(()) => anyhow::Ok(()),
                Err(_) => bail!("its handler returned an error"),
            }
        })
        .await;
    result.map_err(|error| component.explain(error, &slot))
}

/// An address to show. One with a secret in it comes here as its template, which need not be a URL.
fn without_password(address: &str) -> String {
    match url::Url::parse(address) {
        Ok(mut url) if url.password().is_some() => match url.set_password(None) {
            Ok(()) => url.to_string(),
            Err(()) => "(address not shown)".to_owned(),
        },
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown_and_everything_else_is() {
        assert_eq!(without_password("redis://user:hush@host:6379/1"), "redis://user@host:6379/1");
        assert_eq!(without_password("redis://:hush@host:6379"), "redis://host:6379");
        assert_eq!(without_password("redis://host:6379/?trigger=a"), "redis://host:6379/?trigger=a");
        assert_eq!(without_password("redis://:{{ p }}@host"), "redis://host");
    }
}
