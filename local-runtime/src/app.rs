//! Resolves a manifest into components, routes and subscriptions, and fills in every template.
//!
//! Errors are reported before anything is compiled or listens. An unsupported field of a component
//! is an error only if the component will run, so `--component-id` can exclude others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail, ensure};
use toml::Value;

use crate::cli::UpOptions;
use crate::hosts::AllowedHosts;
use crate::manifest::{self, Executor, HttpTrigger, Manifest, RedisTrigger, StaticResponse};
use crate::variables::{Rendered, Variables, check_name, is_words};

/// An application ready to be compiled and run.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The folder of the manifest.
    pub(crate) folder: PathBuf,
    /// The components that a selected trigger names, by id.
    pub(crate) components: BTreeMap<String, ComponentConfig>,
    pub(crate) routes: Vec<Route>,
    pub(crate) subscriptions: Vec<Subscription>,
}

#[derive(Debug)]
pub(crate) struct ComponentConfig {
    pub(crate) id: String,
    pub(crate) has_http: bool,
    pub(crate) has_redis: bool,
    pub(crate) description: Option<String>,
    pub(crate) wasm: PathBuf,
    /// The Wasm files of its dependencies, by their names.
    pub(crate) dependencies: BTreeMap<String, PathBuf>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) allowed_hosts: Arc<AllowedHosts>,
}

#[derive(Debug)]
pub(crate) struct Route {
    /// As written, for example `/orders/...`.
    pub(crate) path: String,
    pub(crate) target: Target,
}

/// What answers a route.
#[derive(Debug)]
pub(crate) enum Target {
    /// The component with this id.
    Component(String),
    /// A fixed reply.
    Static(http::Response<String>),
}

/// One Redis channel of one component.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) address: Rendered,
    pub(crate) channel: Rendered,
    pub(crate) component: String,
}

impl App {
    /// Loads the manifest that the options name, with the variables of this process's environment.
    pub(crate) fn load(options: &UpOptions) -> Result<Self> {
        let path = if options.from.is_dir() {
            options.from.join("spin.toml")
        } else {
            options.from.clone()
        };
        let folder = match path.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let manifest = manifest::load(&path)?;
        Resolver { manifest: &manifest, selected: &options.component_ids, folder }.resolve()
    }
}

/// Refuses an id that Spin refuses. A component's log files are named after it.
fn check_id(id: &str) -> Result<()> {
    let has_case = |word: &str, c: char| {
        let is_upper = word.starts_with(|c: char| c.is_ascii_uppercase());
        c.is_ascii_alphabetic() && c.is_ascii_uppercase() == is_upper
    };
    if !is_words(id, '-', |word, c| c.is_ascii_digit() || c == ':' || has_case(word, c)) {
        bail!("component id {id:?} is not words of one case, joined by single hyphens");
    }
    Ok(())
}

struct Resolver<'a> {
    manifest: &'a Manifest,
    /// Component ids; an empty list selects all components.
    selected: &'a [String],
    folder: PathBuf,
}

