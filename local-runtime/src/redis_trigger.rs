//! The Redis trigger: one connection per address string.
//!
//! Messages under one address string are handled one at a time, in order. Messages under different
//! strings are handled in parallel, even if the strings name the same server. Components that share
//! a channel run concurrently for one message. Waiting messages are buffered without a limit, as in
//! Spin's client. A handler's error is logged and dropped: no acknowledgement, no redelivery.
//! Unlike Spin, the trigger reconnects.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use futures_util::StreamExt;
use rand::Rng;
use redis::Msg;
use redis::aio::PubSub;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use wasmtime::Store;

use crate::app::{App, Subscription};
use crate::bindings;
use crate::component::{Components, LoadedComponent};
use crate::instance::State;
use crate::output::log;

/// Minimum and maximum pause between two attempts to connect.
const BACKOFF_MIN: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(2);
/// How long one attempt to connect and subscribe may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// Silence after which the connection is tested with a `PING`.
const PING_AFTER: Duration = Duration::from_secs(5);

/// All subscriptions under one address string.
pub(crate) struct RedisTrigger {
    address: String,
    /// The address without secrets, for output.
    shown: String,
    channels: Arc<Channels>,
    reconnect: bool,
}

type Channels = BTreeMap<String, Channel>;

#[derive(Default)]
struct Channel {
    /// Its name without secrets, for output.
    shown: String,
    components: Vec<Arc<LoadedComponent>>,
}

impl RedisTrigger {
    /// One trigger for each address string. Without `reconnect`, an unreachable Redis ends the
    /// trigger, and with it the process.
    pub(crate) fn group(app: &App, components: &Components, reconnect: bool) -> Vec<Self> {
        let mut addresses: BTreeMap<&str, (&str, Channels)> = BTreeMap::new();
        for Subscription { address, channel, component } in &app.subscriptions {
            let Some(component) = components.by_id.get(component) else { continue };
            let (_, channels) =
                addresses.entry(&address.text).or_insert((&address.shown, Channels::new()));
            let subscribed = channels.entry(channel.text.clone()).or_default();
            subscribed.shown.clone_from(&channel.shown);
            subscribed.components.push(component.clone());
        }
        let triggers = addresses.into_iter().map(|(address, (shown, channels))| Self {
            address: address.to_owned(),
            shown: without_password(shown),
            channels: Arc::new(channels),
            reconnect,
        });
        triggers.collect()
    }

    /// The channels, each with its components.
    pub(crate) fn banner(&self) -> Vec<String> {
        let mut lines = vec![format!("Active Channels on {}:", self.shown)];
        for Channel { shown, components } in self.channels.values() {
            let ids: Vec<_> = components.iter().map(|one| one.config.id.as_str()).collect();
            lines.push(format!("\t{shown}: [{}]", ids.join(", ")));
        }
        lines
    }

    /// Connects and subscribes for the first time.
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

    /// Handles messages as long as the program runs. Without `reconnect`, returns when the
    /// connection is lost.
    pub(crate) async fn run(self, mut connection: Option<PubSub>) {
        let (sender, messages) = mpsc::unbounded_channel();
        let handling = tokio::spawn(handle_all(self.channels.clone(), messages));
        loop {
            let subscribed = match connection.take() {
                Some(subscribed) => subscribed,
                None => self.reconnect().await,
            };
            self.read(subscribed, &sender).await;
            if !self.reconnect {
                break;
            }
            log(&format!("lost Redis at {}, reconnecting", self.shown));
        }
        log(&format!("lost Redis at {}", self.shown));
        drop(sender);
        let _ = handling.await;
    }

    /// Reads messages until the connection is lost.
    async fn read(&self, subscribed: PubSub, messages: &mpsc::UnboundedSender<Msg>) {
        let (mut sink, mut stream) = subscribed.split();
        loop {
            match tokio::time::timeout(PING_AFTER, stream.next()).await {
                Ok(Some(message)) => {
                    let _ = messages.send(message);
                }
                Ok(None) => return,
                // A half-open connection is silent and reports no error.
                Err(_) if !self.reconnect => {}
                Err(_) => {
                    let pong = tokio::time::timeout(CONNECT_LIMIT, sink.ping::<redis::Value>());
                    if !matches!(pong.await, Ok(Ok(_))) {
                        return;
                    }
                }
            }
        }
    }

    async fn reconnect(&self) -> PubSub {
        let mut pause = BACKOFF_MIN;
        loop {
            // Jitter, so that many programs do not reconnect to a restarted server at once.
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
            connection.subscribe(self.channels.keys().collect::<Vec<_>>()).await?;
            redis::RedisResult::Ok(connection)
        };
        match tokio::time::timeout(CONNECT_LIMIT, subscribe).await {
            // The text includes the cause.
            Ok(connection) => connection.map_err(|error| anyhow!("{error}")),
            Err(_) => bail!("no answer within {} s", CONNECT_LIMIT.as_secs()),
        }
    }
}

/// Handles messages one after another.
async fn handle_all(channels: Arc<Channels>, mut messages: mpsc::UnboundedReceiver<Msg>) {
    while let Some(message) = messages.recv().await {
        let Some(channel) = channels.get(message.get_channel_name()) else { continue };
        // Each in a separate task: they run on all cores, and a panic of one does not end the
        // others.
        let mut handlers = JoinSet::new();
        for component in &channel.components {
            let (component, message) = (component.clone(), message.clone());
            handlers.spawn(async move {
                if let Err(error) = handle(&component, message.get_payload_bytes()).await {
                    let (id, channel) = (&component.config.id, message.get_channel_name());
                    log(&format!("component {id:?} failed at a message on {channel:?}: {error:#}"));
                }
            });
        }
        while handlers.join_next().await.is_some() {}
    }
}

async fn handle(component: &LoadedComponent, payload: &[u8]) -> Result<()> {
    let pre = component.redis.as_ref().context("it has no Redis trigger")?;
    let payload = payload.to_vec();
    let call = async |store: &mut Store<State>, guest: bindings::redis_trigger::RedisTrigger| {
        let inbound = guest.fermyon_spin_inbound_redis();
        match inbound.call_handle_message(store, &payload).await? {
            Ok(()) => Ok(()),
            Err(_) => bail!("its handler returned an error"),
        }
    };
    component.handle(async |store| pre.instantiate_async(store).await, call).await
}

/// An address for output. An address with a secret is given as its template, perhaps not a URL.
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
mod tests;
