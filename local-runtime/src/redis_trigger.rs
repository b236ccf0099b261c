//! The Redis trigger: one connection per address string, which all copies with that string share.
//!
//! In each copy, channels under the same address string wait for each other, two strings that differ do not, even where they
//! mean the same server (see `lanes`). A handler's error is logged and dropped: no acknowledgement, no redelivery. Unlike
//! Spin, a lost connection is made again.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, bail};
use futures_util::StreamExt;
use rand::Rng;
use redis::aio::PubSub;
use tokio::task::JoinSet;

use crate::app::{App, AppCopy, Subscription};
use crate::component::Components;
use crate::lanes::Lanes;
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
    lanes: Lanes,
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
    /// One trigger for each address string of all copies.
    pub(crate) fn group(app: &App, components: &Components, on_loss: OnLoss) -> Vec<Self> {
        let mut triggers: BTreeMap<&str, Self> = BTreeMap::new();
        for (copy, app_copy) in app.copies.iter().enumerate() {
            for Subscription { address, channel, component } in &app_copy.subscriptions {
                let Some(handler) = components.handler(copy, component) else { continue };
                let trigger = triggers.entry(&address.text).or_insert_with(|| Self {
                    address: address.text.clone(),
                    shown: without_password(&address.shown),
                    lanes: Lanes::default(),
                    reconnect: on_loss == OnLoss::Reconnect,
                });
                trigger.lanes.listen(copy, &channel.text, handler);
            }
        }
        triggers.into_values().collect()
    }

    /// The lines that tell which channels are listened to; of several copies only how many, for they are alike.
    pub(crate) fn banner(app: &App, triggers: &[Self]) -> Vec<String> {
        if let [AppCopy { subscriptions, .. }] = &app.copies[..] {
            return channel_lines(subscriptions);
        }
        let channels: usize = app.copies.iter().map(|copy| copy.subscriptions.len()).sum();
        let (copies, connections) = (app.copies.len(), triggers.len());
        vec![format!("Active Channels of {copies} copies: {channels} on {connections} connections")]
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
        let mut handling = JoinSet::new();
        loop {
            let subscribed = match connection.take() {
                Some(subscribed) => subscribed,
                None => self.reconnect().await,
            };
            let (mut sink, mut messages) = subscribed.split();
            loop {
                // What is done is dropped with what it holds.
                while handling.try_join_next().is_some() {}
                match tokio::time::timeout(PING_AFTER, messages.next()).await {
                    Ok(Some(message)) => {
                        let payload = message.get_payload_bytes();
                        self.lanes.deliver(message.get_channel_name(), payload, &mut handling);
                    }
                    Ok(None) => break,
                    // Nobody says that a half-open connection is dead; it looks like one on which nothing happens.
                    Err(_) if !self.reconnect => {}
                    Err(_) => {
                        match tokio::time::timeout(CONNECT_LIMIT, sink.ping::<redis::Value>()).await
                        {
                            Ok(Ok(_)) => {}
                            _ => break,
                        }
                    }
                }
            }
            if !self.reconnect {
                log(&format!("lost Redis at {}", self.shown));
                while handling.join_next().await.is_some() {}
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
            connection.subscribe(self.lanes.channels()).await?;
            redis::RedisResult::Ok(connection)
        };
        match tokio::time::timeout(CONNECT_LIMIT, subscribe).await {
            Ok(connection) => Ok(connection?),
            Err(_) => bail!("no answer within {} s", CONNECT_LIMIT.as_secs()),
        }
    }
}

/// The channels of one copy under their addresses, each with its components.
fn channel_lines(subscriptions: &[Subscription]) -> Vec<String> {
    let mut addresses: BTreeMap<&str, (&str, BTreeMap<&str, Vec<&str>>)> = BTreeMap::new();
    for Subscription { address, channel, component } in subscriptions {
        let (_, channels) =
            addresses.entry(&address.text).or_insert((&address.shown, BTreeMap::new()));
        channels.entry(&channel.shown).or_default().push(component);
    }
    let mut lines = Vec::new();
    for (shown, channels) in addresses.into_values() {
        lines.push(format!("Active Channels on {}:", without_password(shown)));
        lines.extend(
            channels.iter().map(|(channel, ids)| format!("\t{channel}: [{}]", ids.join(", "))),
        );
    }
    lines
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
        assert_eq!(
            without_password("redis://host:6379/?trigger=a"),
            "redis://host:6379/?trigger=a"
        );
        assert_eq!(without_password("redis://:{{ p }}@host"), "redis://host");
    }
}