impl Resolver<'_> {
    fn resolve(self) -> Result<App> {
        for id in self.selected {
            self.known(id, "--component-id")?;
        }
        self.refuse_other_triggers()?;
        let routes = self.routes()?;
        let variables =
            Variables::resolve(&self.manifest.variables, |name| std::env::var(name).ok())?;
        let subscriptions = self.subscriptions(&variables)?;
        let mut components = BTreeMap::new();
        // Templates are checked even in excluded components, as variables are.
        for (id, component) in &self.manifest.component {
            check_id(id)?;
            let has_http =
                routes.iter().any(|route| matches!(&route.target, Target::Component(c) if c == id));
            let has_redis = subscriptions.iter().any(|subscription| subscription.component == *id);
            let used = has_http || has_redis;
            if used && let Some(feature) = component.unsupported() {
                bail!("component {id:?}: {feature} is not supported by local-runtime");
            }
            let (variables, allowed_hosts) = settings(id, component, used, &variables)?;
            if used {
                let config = ComponentConfig {
                    id: id.clone(),
                    has_http,
                    has_redis,
                    description: component.description.clone().filter(|text| !text.is_empty()),
                    wasm: self.folder.join(component.source_path(id)?),
                    dependencies: component.dependencies(id, &self.folder)?,
                    environment: component.environment.clone(),
                    variables,
                    allowed_hosts: Arc::new(allowed_hosts),
                };
                components.insert(id.clone(), config);
            }
        }
        if routes.is_empty() && subscriptions.is_empty() {
            bail!("no trigger to run: the manifest has none for the selected components");
        }
        let Manifest { application, .. } = self.manifest;
        Ok(App {
            name: application.name.clone(),
            version: application.version.clone(),
            folder: self.folder,
            components,
            routes,
            subscriptions,
        })
    }

    /// Whether the triggers of this component will run.
    fn keeps(&self, component: &str) -> bool {
        self.selected.is_empty() || self.selected.iter().any(|id| id == component)
    }

    fn known(&self, id: &str, who: &str) -> Result<()> {
        let known: Vec<_> = self.manifest.component.keys().map(String::as_str).collect();
        ensure!(
            known.contains(&id),
            "{who} names the unknown component {id:?}; the manifest has: {}",
            known.join(", ")
        );
        Ok(())
    }

    /// The component of a trigger, which the manifest must name by its id.
    fn component_id(
        &self,
        who: &str,
        component: Option<&Value>,
        components: Option<&Value>,
    ) -> Result<String> {
        ensure!(components.is_none(), "{who}: `components` is not supported by local-runtime");
        match component {
            Some(Value::String(id)) => {
                self.known(id, who)?;
                Ok(id.clone())
            }
            Some(Value::Table(_)) => {
                bail!(
                    "{who}: an inline component is not supported by local-runtime; \
                     name one of [component.<id>]"
                )
            }
            Some(_) => bail!("{who}: component must be a component's id"),
            None => bail!("{who}: component is missing"),
        }
    }

    fn refuse_other_triggers(&self) -> Result<()> {
        let settings = &self.manifest.application.trigger;
        if let Some(kind) = settings.other.keys().next() {
            bail!(
                "[application.trigger.{kind}]: {kind} triggers are not supported by local-runtime"
            );
        }
        ensure!(
            settings.http.base.as_ref().is_none_or(|base| base == "/"),
            "[application.trigger.http]: a base other than \"/\" is not supported by local-runtime"
        );
        for (kind, triggers) in &self.manifest.trigger.other {
            for trigger in triggers {
                let who = match trigger.get("component") {
                    Some(Value::String(id)) if !self.keeps(id) => continue,
                    Some(Value::String(id)) => format!("component {id:?}"),
                    _ => format!("[[trigger.{kind}]]"),
                };
                bail!("{who}: {kind} triggers are not supported by local-runtime");
            }
        }
        Ok(())
    }

    fn routes(&self) -> Result<Vec<Route>> {
        let mut seen = BTreeMap::new();
        let mut routes = Vec::new();
        for trigger in &self.manifest.trigger.http {
            let route = self.route(trigger)?;
            // A trailing slash makes no difference.
            let paths = route.path.trim_end_matches('/').to_owned();
            if let Some(other) = seen.insert(paths, route.path.clone()) {
                bail!("the routes {other:?} and {:?} are duplicates", route.path);
            }
            let kept = match &route.target {
                Target::Component(id) => self.keeps(id),
                Target::Static(_) => self.selected.is_empty(),
            };
            if kept {
                routes.push(route);
            }
        }
        Ok(routes)
    }

    fn route(&self, trigger: &HttpTrigger) -> Result<Route> {
        let path = match &trigger.route {
            Value::String(path) if path.starts_with('/') => path.clone(),
            Value::String(path) => format!("/{path}"),
            Value::Table(_) => {
                let owner = trigger.component.as_ref().and_then(Value::as_str).unwrap_or("?");
                bail!("component {owner:?}: a private route is not supported by local-runtime")
            }
            other => bail!("the route {other} is not a string"),
        };
        let who = format!("the route {path:?}");
        if path.contains('*') || path.trim_end_matches("/...").contains("...") {
            bail!("{who}: the only wildcard is a trailing \"/...\"");
        }
        if let Some(response) = &trigger.static_response {
            let has_component = trigger.component.is_some() || trigger.components.is_some();
            ensure!(!has_component, "{who} has both a component and a static_response");
            let reply = static_reply(response).context(who)?;
            return Ok(Route { path, target: Target::Static(reply) });
        }
        let id =
            self.component_id(&who, trigger.component.as_ref(), trigger.components.as_ref())?;
        if let Some(Executor { kind }) = &trigger.executor
            && !["http", "spin"].contains(&kind.as_str())
            && self.keeps(&id)
        {
            bail!("component {id:?}: the {kind} executor is not supported by local-runtime");
        }
        Ok(Route { path, target: Target::Component(id) })
    }

    fn subscriptions(&self, variables: &Variables) -> Result<Vec<Subscription>> {
        let mut seen = BTreeSet::new();
        let mut subscriptions = Vec::new();
        for trigger in &self.manifest.trigger.redis {
            let subscription = self.subscription(trigger, variables)?;
            let Subscription { address, channel, component } = &subscription;
            if !seen.insert((address.text.clone(), channel.text.clone(), component.clone())) {
                bail!("component {component:?} has the Redis channel {:?} twice", channel.shown);
            }
            if self.keeps(component) {
                subscriptions.push(subscription);
            }
        }
        Ok(subscriptions)
    }

    fn subscription(&self, trigger: &RedisTrigger, variables: &Variables) -> Result<Subscription> {
        let who = format!("the Redis channel {:?}", trigger.channel);
        let component =
            self.component_id(&who, trigger.component.as_ref(), trigger.components.as_ref())?;
        let default_address = &self.manifest.application.trigger.redis.address;
        let Some(address) = trigger.address.as_ref().or(default_address.as_ref()) else {
            bail!("{who} has no address; set [application.trigger.redis] address");
        };
        let what = format!("the address {address:?} of {who}");
        let address = variables.render(address, &what)?;
        let channel = variables.render(&trigger.channel, &who)?;
        ensure!(!channel.text.is_empty(), "{who} of component {component:?} is empty");
        if self.keeps(&component) {
            address.without_secret(check_address(&address.text)).context(what)?;
        }
        Ok(Subscription { address, channel, component })
    }
}

/// The variables of a component, and the servers that it may reach.
fn settings(
    id: &str,
    component: &manifest::Component,
    used: bool,
    variables: &Variables,
) -> Result<(BTreeMap<String, String>, AllowedHosts)> {
    let mut values = BTreeMap::new();
    for (name, template) in &component.variables {
        check_name(name).with_context(|| format!("component {id:?}, variables"))?;
        let rendered =
            variables.render(template, &format!("component {id:?}, variable {name:?}"))?;
        values.insert(name.clone(), rendered.text);
    }
    let mut allowed_hosts = AllowedHosts::default();
    for entry in &component.allowed_outbound_hosts {
        let who = format!("component {id:?}, allowed_outbound_hosts {entry:?}");
        let rendered = variables.render(entry, &who)?;
        if used {
            rendered.without_secret(allowed_hosts.push(&rendered.text)).context(who)?;
        }
    }
    Ok((values, allowed_hosts))
}

fn static_reply(response: &StaticResponse) -> Result<http::Response<String>> {
    let mut reply = http::Response::new(response.body.clone());
    let status = response.status_code.unwrap_or(200);
    *reply.status_mut() = http::StatusCode::from_u16(status)
        .with_context(|| format!("static_response.status_code {status}"))?;
    for (name, value) in &response.headers {
        let header = http::HeaderName::try_from(name)
            .with_context(|| format!("static_response.headers, name {name:?}"))?;
        let value = http::HeaderValue::try_from(value)
            .with_context(|| format!("static_response.headers, value of {name:?}"))?;
        reply.headers_mut().insert(header, value);
    }
    Ok(reply)
}

/// Refuses an address that the trigger cannot use.
fn check_address(address: &str) -> Result<()> {
    let url = url::Url::parse(address).map_err(|_| anyhow!("it is not a redis:// URL"))?;
    match url.scheme() {
        "redis" => {}
        "rediss" => bail!("rediss (Redis over TLS) is not supported by local-runtime"),
        scheme => bail!("the scheme {scheme:?} is not supported by local-runtime, only redis"),
    }
    redis::Client::open(address).map(drop).context("it is not a Redis address")
}
